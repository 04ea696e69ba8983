"""Request budgets as arithmetic: the generic cell rate algorithm (GCRA), which needs one number a budget.

The number is the theoretical arrival time (TAT): when the next request would be due if they came evenly spaced.
"""

from typing import NamedTuple

MINUTE_S = 60.0
# Adding up intervals in floating point drifts by microseconds, which must not refuse the last request of a budget.
_ROUNDING_S = 0.001


class Slot(NamedTuple):
    """The answer to "may a request leave now?": `wait_s` is 0 when it may; `next_tat` is to be kept when it did.

    A tuple, because each token asks twice.
    """

    wait_s: float
    next_tat: float

    @property
    def is_free(self) -> bool:
        """Whether the request may leave now."""
        return self.wait_s <= 0


def next_slot(*, tat: float, now: float, per_minute: int, burst: int = 1) -> Slot:
    """Return whether a request may leave at `now`, both times in seconds on one clock.

    Args:
        tat: the number kept from the last request, 0 before the first.
        per_minute: the budget; requests are let through at this even pace on average.
        burst: how many may come at once after a quiet time; in any 60 s at most `per_minute + burst - 1` leave.
    """
    interval_s = MINUTE_S / per_minute
    due = max(tat, now)
    earliest = due - (burst - 1) * interval_s
    wait_s = earliest - now
    return Slot(wait_s=wait_s if wait_s > _ROUNDING_S else 0.0, next_tat=due + interval_s)
