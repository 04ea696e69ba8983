"""Periodic chores of an integration, and when each is due next; rows, so that a restart forgets nothing."""

from datetime import datetime, timedelta

from linking.models.sql.times import match_ahead
from linking.models.sync.lease import Chore

BANS, REVERIFY = "bans", "reverify"
LONGEST = timedelta(days=2)


def is_due(*, integration_id: int, name: str, now: datetime) -> bool:
    """Return whether it is time."""
    waiting = Chore.objects.filter(integration_id=integration_id, name=name)
    return not waiting.filter(match_ahead("due_at", now=now, longest=LONGEST)).exists()


def postpone(*, integration_id: int, name: str, until: datetime) -> None:
    """Note when it is due next; `until` lies at most `LONGEST` ahead."""
    Chore.objects.bulk_create(
        [Chore(integration_id=integration_id, name=name, due_at=until)],
        update_conflicts=True,
        unique_fields=["integration", "name"],
        update_fields=["due_at"],
    )
