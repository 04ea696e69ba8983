"""The rows that the filters of the list ask for: the same for the page, its export and saved views."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from linking.core.trust import Trust
from linking.dashboard.visitors.filters import (
    LINKED_TODAY,
    NO_EMAIL,
    TO_CHECK,
    YES,
    VisitorFilters,
    find_since,
    find_until,
)
from linking.models import Visitor
from linking.search import find, narrow

DAY = timedelta(days=1)


def find_rows(filters: VisitorFilters, *, sees_contact: bool, now: datetime) -> QuerySet[Any]:
    """Return the visitors or players that match `filters`; agents, who see no contact data, cannot search it.

    Raises: UnknownFilter.
    """
    since, until = find_since(filters, now=now), find_until(filters)
    if filters.is_waiting_list:
        waiting = find.list_waiting_users(
            query=filters.query, integration=filters.integration, since=since, until=until, sees_contact=sees_contact
        )
        return narrow.keep_labelled_users(waiting, label=filters.label) if filters.label else waiting
    visitors = find.list_visitors(
        query=filters.query,
        integration=filters.integration,
        state=filters.state,
        since=since,
        until=until,
        ordering=filters.order,
        sees_contact=sees_contact,
    )
    if filters.banned:
        # Spelled as the index has it: SQLite does not see that `= 1` and the bare column are the same.
        visitors = visitors.filter(Q(is_banned=True)) if filters.banned == YES else visitors.exclude(is_banned=True)
    if filters.label:
        visitors = narrow.keep_labelled(visitors, label=filters.label)
    if filters.trust:
        among = find.list_visitors(integration=filters.integration, since=since, until=until, sees_contact=sees_contact)
        visitors = narrow.keep_trust(visitors, trust=Trust(filters.trust), among=among)
    return _keep_only(visitors, filters=filters, now=now)


def _keep_only(visitors: QuerySet[Visitor], *, filters: VisitorFilters, now: datetime) -> QuerySet[Visitor]:
    if filters.only == LINKED_TODAY:
        return narrow.keep_linked_since(visitors, since=now - DAY)
    if filters.only == TO_CHECK:
        return narrow.keep_in_conflict(visitors)
    return narrow.keep_without_email(visitors) if filters.only == NO_EMAIL else visitors
