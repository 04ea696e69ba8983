"""How long the token route takes, and which of its answers blame a clock; counted in memory for each answer.

A histogram of few buckets, added up over all processes. Answers of the last minutes are counted by the minute, so that
`clocks` can tell when every token is refused because of its times.
"""

from bisect import bisect_left
from collections.abc import Mapping

from linking.monitoring.metrics import shared_counts
from linking.monitoring.metrics.shared_counts import RESPONSES, TOKEN_BUCKETS, TOKEN_MICROSECONDS, CountKey
from linking.tokens.refusals import Reason

# Upper bounds in seconds. A token takes a fraction of a millisecond; one that waits for Login takes seconds.
BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
LABELS = (*(f"{bound:g}" for bound in BOUNDS_S), "+Inf")
MINUTES = "token_minutes"
ISSUED, EXPIRED, NOT_YET_VALID = "issued", Reason.EXPIRED.value, Reason.NOT_YET_VALID.value
_BUCKETS = tuple(CountKey(TOKEN_BUCKETS, label) for label in LABELS)
_SUM = CountKey(TOKEN_MICROSECONDS)
_RESPONSES = {number: CountKey(RESPONSES, f"token,{number}xx") for number in range(1, 6)}
_TOLD = {None: ISSUED, Reason.EXPIRED: EXPIRED, Reason.NOT_YET_VALID: NOT_YET_VALID}


def note(*, took_s: float, status: int, reason: Reason | None, now_s: float) -> None:
    """Count one answer that took `took_s` seconds; costs no input or output."""
    shared_counts.add(_BUCKETS[bisect_left(BOUNDS_S, took_s)], now_s=now_s)
    shared_counts.add(_SUM, round(took_s * 1_000_000), now_s=now_s)
    shared_counts.add(_RESPONSES[status // 100], now_s=now_s)
    # A preflight is neither: its status is 204.
    kind = _TOLD.get(reason)
    if kind is not None and (reason is not None or status == 200):
        shared_counts.add(CountKey(MINUTES, f"{int(now_s) // 60},{kind}"), now_s=now_s)


def cumulate(counts: Mapping[CountKey, int]) -> list[tuple[str, float]]:
    """Return the buckets as Prometheus has them: upper bound, and how many answers took no longer."""
    total, buckets = 0, []
    for key in _BUCKETS:
        total += counts.get(key, 0)
        buckets.append((key.labels, float(total)))
    return buckets


def read_sum_s(counts: Mapping[CountKey, int]) -> float:
    """Return the seconds that all answers took together."""
    return counts.get(_SUM, 0) / 1_000_000
