"""Who is to be asked about next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from linking.core.facts import Rank, State
from linking.core.visitors import is_own_form
from linking.core.webhooks import Told
from linking.models import LoginUser, Visitor
from linking.store.rows import canonical_ids

REVERIFY_AFTER = timedelta(days=1)
REVERIFY_DAYS, REVERIFY_SHARE = 30, 20
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A visitor to ask about, and its last activity known at that moment."""

    visitor_id: str
    activity_at: datetime


def next_lookups(*, integration_id: int, now: datetime, is_eager: bool, limit: int) -> list[Question]:
    """Return whom to ask about next, in order.

    `is_eager` also takes those whose last answer may still be trusted for a while; never those that just failed.
    """
    when = Q(lookup_due_at__lte=now)
    if is_eager:
        when |= Q(lookup_due_at__isnull=False, lookup_attempts=0)
    waiting = Visitor.objects.filter(when, integration_id=integration_id).in_lookup_order()
    found = waiting.values_list("visitor_id", "last_seen_at")[:limit]
    return [Question(visitor_id=visitor_id, activity_at=activity_at) for visitor_id, activity_at in found]


def ask_first(*, integration_id: int, told: Told, now: datetime) -> bool:
    """Let the visitor that Zendesk told of be asked about before everybody else, in the caller's transaction.

    It counts as seen at that moment, which puts it first among the most urgent, and before the export tells of the
    chat. One that is not known yet is added where its ID has Zendesk's own form. False when there is nothing to do:
    it was read since, or the ID leads to nobody.
    """
    visitor_id = canonical_ids(integration_id=integration_id, visitor_ids=[told.visitor_id]).get(
        told.visitor_id, told.visitor_id
    )
    mine = Visitor.objects.filter(integration_id=integration_id, visitor_id=visitor_id)
    urgent = {"lookup_due_at": now, "lookup_rank": int(Rank.IDENTIFIED), "lookup_attempts": 0}
    if is_own_form(visitor_id) and not mine.exists():
        seen = {"first_seen_at": told.at, "last_seen_at": told.at, "last_chat_id": told.chat_id}
        row = Visitor(integration_id=integration_id, visitor_id=visitor_id, **seen, **urgent)
        Visitor.objects.bulk_create([row], ignore_conflicts=True)
    mine.filter(last_seen_at__lt=told.at).update(last_seen_at=told.at, **_chat(told))
    is_news = Q(checked_at__isnull=True) | Q(checked_at__lt=told.at)
    return bool(mine.filter(is_news).update(**urgent))


def ask_again(*, visitors: QuerySet[Visitor], now: datetime, limit: int) -> int:
    """Let the first `limit` of `visitors`, in their order, be asked about once more, after those that are new.

    Who waits already keeps the place; return how many were added.
    """
    idle = visitors.exclude(lookup_due_at__lte=now).values("pk")[:limit]
    again = {"lookup_due_at": now, "lookup_rank": int(Rank.AGAIN), "lookup_attempts": 0}
    return Visitor.objects.filter(pk__in=idle).update(**again)


def lookups_left(*, integration_id: int, now: datetime) -> int:
    """Return how many visitors wait to be asked about now."""
    return Visitor.objects.filter(integration_id=integration_id).due(now=now).count()


def hasten_failed(*, integration_id: int, now: datetime) -> int:
    """Let visitors that could not be read be asked about now, however often that failed; return how many."""
    failed = Visitor.objects.waiting().filter(integration_id=integration_id, lookup_attempts__gt=0)
    return failed.update(lookup_due_at=now)


def hasten_all(*, integration_id: int, now: datetime) -> int:
    """Let everybody who waits be asked about now; return how many waited for a later time.

    Where the clock was set back, those times lie ahead by as much, and who was due would wait until it has caught up.
    """
    later = Visitor.objects.filter(integration_id=integration_id, lookup_due_at__gt=now)
    return later.update(lookup_due_at=now)


def queue_oldest(*, integration_id: int, per_minute: int, now: datetime) -> int:
    """Let the oldest answers be asked for again, after everybody else; return how many.

    A thirtieth of all answers, so that each comes round in a month, and at most a twentieth of a day's calls.
    """
    known = Visitor.objects.filter(integration_id=integration_id, lookup_due_at__isnull=True)
    old = known.filter(checked_at__lt=now - REVERIFY_AFTER)
    limit = min(-(-known.count() // REVERIFY_DAYS), per_minute * 1_440 // REVERIFY_SHARE)
    keys = list(old.order_by("checked_at", "pk").values_list("pk", flat=True)[:limit])
    for first in range(0, len(keys), _BATCH):
        some = known.filter(pk__among=keys[first : first + _BATCH])
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


def _chat(told: Told) -> dict[str, str]:
    return {"last_chat_id": told.chat_id} if told.chat_id else {}
