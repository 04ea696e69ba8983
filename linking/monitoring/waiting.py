"""How many visitors wait for lookup, sampled by the hour, so that a page shows whether a sync is catching up."""

from datetime import UTC, datetime, timedelta

from linking.models import Integration, Visitor, WaitingHour
from linking.models.sync.sync_run import LEFT_COUNTED_MOST

KEPT = timedelta(days=8)


def sample_waiting(*, now: datetime) -> None:
    """Write how many visitors of each integration wait at `now`, in place of an earlier look within the hour."""
    hour_at = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    WaitingHour.objects.bulk_create(
        [
            WaitingHour(integration_id=key, hour_at=hour_at, waiting=_count(key))
            for key in Integration.objects.filter(enabled=True).order_by("pk").values_list("pk", flat=True)
        ],
        update_conflicts=True,
        unique_fields=["integration", "hour_at"],
        update_fields=["waiting"],
    )
    WaitingHour.objects.filter(hour_at__lt=now - KEPT).delete()


def list_hours(*, since: datetime) -> dict[int, dict[datetime, int]]:
    """Return how many waited in each hour that was looked at, by integration's key; one query."""
    hours: dict[int, dict[datetime, int]] = {}
    rows = WaitingHour.objects.filter(hour_at__gte=since).order_by("hour_at")
    for key, hour_at, waiting in rows.values_list("integration_id", "hour_at", "waiting"):
        hours.setdefault(key, {})[hour_at] = waiting
    return hours


def _count(integration_id: int) -> int:
    # Five million take seconds to count; a plot needs to tell many from few.
    waiting = Visitor.objects.filter(integration_id=integration_id).waiting().order_by()
    return waiting[:LEFT_COUNTED_MOST].count()
