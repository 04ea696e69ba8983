"""How often one address or one user may ask for a token, counted in this process."""

import threading

from linking.core.pacing import MINUTE_S, next_slot

MAX_KEYS = 100_000


class Limiter:
    """Counts by key with the pacing arithmetic; atomic, bounded in memory.

    A full minute's worth may come at once. When too many keys are known, those whose budget is whole again go first;
    if none is, the oldest half goes, which errs on the side of answering.
    """

    def __init__(self, *, per_minute: int) -> None:
        self._per_minute = per_minute
        self._tats: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait_s(self, *, key: str, now: float) -> float:
        """Return 0 when a request of `key` may be answered at `now` (seconds), else the seconds to wait."""
        if self._per_minute == 0:
            return 0.0
        with self._lock:
            # A budget is never spent further than a minute ahead; a later time means that the clock was set back.
            tat = min(self._tats.get(key, 0.0), now + MINUTE_S)
            slot = next_slot(tat=tat, now=now, per_minute=self._per_minute, burst=self._per_minute)
            if slot.is_free:
                if key not in self._tats and len(self._tats) >= MAX_KEYS:
                    self._forget(now=now)
                self._tats[key] = slot.next_tat
            return slot.wait_s

    def _forget(self, *, now: float) -> None:
        busy = {key: tat for key, tat in self._tats.items() if tat > now}
        self._tats = busy if len(busy) < MAX_KEYS else dict(list(busy.items())[MAX_KEYS // 2 :])
