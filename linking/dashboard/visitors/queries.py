"""The rows that the list's address asks for: the same for the page, its export and kept views."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet, Subquery
from django.db.models.functions import Coalesce

from linking.dashboard.visitors.filters import LINKED_TODAY, NO_EMAIL, TO_CHECK, VisitorFilters
from linking.models import Conflict, ConflictState, Visitor, VisitorLink, VisitorState
from linking.search import find as finding

# An address that is not there can be told only of visitors whose record was read.
READ_STATES = (VisitorState.LINKED, VisitorState.ANONYMOUS)


def find_rows(asked: VisitorFilters, *, sees_contact: bool, now: datetime) -> QuerySet[Any]:
    """Return the rows that `asked` asks for, visitors or users, as a reader who sees contact data or not may search.

    Raises: UnknownFilter.
    """
    if asked.is_waiting_list:
        users = finding.waiting_users(q=asked.q, integration=asked.integration, sees_contact=sees_contact)
        return users.filter(last_authenticated_at__gte=now - timedelta(days=int(asked.seen))) if asked.seen else users
    found = finding.visitors(
        q=asked.q,
        integration=asked.integration,
        state=asked.state,
        ordering=asked.order,
        sees_contact=sees_contact,
    )
    if asked.only:
        found = _only(found, what=asked.only, now=now)
    return found.filter(last_seen_at__gte=now - timedelta(days=int(asked.seen))) if asked.seen else found


def to_check(found: QuerySet[Visitor]) -> QuerySet[Visitor]:
    """Return those of `found` of whom a conflict is open."""
    return found.filter(pk__in=Conflict.objects.filter(state=ConflictState.OPEN).order_by().values("visitor_id"))


def day_before(now: datetime) -> datetime:
    """Return since when a link is one of today."""
    return now - timedelta(days=1)


def _only(found: QuerySet[Visitor], *, what: str, now: datetime) -> QuerySet[Visitor]:
    if what == LINKED_TODAY:
        return found.filter(pk__in=_filter_linked_since(day_before(now)))
    if what == TO_CHECK:
        return to_check(found)
    assert what == NO_EMAIL
    return found.filter(email="", state__in=READ_STATES)


def _filter_linked_since(since: datetime) -> QuerySet[Any, Any]:
    # Links are made in the order of their keys, so the last one before that time is met from the newest end, by the
    # index of the keys, after as many links as were made since.
    before = VisitorLink.objects.filter(first_seen_at__lt=since).order_by("-pk").values("pk")[:1]
    made = VisitorLink.objects.open().filter(pk__gt=Coalesce(Subquery(before), 0), first_seen_at__gte=since)
    return made.order_by().values("visitor_id")
