"""A player's chats by week, over half a year."""

from collections.abc import Sequence
from datetime import date, datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from linking.dashboard.plots.scales import PlotTable, Series
from linking.dashboard.plots.stacked_bars import StackedBars, Step, draw_stacked_bars
from linking.dashboard.shell.times import format_near_day
from linking.models import LoginUser
from linking.search import chat_weeks

_CHATS = Series(word=gettext_lazy("Chats"), colour="plot-blue")
# Two equal halves of 26 weeks.
TICK_WEEKS = 13


def load_chat_weeks_plot(players: Sequence[LoginUser], *, now: datetime) -> StackedBars | None:
    """Return the plot of a person's chats by week, None without any; one query."""
    weeks = chat_weeks.count_chats_by_week(players, now=now)
    total = sum(number for _week, number in weeks)
    if not total:
        return None
    values = {"number": intcomma(total), "weeks": sum(1 for _week, number in weeks if number)}
    return draw_stacked_bars(
        summary=ngettext(
            "%(number)s chat in half a year.", "%(number)s chats in half a year, in %(weeks)s of 26 weeks.", total
        )
        % values,
        steps=[Step(title=_describe_week(week, number=number), above=(number,)) for week, number in weeks],
        above=(_CHATS,),
        ticks=[format_near_day(week) for week, _number in weeks[::TICK_WEEKS]],
        table=PlotTable(
            head=(_("Week from (UTC)"), str(_CHATS.word)),
            rows=tuple((format_near_day(week), str(intcomma(number))) for week, number in reversed(weeks) if number),
        ),
    )


def _describe_week(week: date, *, number: int) -> str:
    words = ngettext("Week from %(day)s: %(number)s chat", "Week from %(day)s: %(number)s chats", number)
    return words % {"day": format_near_day(week), "number": intcomma(number)}
