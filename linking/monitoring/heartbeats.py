"""When a role was last heard of."""

from collections.abc import Sequence
from datetime import datetime

from linking.models import Heartbeat


def note(*, names: Sequence[str], now: datetime) -> None:
    """Write that the roles `names` live."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, beat_at=now) for name in names],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["beat_at"],
    )
