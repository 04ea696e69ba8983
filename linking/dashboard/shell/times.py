"""How pages write a time inside a sentence: in the time zone of whoever reads, which stands behind it."""

from datetime import UTC, datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime

_FORMAT = "DATETIME_FORMAT"


def format_time(at: datetime) -> str:
    """Return an aware time as `29 Nov 2026, 10:02 CET`."""
    return date_format(localtime(at), _FORMAT)


def format_epoch(epoch_s: int) -> str:
    """Return epoch seconds as `format_time` does."""
    return format_time(datetime.fromtimestamp(epoch_s, tz=UTC))
