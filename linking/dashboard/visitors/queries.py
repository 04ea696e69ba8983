"""The rows that the filters of the list ask for: the same for the page, its export and saved views."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from linking.dashboard.visitors.filters import LINKED_TODAY, NO_EMAIL, TO_CHECK, VisitorFilters
from linking.search import find, narrow

DAY = timedelta(days=1)


def find_rows(filters: VisitorFilters, *, sees_contact: bool, now: datetime) -> QuerySet[Any]:
    """Return the visitors or players that match `filters`; agents, who see no contact data, cannot search it.

    Raises: UnknownFilter.
    """
    since = now - timedelta(days=int(filters.seen)) if filters.seen else None
    if filters.is_waiting_list:
        return find.list_waiting_users(
            query=filters.query, integration=filters.integration, since=since, sees_contact=sees_contact
        )
    visitors = find.list_visitors(
        query=filters.query,
        integration=filters.integration,
        state=filters.state,
        since=since,
        ordering=filters.order,
        sees_contact=sees_contact,
    )
    if filters.only == LINKED_TODAY:
        return narrow.keep_linked_since(visitors, since=now - DAY)
    if filters.only == TO_CHECK:
        return narrow.keep_in_conflict(visitors)
    return narrow.keep_without_email(visitors) if filters.only == NO_EMAIL else visitors
