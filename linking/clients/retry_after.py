"""How long a vendor asks us to wait."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SHORTEST_S, LONGEST_S = 1, 600
GARBAGE_S = 60  # what a value that cannot be read, or none at all, is taken for


def retry_after_s(value: str | None, *, date: str | None = None) -> int:
    """Return whole seconds from 1 to 600 for a `Retry-After` header; 60 where it is missing or makes no sense.

    Args:
        value: seconds, or an HTTP date.
        date: the same answer's `Date` header: an HTTP date is measured on the clock that wrote it.
    """
    text = (value or "").strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        # Twelve digits are enough to know that it is too long.
        return _clamp(float(text[:12]) if text.count(".") else float(text[:12].lstrip("0") or "0"))
    until, asked = http_date(text), http_date(date)
    if until is None or asked is None:
        return GARBAGE_S
    return _clamp((until - asked).total_seconds())


def http_date(value: str | None) -> datetime | None:
    """Return the moment an HTTP date header names, None where it names none."""
    try:
        found = parsedate_to_datetime(value or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _clamp(seconds: float) -> int:
    return int(min(max(seconds + 0.999, SHORTEST_S), LONGEST_S))
