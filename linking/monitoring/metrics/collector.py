"""The metrics that Prometheus reads, from the tables and from this process."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.conf import settings
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from linking.models import Heartbeat, Quarantined
from linking.monitoring import heartbeats
from linking.monitoring.heartbeats import BEAT, REFRESH, TICK, WORKER
from linking.monitoring.metrics import shared_counts
from linking.monitoring.metrics.counts import list_budget_families, list_count_families
from linking.monitoring.metrics.service import list_key_families, list_queue_families, list_signal_families
from linking.monitoring.status import IntegrationStatus, load_statuses


def build_metrics(*, now: datetime, budgets: Mapping[str, tuple[int, int]] = MappingProxyType({})) -> bytes:
    """Return the metrics in Prometheus' text format.

    `budgets`: calls made and allowed this minute, by integration's slug.

    Raises: django.db.DatabaseError.
    """
    collectors = CollectorRegistry(auto_describe=False)
    collectors.register(_Tables(now=now, budgets=budgets))
    return generate_latest(collectors)


class _Tables:
    """Reads the tables when Prometheus collects, so that every process gives the same numbers."""

    def __init__(self, *, now: datetime, budgets: Mapping[str, tuple[int, int]]) -> None:
        self._now, self._budgets = now, budgets

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family once."""
        rows = load_statuses(now=self._now)
        yield from _list_integration_families(rows)
        yield from list_count_families()
        yield from list_budget_families(self._budgets)
        ages = GaugeMetricFamily("zdbridge_heartbeat_age_seconds", "Age of the last heartbeat.", labels=["role"])
        for role, beat_at in _list_heartbeats():
            ages.add_metric([role], max(0.0, (self._now - beat_at) / timedelta(seconds=1)))
        yield ages
        number = Quarantined.objects.count()
        yield GaugeMetricFamily("zdbridge_quarantined_records", "Records that could not be read.", value=number)
        yield from list_signal_families(now=self._now)
        yield from list_queue_families(now=self._now)
        yield from list_key_families(now=self._now)
        is_stale = not heartbeats.find_silent(names=(shared_counts.STALE_ROW,), now=self._now)
        yield GaugeMetricFamily(
            "zdbridge_configuration_stale", "1: some process uses the last known settings.", value=float(is_stale)
        )
        yield from _list_facts()


def _list_facts() -> Iterator[Metric]:
    version = GaugeMetricFamily("zdbridge_info", "1; the version is a label.", labels=["version"])
    version.add_metric([str(settings.LINKING.get("VERSION", ""))], 1)
    yield version


def _list_heartbeats() -> Iterator[tuple[str, datetime]]:
    rows = Heartbeat.objects.filter(name__in=(BEAT, WORKER, REFRESH, TICK)).order_by("name")
    return rows.values_list("name", "beat_at").iterator()


def _list_integration_families(rows: list[IntegrationStatus]) -> Iterator[Metric]:
    one = ["integration"]
    visitors = GaugeMetricFamily("zdbridge_visitors", "Visitors by state.", labels=[*one, "state"])
    standing = GaugeMetricFamily("zdbridge_integration_state", "1 for the current state.", labels=[*one, "state"])
    gauges: dict[str, Any] = {
        "users": GaugeMetricFamily("zdbridge_login_users", "Known players.", labels=one),
        "waiting_users": GaugeMetricFamily("zdbridge_waiting_users", "Players signed in, no chat yet.", labels=one),
        "waiting_lookups": GaugeMetricFamily("zdbridge_waiting_lookups", "Visitors waiting for lookup.", labels=one),
        "open_conflicts": GaugeMetricFamily("zdbridge_open_conflicts", "Open conflicts.", labels=one),
    }
    success = GaugeMetricFamily(
        "zdbridge_sync_last_success_timestamp_seconds", "End of the last complete sync.", labels=one
    )
    for row in rows:
        for state in ("linked", "anonymous", "pending", "gone"):
            visitors.add_metric([row.slug, state], getattr(row.counts, state))
        standing.add_metric([row.slug, row.standing], 1)
        for name, family in gauges.items():
            family.add_metric([row.slug], getattr(row.counts, name))
        if row.last_success_at is not None:
            success.add_metric([row.slug], row.last_success_at.timestamp())
    yield from (visitors, standing, *gauges.values(), success)
