"""Finds children that run and work no more: stopped, dead-locked, or with a process of theirs that is.

Such a child renews the time of its file for as long as it works (`zdbridge.pulse`). The supervisor kills one that does
not, and starts it again as after any other exit.
"""

from contextlib import suppress
from pathlib import Path

# Nine reports in a row are missing.
WEDGED_AFTER_S = 45.0
# A worker connects to its broker before its first report.
FIRST_REPORT_AFTER_S = 120.0
# Time counts by what the supervisor has seen pass: while the machine sleeps or `up` itself is stopped, nobody reports.
LONGEST_STEP_S = 1.0


class Watchdog:
    """Watches one file. Without a file that can be made, it finds nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._silent_s, self._seen_at_s = 0.0, 0.0
        self._renewed_at: int | None = None
        self._has_reported = False

    def begin(self, *, now_s: float) -> None:
        """Make the file anew, for a child that starts at the monotonic time `now_s`."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
            self._path.touch(mode=0o600)
        self._renewed_at = self._read()
        self._silent_s, self._seen_at_s, self._has_reported = 0.0, now_s, False

    def is_wedged(self, *, now_s: float) -> bool:
        """Return whether the child has not reported for too long at the monotonic time `now_s`."""
        step_s = min(max(0.0, now_s - self._seen_at_s), LONGEST_STEP_S)
        self._seen_at_s = now_s
        renewed_at = self._read()
        if renewed_at is None:
            return False
        if renewed_at != self._renewed_at:
            self._renewed_at, self._has_reported, self._silent_s = renewed_at, True, 0.0
            return False
        self._silent_s += step_s
        return self._silent_s > (WEDGED_AFTER_S if self._has_reported else FIRST_REPORT_AFTER_S)

    def end(self) -> None:
        """Remove the file."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _read(self) -> int | None:
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return None
