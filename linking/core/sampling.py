"""Lets so many events a minute through, and counts the rest: a log must not grow with what strangers send."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Sampler:
    """At most `per_minute` events a minute; the first of the next minute tells how many were left out."""

    per_minute: int
    _minute: int = field(default=0, init=False)
    _taken: int = field(default=0, init=False)
    _left_out: int = field(default=0, init=False)

    def take(self, now_s: float) -> int | None:
        """Return None for an event to leave out at `now_s` (epoch seconds), else how many were left out before it."""
        minute = int(now_s) // 60
        if minute != self._minute:
            self._minute, self._taken = minute, 0
        if self._taken >= self.per_minute:
            self._left_out += 1
            return None
        self._taken += 1
        left_out, self._left_out = self._left_out, 0
        return left_out
