"""How often one key (an address, a user) may come, counted in this process; `sharing.py` joins processes."""

import threading
import weakref
from collections.abc import Mapping

from linking.core.gcra import MINUTE_S, next_slot
from linking.core.times import is_ahead

MAX_KEYS = 100_000
_TOLERANCE_S = 1.0  # what processes tell one another is rounded and a little late


class Limiter:
    """Counts by key with the pacing arithmetic; atomic, bounded in memory.

    A full minute's worth may come at once. When too many keys are known, those whose budget is whole again go first;
    if none is, the oldest half goes, which errs on the side of answering.

    Args:
        per_minute: the budget of each key; 0 lifts the limit.
        shared_as: the name under which the counts of several processes are joined; "" for this process alone.
    """

    def __init__(self, *, per_minute: int, shared_as: str = "") -> None:
        self.per_minute = per_minute
        self.shared_as = shared_as
        self._tats: dict[str, float] = {}
        # What is to be told to others; None until somebody asks for it the first time.
        self._spent: dict[str, int] | None = None
        self._lock = threading.Lock()
        if shared_as and per_minute:
            _shared.add(self)

    def wait_s(self, key: str, now: float) -> float:
        """Return 0 when a request of `key` may be answered at `now` (seconds), else the seconds to wait."""
        if self.per_minute == 0:
            return 0.0
        with self._lock:
            tat = self._tats.get(key, 0.0)
            if not is_ahead(tat, now=now, longest=MINUTE_S + _TOLERANCE_S):
                tat = 0.0
            slot = next_slot(tat=tat, now=now, per_minute=self.per_minute, burst=self.per_minute)
            if slot.is_free:
                if key not in self._tats and len(self._tats) >= MAX_KEYS:
                    self._forget(now=now)
                self._tats[key] = slot.next_tat
                if self._spent is not None:
                    self._spent[key] = self._spent.get(key, 0) + 1
            return slot.wait_s

    def take_spent(self) -> dict[str, int]:
        """Return how often each key was let through since the last call; the first one only begins to count."""
        with self._lock:
            spent, self._spent = self._spent, {}
        return spent or {}

    def learn(self, ahead_s: Mapping[str, float], *, now: float) -> None:
        """Take over how far ahead of `now` the budgets of some keys are spent by all processes together."""
        with self._lock:
            for key, seconds in ahead_s.items():
                until = now + min(seconds, MINUTE_S)
                if until > self._tats.get(key, 0.0):
                    self._tats[key] = until

    def _forget(self, *, now: float) -> None:
        self._spent = None if self._spent is None else {}
        busy = {key: tat for key, tat in self._tats.items() if tat > now}
        self._tats = busy if len(busy) < MAX_KEYS else dict(list(busy.items())[MAX_KEYS // 2 :])


_shared: weakref.WeakSet[Limiter] = weakref.WeakSet()


def list_shared_limiters() -> list[Limiter]:
    """Return the limiters of this process whose counts are to be joined with other processes'."""
    return list(_shared)
