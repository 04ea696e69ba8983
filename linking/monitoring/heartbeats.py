"""When each process last reported that it is alive.

`beat` and `worker` report themselves, and so does `refresh`, the worker for what people request. `tick` tells when the
scheduler's message was last carried out by a worker: it falls behind when the broker or the queue stands still.
"""

from collections.abc import Sequence
from datetime import datetime

from linking.models import Heartbeat
from linking.monitoring.freshness import HEARTBEAT_STALE_AFTER

BEAT, WORKER, REFRESH, TICK = "beat", "worker", "refresh", "tick"


def note(*, names: Sequence[str], now: datetime) -> None:
    """Store that the processes `names` are alive."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, beat_at=now) for name in names],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["beat_at"],
    )


def find_silent(*, names: Sequence[str], now: datetime) -> tuple[str, ...]:
    """Return those of `names` that have not reported for `HEARTBEAT_STALE_AFTER`."""
    beats = dict(Heartbeat.objects.filter(name__in=names).values_list("name", "beat_at"))
    return tuple(name for name in names if name not in beats or now - beats[name] > HEARTBEAT_STALE_AFTER)
