"""How many visitors waited for lookup over the last 24 hours: is the sync catching up?"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _

from linking.dashboard.plots.lines import LinePlot, Point, draw_line
from linking.dashboard.plots.scales import PlotTable
from linking.dashboard.shell.times import format_clock, format_hour
from linking.models.sync.sync_run import LEFT_COUNTED_MOST

HOUR = timedelta(hours=1)
SHOWN_HOURS, TICK_HOURS = 24, 4


def find_since(*, now: datetime) -> datetime:
    """Return the first hour that the plot shows."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - HOUR * (SHOWN_HOURS - 1)


def build_waiting_plot(hours: Mapping[datetime, int], *, now: datetime) -> LinePlot | None:
    """Return the plot of `hours`, the visitors who waited at the last look in each; None where nobody ever waited."""
    if not any(hours.values()):
        return None
    since = find_since(now=now)
    shown = [since + HOUR * number for number in range(SHOWN_HOURS)]
    counted = [hours[at] for at in shown if at in hours]
    return draw_line(
        summary=_("Visitors waiting for lookup in the last 24 hours: %(largest)s at most, %(last)s at the last look.")
        % {"largest": _count(max(counted, default=0)), "last": _count(counted[-1] if counted else 0)},
        points=[
            Point(
                value=hours.get(at),
                title=_("%(at)s: %(number)s waiting") % {"at": format_hour(at), "number": _count(hours.get(at, 0))},
            )
            for at in shown
        ],
        ticks=[format_clock(at) for at in shown[::TICK_HOURS]],
        table=PlotTable(
            head=(_("Hour from"), _("Waiting for lookup")),
            rows=tuple((format_hour(at), _count(hours[at])) for at in reversed(shown) if at in hours),
        ),
        colour="plot-warn",
    )


def _count(number: int) -> str:
    return f"{intcomma(number)}+" if number >= LEFT_COUNTED_MOST else str(intcomma(number))
