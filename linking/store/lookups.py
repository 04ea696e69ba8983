"""Who is to be asked about next."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Lower

from linking.core.facts import Rank, State
from linking.models import LoginUser, Visitor

REVERIFY_AFTER = timedelta(days=1)
REVERIFY_DAYS, REVERIFY_SHARE = 30, 20
_BATCH = 500


def next_lookups(*, integration_id: int, now: datetime, is_eager: bool, limit: int) -> list[tuple[int, str]]:
    """Return key and visitor ID of those to ask about next, in order.

    `is_eager` also takes those whose last answer may still be trusted for a while; never those that just failed.
    """
    when = Q(lookup_due_at__lte=now)
    if is_eager:
        when |= Q(lookup_due_at__isnull=False, lookup_attempts=0)
    waiting = Visitor.objects.filter(when, integration_id=integration_id).in_lookup_order()
    return list(waiting.values_list("pk", "visitor_id")[:limit])


def lookups_left(*, integration_id: int, now: datetime) -> int:
    """Return how many visitors wait to be asked about now."""
    return Visitor.objects.filter(integration_id=integration_id).due(now=now).count()


def hasten_failed(*, integration_id: int, now: datetime) -> int:
    """Let visitors that could not be read be asked about now, however often that failed; return how many."""
    failed = Visitor.objects.waiting().filter(integration_id=integration_id, lookup_attempts__gt=0)
    return failed.update(lookup_due_at=now)


def queue_oldest(*, integration_id: int, per_minute: int, now: datetime) -> int:
    """Let the oldest answers be asked for again, after everybody else; return how many.

    A thirtieth of all answers, so that each comes round in a month, and at most a twentieth of a day's calls.
    """
    known = Visitor.objects.filter(integration_id=integration_id, lookup_due_at__isnull=True)
    old = known.filter(checked_at__lt=now - REVERIFY_AFTER)
    limit = min(-(-known.count() // REVERIFY_DAYS), per_minute * 1_440 // REVERIFY_SHARE)
    keys = list(old.order_by("checked_at", "pk").values_list("pk", flat=True)[:limit])
    for first in range(0, len(keys), _BATCH):
        some = known.filter(pk__in=keys[first : first + _BATCH])
        some.update(lookup_due_at=now, lookup_rank=int(Rank.REVERIFY))
    return len(keys)


def promote(*, integration_id: int, since: datetime, now: datetime) -> int:
    """Move waiting visitors forward that carry the e-mail address or name of a user we signed a token for since."""
    users = LoginUser.objects.filter(integration_id=integration_id, last_authenticated_at__gte=since)
    emails = users.exclude(email="").values(word=Lower("email"))
    names = users.exclude(name="").values(word=Lower("name"))
    waiting = Visitor.objects.waiting().filter(
        integration_id=integration_id,
        lookup_attempts=0,
        lookup_rank__gt=Rank.IDENTIFIED,
        state__in=[State.PENDING, State.ANONYMOUS],
    )
    named = waiting.alias(low_email=Lower("email"), low_name=Lower("name")).filter(
        Q(low_email__in=emails) | Q(low_name__in=names) | Q(low_name__in=emails)
    )
    return named.update(lookup_rank=int(Rank.IDENTIFIED), lookup_due_at=now)
