"""What every plot shares: the end of an axis, the words along it, its legend and its table."""

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma

from linking.dashboard.shell.parts import Text

# Ends of an axis; each is even, so that a line at the half stands at a whole number.
_ENDS = (2, 4, 6, 8, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One kind of what is counted: its word, and the name of its colour (`plot-…` in plots.css)."""

    word: Text
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendEntry:
    """A series with its sum over the whole plot, in words."""

    word: Text
    colour: str
    total: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotTable:
    """The plot's numbers as text. The first cell of each row is its heading, and leads to its address of `urls`."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    urls: tuple[str, ...] = ()

    def list_linked_rows(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the rows, each with its address, "" for none."""
        return list(zip(self.urls or ("",) * len(self.rows), self.rows, strict=True))


def find_axis_end(largest: int) -> int:
    """Return the end of an axis from 0 that holds `largest`: 2, 4, 6, 8 or 10 times a power of ten."""
    power = 1
    while largest > 10 * power:
        power *= 10
    return next(end * power for end in _ENDS if largest <= end * power)


def scale_length(value: int, *, end: int, length: int, least: int = 0) -> int:
    """Return how long `value` is on an axis of `length` units from 0 to `end`; what is not 0 is at least `least`."""
    return max(least, round(value * length / end)) if value else 0


def build_legend(*, series: tuple[Series, ...], totals: tuple[int, ...]) -> tuple[LegendEntry, ...]:
    """Return an entry for each series that counts anything."""
    return tuple(
        LegendEntry(word=one.word, colour=one.colour, total=str(intcomma(total)))
        for one, total in zip(series, totals, strict=True)
        if total
    )
