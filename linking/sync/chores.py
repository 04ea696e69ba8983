"""Periodic chores of an integration, and when each is due next; rows, so that a restart forgets nothing."""

from datetime import datetime, timedelta

from linking.models.lease import Chore

BANS, REVERIFY = "bans", "reverify"
_FARTHEST = timedelta(days=2)


def is_due(*, integration_id: int, name: str, now: datetime) -> bool:
    """Return whether it is time. What is due farther off than anything can be was written by a clock that ran ahead."""
    waiting = Chore.objects.filter(integration_id=integration_id, name=name)
    return not waiting.filter(due_at__gt=now, due_at__lte=now + _FARTHEST).exists()


def postpone(*, integration_id: int, name: str, until: datetime) -> None:
    """Note when it is due next; `until` lies at most two days ahead."""
    Chore.objects.bulk_create(
        [Chore(integration_id=integration_id, name=name, due_at=until)],
        update_conflicts=True,
        unique_fields=["integration", "name"],
        update_fields=["due_at"],
    )
