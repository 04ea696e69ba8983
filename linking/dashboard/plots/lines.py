"""A line with the area below it, step by step in time; a step that was never counted is a gap and no zero."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma

from linking.dashboard.plots.scales import LegendEntry, PlotTable, find_axis_end, scale_length

# In units of the SVG, which is stretched to its place.
HEIGHT, STEP = 300, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One step: its value, None for a gap, and what it says under the pointer."""

    value: int | None
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where the pointer finds the words of a step: a column of its own."""

    x: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlot:
    """A plot for `_line.html`. `line` and `area` are the data of SVG paths, a piece for each stretch without a gap."""

    summary: str
    line: str
    area: str
    spots: tuple[Spot, ...]
    width: int
    top: str
    half: str
    ticks: tuple[str, ...]
    table: PlotTable
    colour: str
    legend: tuple[LegendEntry, ...] = ()
    height: int = HEIGHT
    step: int = STEP


def draw_line(
    *,
    summary: str,
    points: Sequence[Point],
    ticks: Sequence[str],
    table: PlotTable,
    colour: str,
    end: int | None = None,
    unit: str = "%s",
    legend: tuple[LegendEntry, ...] = (),
) -> LinePlot:
    """Return the plot of `points`, oldest first.

    `end` ends the axis, by itself a round number; `unit` writes its ends.
    """
    top = find_axis_end(max((point.value or 0 for point in points), default=0)) if end is None else end
    stretches = _split_at_gaps(points, end=top)
    return LinePlot(
        summary=summary,
        line=" ".join(_draw_stretch(stretch) for stretch in stretches),
        area=" ".join(_draw_area(stretch) for stretch in stretches),
        spots=tuple(
            Spot(x=number * STEP, title=point.title) for number, point in enumerate(points) if point.value is not None
        ),
        width=max(1, len(points)) * STEP,
        top=unit % intcomma(top),
        half=unit % intcomma(top // 2),
        ticks=tuple(ticks),
        table=table,
        colour=colour,
        legend=legend,
    )


def _split_at_gaps(points: Sequence[Point], *, end: int) -> list[list[tuple[int, int]]]:
    """Return the places of the points, in the middle of their steps, in stretches without a gap."""
    stretches: list[list[tuple[int, int]]] = [[]]
    for number, point in enumerate(points):
        if point.value is None:
            stretches.append([])
        else:
            y = HEIGHT - scale_length(point.value, end=end, length=HEIGHT)
            stretches[-1].append((number * STEP + STEP // 2, y))
    return [stretch for stretch in stretches if stretch]


def _draw_stretch(stretch: list[tuple[int, int]]) -> str:
    # A point alone has no length; with round ends a line of none is a dot.
    return f"M{_join(stretch)}" if len(stretch) > 1 else f"M{_join(stretch)}h0"


def _draw_area(stretch: list[tuple[int, int]]) -> str:
    return f"M{_join([(stretch[0][0], HEIGHT), *stretch, (stretch[-1][0], HEIGHT)])}Z"


def _join(stretch: list[tuple[int, int]]) -> str:
    return "L".join(f"{x} {y}" for x, y in stretch)
