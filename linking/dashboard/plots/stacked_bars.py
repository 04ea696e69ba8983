"""Stacked bars, step by step in time: what is good above the line, what is not below it, each on a scale of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma

from linking.dashboard.plots.scales import (
    LegendEntry,
    PlotTable,
    Series,
    build_legend,
    find_axis_end,
    scale_length,
)

# In units of the SVG, which is stretched to its place: a half's height, a step's width and the bar in it.
HALF, STEP, BAR = 300, 10, 8
# A single answer among thousands is still a line that one can see.
LEAST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of time: what it is called under the pointer, and its counts in the order of the series."""

    title: str
    above: tuple[int, ...]
    below: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A rectangle of one series."""

    y: int
    height: int
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BarColumn:
    """One step's rectangles, from `x` on; none for a step in which nothing happened."""

    x: int
    title: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedBars:
    """A plot for `_stacked_bars.html`. `top` and `bottom` end the scales; "" where there is no such half.

    `ticks` are words along the time, each at the beginning of an equal part of it.
    """

    summary: str
    columns: tuple[BarColumn, ...]
    width: int
    height: int
    baseline: int
    top: str
    bottom: str
    ticks: tuple[str, ...]
    legend: tuple[LegendEntry, ...]
    table: PlotTable
    step: int = STEP
    bar: int = BAR


def draw_stacked_bars(
    *,
    summary: str,
    steps: Sequence[Step],
    above: tuple[Series, ...],
    below: tuple[Series, ...] = (),
    ticks: Sequence[str],
    table: PlotTable,
) -> StackedBars:
    """Return the plot of `steps`, oldest first. A half in which nothing happened takes no room."""
    sums_above, sums_below = [sum(step.above) for step in steps], [sum(step.below) for step in steps]
    has_below = any(sums_below)
    has_above = any(sums_above) or not has_below
    top, bottom = find_axis_end(max(sums_above, default=0)), find_axis_end(max(sums_below, default=0))
    baseline = HALF if has_above else 0
    columns = [
        BarColumn(
            x=number * STEP,
            title=step.title,
            pieces=(
                *_stack(step.above, series=above, end=top, baseline=baseline, direction=-1),
                *_stack(step.below, series=below, end=bottom, baseline=baseline, direction=1),
            ),
        )
        for number, step in enumerate(steps)
    ]
    return StackedBars(
        summary=summary,
        columns=tuple(columns),
        width=max(1, len(columns)) * STEP,
        height=HALF * (has_above + has_below),
        baseline=baseline,
        top=str(intcomma(top)) if has_above else "",
        bottom=str(intcomma(bottom)) if has_below else "",
        ticks=tuple(ticks),
        legend=(
            *build_legend(series=above, totals=_add_up([step.above for step in steps], size=len(above))),
            *build_legend(series=below, totals=_add_up([step.below for step in steps], size=len(below))),
        ),
        table=table,
    )


def _stack(
    counts: tuple[int, ...], *, series: tuple[Series, ...], end: int, baseline: int, direction: int
) -> list[Piece]:
    """Return a rectangle for each count that is not 0, the first at the baseline; `direction` is -1 for upwards."""
    pieces, reached = [], 0
    for count, one in zip(counts, series, strict=True):
        height = min(scale_length(count, end=end, length=HALF, least=LEAST), HALF - reached)
        if height > 0:
            y = baseline + reached if direction > 0 else baseline - reached - height
            pieces.append(Piece(y=y, height=height, colour=one.colour))
            reached += height
    return pieces


def _add_up(rows: list[tuple[int, ...]], *, size: int) -> tuple[int, ...]:
    return tuple(sum(row[place] for row in rows) for place in range(size))
