"""Which visitors a refresh is asked for and not done: one a visitor, so that asking again costs nothing."""

from datetime import datetime, timedelta

from django.db.models import Q

from linking.models import VisitorRefresh

# A message that was lost is made up for by the next person who asks.
PENDING_FOR = timedelta(minutes=2)


def claim(*, visitor_pk: int, now: datetime) -> bool:
    """Return whether a refresh is to be queued; False while one is pending."""
    row = VisitorRefresh(visitor_id=visitor_pk, at=now)
    VisitorRefresh.objects.bulk_create([row], ignore_conflicts=True)
    is_lost = Q(pending_since__lte=now - PENDING_FOR) | Q(pending_since__gt=now)
    free = VisitorRefresh.objects.filter(Q(pending_since__isnull=True) | is_lost, visitor_id=visitor_pk)
    return bool(free.update(pending_since=now))


def release(*, visitor_pk: int) -> None:
    """Let a refresh be queued again: this one could not be."""
    pending = VisitorRefresh.objects.filter(visitor_id=visitor_pk)
    pending.update(pending_since=None)
