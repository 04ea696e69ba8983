"""Stored times that lie ahead, and clocks that were set back since they were written.

A time to wait for never lies farther ahead than the longest wait there is. One that does was written before the clock
was set back: waiting for it could take hours, so it counts as over.
"""

from datetime import datetime, timedelta
from typing import overload


@overload
def is_ahead(until: datetime, *, now: datetime, longest: timedelta) -> bool: ...
@overload
def is_ahead(until: float, *, now: float, longest: float) -> bool: ...
def is_ahead(until, *, now, longest):  # type: ignore[no-untyped-def]
    """Return whether `until` is still to come; False also where it lies farther ahead than the `longest` wait."""
    return now < until <= now + longest
