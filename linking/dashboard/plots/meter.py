"""A meter: how much of a limit is used."""

from dataclasses import dataclass

LENGTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A plot for `_meter.html`: `sentence` says the numbers, `length` of `LENGTH` units is used."""

    sentence: str
    length: int
    is_full: bool
    whole: int = LENGTH


def draw_meter(*, used: int, limit: int, sentence: str) -> Meter:
    """Return the meter of `used` of `limit`; more than the limit is full."""
    share = min(1.0, used / limit) if limit > 0 else 1.0
    return Meter(sentence=sentence, length=round(share * LENGTH), is_full=used >= limit)
