"""Metrics of the service itself: latency, responses, calls, alarms, queue, clock and version, the same everywhere."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from linking import queue
from linking.models import Secret
from linking.monitoring import clocks, health
from linking.monitoring.metrics import shared_counts, token_times
from linking.monitoring.metrics.shared_counts import (
    ALARMS,
    DROPPED,
    RESPONSES,
    TOKEN_BUCKETS,
    TOKEN_MICROSECONDS,
    VENDOR_CALLS,
    CountKey,
)

_COUNTERS = {
    RESPONSES: (
        "zdbridge_http_responses",
        "Responses by part of the product and class of status.",
        ("part", "status"),
    ),
    VENDOR_CALLS: (
        "zdbridge_vendor_calls",
        "Calls to other services, by how they ended: 2xx, 4xx, 429, 5xx, slow, network or refused.",
        ("service", "outcome"),
    ),
    ALARMS: ("zdbridge_alarms", "Alarms and notices by channel: sent, or a try that failed.", ("channel", "outcome")),
    DROPPED: ("zdbridge_sightings_dropped", "Sightings that were dropped because too many waited.", ()),
}


def list_signal_families(*, now: datetime) -> Iterator[Metric]:
    """Yield the families of shared counts; three queries. Raises: django.db.Error."""
    counts = shared_counts.load(TOKEN_BUCKETS, TOKEN_MICROSECONDS, *_COUNTERS)
    yield _build_histogram(counts)
    for name, (metric, text, labels) in _COUNTERS.items():
        yield _build_counter(metric, text, labels, {key: n for key, n in counts.items() if key.name == name})
    ahead = GaugeMetricFamily(
        "zdbridge_clock_ahead_seconds", "How far a service's clock is ahead of this machine's.", labels=["service"]
    )
    for clock in clocks.load_clocks(now=now):
        ahead.add_metric([clock.service], clock.ahead_s)
    yield ahead


def list_key_families(*, now: datetime) -> Iterator[Metric]:
    """Yield the ages of secrets, and what rests under an older seal key. Raises: django.db.Error."""
    ages = GaugeMetricFamily(
        "zdbridge_secret_age_seconds", "Age of a secret of an enabled integration.", labels=["integration", "name"]
    )
    rows = Secret.objects.filter(integration__enabled=True).order_by("integration__slug", "name")
    for slug, name, set_at in rows.values_list("integration__slug", "name", "set_at"):
        ages.add_metric([slug, name], max(0.0, (now - set_at).total_seconds()))
    yield ages
    text = "Sealed values that do not rest under the newest seal key."
    yield GaugeMetricFamily("zdbridge_old_seals", text, value=health.count_old_seals())


def list_queue_families(*, now: datetime) -> Iterator[Metric]:
    """Yield the queues as the broker has them; of one that does not answer, only that."""
    up = GaugeMetricFamily("zdbridge_broker_up", "1 while the broker answers.")
    waiting = GaugeMetricFamily("zdbridge_queue_messages", "Messages that wait in a queue.", labels=["queue"])
    age = GaugeMetricFamily(
        "zdbridge_queue_oldest_age_seconds", "Age of the oldest message of a queue; 0 for none.", labels=["queue"]
    )
    try:
        for standing in queue.measure_queues(now_s=now.timestamp()):
            waiting.add_metric([standing.name], standing.messages)
            age.add_metric([standing.name], standing.oldest_age_s)
        up.add_metric([], 1)
    except queue.BrokerUnavailable:
        up.add_metric([], 0)
    yield from (up, waiting, age)


def _build_histogram(counts: Mapping[CountKey, int]) -> Metric:
    return HistogramMetricFamily(
        "zdbridge_token_seconds",
        "Time to answer a token request, in the process itself.",
        buckets=token_times.cumulate(counts),
        sum_value=token_times.read_sum_s(counts),
    )


def _build_counter(metric: str, text: str, labels: tuple[str, ...], counts: Mapping[CountKey, int]) -> Metric:
    if not labels:
        return CounterMetricFamily(metric, text, value=sum(counts.values()))
    family: Any = CounterMetricFamily(metric, text, labels=list(labels))
    for key, number in counts.items():
        family.add_metric(key.labels.split(","), number)
    return family
