"""The rows that the list's address asks for: the same for the page, its export and kept views."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from linking import finding
from linking.dashboard.asked import Asked


def found_rows(asked: Asked, *, now: datetime) -> QuerySet[Any]:
    """Return the rows that `asked` asks for, visitors or users.

    Raises: UnknownFilter.
    """
    if asked.is_waiting_list:
        users = finding.waiting_users(q=asked.q, integration=asked.integration)
        return users.filter(last_authenticated_at__gte=now - timedelta(days=int(asked.seen))) if asked.seen else users
    found = finding.visitors(q=asked.q, integration=asked.integration, state=asked.state, ordering=asked.order)
    return found.filter(last_seen_at__gte=now - timedelta(days=int(asked.seen))) if asked.seen else found
