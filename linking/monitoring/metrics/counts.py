"""Metrics from the small rows of counts: tokens, passes, link rate and refusals, the same from every process."""

from collections.abc import Iterator, Mapping

from django.db.models import Count
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from linking.models import AnswerTotal, LinkRateDay, PassTotal, RefusedToken

_ONE = "integration"
_RATE_COUNTS = ("linked", "pending", "anonymous", "junk", "parted", "gone")


def list_count_families() -> Iterator[Metric]:
    """Yield the families; four queries, none of which counts visitors."""
    yield _list_answers()
    yield from _list_passes()
    yield from _list_link_rates()
    yield _list_refusals()


def list_budget_families(budgets: Mapping[str, tuple[int, int]]) -> Iterator[Metric]:
    """Yield calls used and allowed this minute, from those two numbers by slug."""
    used = GaugeMetricFamily(
        "zdbridge_zendesk_calls_this_minute", "Calls to the account in this minute.", labels=[_ONE]
    )
    limit = GaugeMetricFamily("zdbridge_zendesk_calls_per_minute_limit", "Calls that a minute may have.", labels=[_ONE])
    for slug, (calls, per_minute) in sorted(budgets.items()):
        used.add_metric([slug], calls)
        limit.add_metric([slug], per_minute)
    yield from (used, limit)


def _list_answers() -> Metric:
    family = CounterMetricFamily(
        "zdbridge_token_answers",
        "Answers of the token endpoint; code and reason are empty and issued for a token.",
        labels=[_ONE, "code", "reason", "observed"],
    )
    rows = AnswerTotal.objects.order_by("integration__slug", "code", "reason", "is_observed")
    for slug, code, reason, is_observed, count in rows.values_list(
        "integration__slug", "code", "reason", "is_observed", "count"
    ):
        family.add_metric([slug or "", code, reason, "1" if is_observed else "0"], count)
    return family


def _list_passes() -> Iterator[Metric]:
    labels = [_ONE, "outcome"]
    passes = CounterMetricFamily("zdbridge_sync_passes", "Syncs that ended, by how.", labels=labels)
    seconds = CounterMetricFamily("zdbridge_sync_pass_seconds", "Seconds that those syncs took.", labels=labels)
    rows = PassTotal.objects.order_by("integration__slug", "outcome")
    for slug, outcome, count, took_s in rows.values_list("integration__slug", "outcome", "count", "seconds"):
        passes.add_metric([slug, outcome], count)
        seconds.add_metric([slug, outcome], took_s)
    yield from (passes, seconds)


def _list_link_rates() -> Iterator[Metric]:
    visitors = GaugeMetricFamily(
        "zdbridge_link_rate_visitors", "Visitors last seen on the newest day, by what is known.", labels=[_ONE, "state"]
    )
    ratio = GaugeMetricFamily(
        "zdbridge_link_rate_ratio", "Linked visitors among those looked up, of the newest day.", labels=[_ONE]
    )
    newest: dict[str, LinkRateDay] = {}
    # Today's row comes last; a day before it stands where today has none yet.
    for row in LinkRateDay.objects.select_related("integration").order_by("day"):
        newest[row.integration.slug] = row
    for slug, row in sorted(newest.items()):
        for name in _RATE_COUNTS:
            visitors.add_metric([slug, name], getattr(row, name))
        if row.visitors > row.pending:
            ratio.add_metric([slug], row.linked / (row.visitors - row.pending))
    yield from (visitors, ratio)


def _list_refusals() -> Metric:
    family = GaugeMetricFamily("zdbridge_refusals_recorded", "Refused tokens of players that are kept.", labels=[_ONE])
    rows = RefusedToken.objects.order_by("integration__slug").values_list("integration__slug")
    for slug, number in rows.annotate(number=Count("pk")):
        family.add_metric([slug], number)
    return family
