"""Celery's scheduler, which also ticks on after the machine's clock was set back.

Celery keeps by the clock when an entry ran last, in memory and on disk. Set back by an hour, it would wait for an hour,
also when it is started again.
"""

from datetime import timedelta
from typing import Any

from celery.beat import PersistentScheduler

# Rounding and the time between two readings of the clock are no step.
_TOLERANCE = timedelta(seconds=1)


class SteadyScheduler(PersistentScheduler):
    """Takes an entry that ran "later than now" for one that ran just now."""

    def tick(self, *arguments: Any, **options: Any) -> float:
        """Run what is due; return the seconds until the next look."""
        now = self.app.now()
        entries = self.schedule.values()
        ahead = [one for one in entries if one.last_run_at is not None and one.last_run_at > now + _TOLERANCE]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            # What is next was worked out from those times.
            self.populate_heap()
        return float(super().tick(*arguments, **options))
