"""Celery's scheduler, which goes on ticking when the machine's clock is set back.

Celery stores when each entry last ran, in memory and on disk. After the clock is set back by an hour, it would wait for
an hour, even after a restart. It also reports that it ticks (`zdbridge.pulse`).
"""

import time
from datetime import timedelta
from typing import Any

from celery.beat import PersistentScheduler

from zdbridge.pulse.pulse import Pulse

# Rounding, or the time between two readings of the clock, is not a step back.
_TOLERANCE = timedelta(seconds=1)
# It ticks every few seconds; a broker that does not answer delays a tick by some more.
SILENT_AFTER_S = 30.0


class SteadyScheduler(PersistentScheduler):
    """Treats an entry that last ran in the future as one that ran just now."""

    _ticked_at_s: float | None = None

    def __init__(self, *arguments: Any, lazy: bool = False, **options: Any) -> None:
        """Prepare the schedule and begin to report. A lazy one, made for the banner, does neither."""
        super().__init__(*arguments, lazy=lazy, **options)
        if not lazy:
            Pulse(role="beat", is_well=self.is_ticking).start()

    def is_ticking(self) -> bool:
        """Return whether the last tick is not long ago."""
        return self._ticked_at_s is not None and time.monotonic() - self._ticked_at_s < SILENT_AFTER_S

    def tick(self, *arguments: Any, **options: Any) -> float:
        """Run what is due; return the seconds until the next tick."""
        now = self.app.now()
        entries = self.schedule.values()
        ahead = [entry for entry in entries if entry.last_run_at is not None and entry.last_run_at > now + _TOLERANCE]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            # The order of the entries was computed from those times.
            self.populate_heap()
        self._ticked_at_s = time.monotonic()
        return float(super().tick(*arguments, **options))
