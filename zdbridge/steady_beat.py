"""Celery's scheduler, which goes on ticking when the machine's clock is set back.

Celery stores when each entry last ran, in memory and on disk. After the clock is set back by an hour, it would wait for
an hour, even after a restart.
"""

from datetime import timedelta
from typing import Any

from celery.beat import PersistentScheduler

# Rounding, or the time between two readings of the clock, is not a step back.
_TOLERANCE = timedelta(seconds=1)


class SteadyScheduler(PersistentScheduler):
    """Treats an entry that last ran in the future as one that ran just now."""

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
        return float(super().tick(*arguments, **options))
