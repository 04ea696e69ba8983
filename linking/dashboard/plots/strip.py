"""A strip of bars, one for each time something ran: how long it took is the height, how it ended the colour."""

from collections.abc import Sequence
from dataclasses import dataclass

from linking.dashboard.plots.scales import PlotTable, scale_length

# In units of the SVG.
HEIGHT, STEP, BAR = 100, 6, 5
# The shortest run is still seen, and its colour too.
LEAST = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: seconds, the name of its colour (`plot-…` in plots.css), what it says under the pointer, its address."""

    seconds: float
    colour: str
    title: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripBar:
    """A rectangle that stands on the ground and leads to its run; `url` is "" where none is known."""

    x: int
    y: int
    height: int
    colour: str
    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A plot for `_strip.html`; the newest run stands last, at the end of the place for `slots` of them."""

    summary: str
    bars: tuple[StripBar, ...]
    width: int
    table: PlotTable | None = None
    height: int = HEIGHT
    bar: int = BAR

    def list_outlines(self) -> list[tuple[str, str]]:
        """Return the bars as one outline a colour, for `_small_strip.html`: (colour, the `d` of a path)."""
        outlines: dict[str, str] = {}
        for bar in self.bars:
            outlines[bar.colour] = (
                outlines.get(bar.colour, "") + f"M{bar.x} {bar.y}h{self.bar}v{bar.height}h-{self.bar}z"
            )
        return list(outlines.items())


def draw_strip(*, runs: Sequence[Run], slots: int, summary: str, table: PlotTable | None = None) -> Strip:
    """Return the strip of the last `slots` of `runs`, oldest first. The longest is as high as the strip."""
    shown = runs[-slots:]
    longest_ms = max((round(run.seconds * 1000) for run in shown), default=0)
    bars = []
    for place, run in enumerate(shown, start=slots - len(shown)):
        height = max(LEAST, scale_length(round(run.seconds * 1000), end=max(1, longest_ms), length=HEIGHT))
        x, y = place * STEP, HEIGHT - height
        bars.append(StripBar(x=x, y=y, height=height, colour=run.colour, title=run.title, url=run.url))
    return Strip(summary=summary, bars=tuple(bars), width=slots * STEP, table=table)
