"""The token answers of an integration by hour: given above the line, refused below it by code."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from linking.dashboard.plots.scales import PlotTable, Series
from linking.dashboard.plots.stacked_bars import StackedBars, Step, draw_stacked_bars
from linking.dashboard.shell.parts import Text
from linking.dashboard.shell.times import format_clock, format_hour, format_weekday
from linking.models import Integration
from linking.tokens import answer_counts
from linking.tokens.answer_counts import HourTally
from linking.tokens.refusals import Code

HOUR = timedelta(hours=1)
DAY_HOURS, TICK_HOURS = 24, 4
WEEK_DAYS = 7
# In the address; anything else asks for a day.
WEEK, LAST_HOUR = "7", "hour"
GIVEN = Series(word=gettext_lazy("Token issued"), colour="plot-good")
OBSERVED = Series(word=gettext_lazy("Issued in observe mode only"), colour="plot-warn")
_CODES: dict[str, Series] = {
    Code.NOT_PASSED: Series(word=gettext_lazy("00-00 No token sent"), colour="plot-quiet"),
    Code.INVALID: Series(word=gettext_lazy("00-01 Token not valid"), colour="plot-bad"),
    Code.USER_ID: Series(word=gettext_lazy("00-02 No usable user ID"), colour="plot-violet"),
    Code.EMAIL: Series(word=gettext_lazy("00-03 No e-mail address"), colour="plot-warn"),
    Code.ORIGIN: Series(word=gettext_lazy("00-04 Page not listed, or player blocked"), colour="plot-blue"),
    Code.LIMITED: Series(word=gettext_lazy("00-05 Too many requests"), colour="plot-teal"),
    Code.NO_INTEGRATION: Series(word=gettext_lazy("00-06 Integration switched off"), colour="plot-brown"),
    Code.NOT_READY: Series(word=gettext_lazy("00-07 Set-up incomplete"), colour="plot-brown"),
    Code.METHOD: Series(word=gettext_lazy("00-08 Wrong method"), colour="plot-quiet"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Hours from `start_at` on, `hours` of them, and the words along them."""

    start_at: datetime
    hours: int
    ticks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersPlot:
    """The plot, None for the last hour and where nothing was answered, and whether it shows a week, not a day."""

    plot: StackedBars | None
    is_week: bool


def load_answers_plot(*, integration: Integration, span: str, now: datetime) -> AnswersPlot:
    """Return the plot of the last 24 hours, or for a `span` of `WEEK` of the last seven days; one query.

    Counts are kept by the hour, so there is nothing to plot of a single one.
    """
    if span == LAST_HOUR:
        return AnswersPlot(plot=None, is_week=False)
    is_week = span == WEEK
    wanted = _find_week(now=now) if is_week else _find_day(now=now)
    tallies = answer_counts.hourly_tallies(integration_id=integration.pk, since=wanted.start_at)
    return AnswersPlot(plot=_draw(tallies, span=wanted) if tallies else None, is_week=is_week)


def find_start(*, span: str, now: datetime) -> datetime:
    """Return the beginning of the span that an address asks for, a full hour: the last hour is never cut short."""
    if span == LAST_HOUR:
        return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - HOUR
    return (_find_week(now=now) if span == WEEK else _find_day(now=now)).start_at


def _find_day(*, now: datetime) -> _Span:
    start_at = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - HOUR * (DAY_HOURS - 1)
    ticks = (format_clock(start_at + HOUR * hour) for hour in range(0, DAY_HOURS, TICK_HOURS))
    return _Span(start_at=start_at, hours=DAY_HOURS, ticks=tuple(ticks))


def _find_week(*, now: datetime) -> _Span:
    """Return seven whole days of the reader's time zone, today the last."""
    today = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=WEEK_DAYS - 1 - number) for number in range(WEEK_DAYS + 1)]
    # Counts are by the hour of UTC; a zone of half hours begins its day within one.
    start_at = days[0].astimezone(UTC).replace(minute=0)
    hours = round((days[-1].astimezone(UTC) - days[0].astimezone(UTC)) / HOUR)
    return _Span(start_at=start_at, hours=hours, ticks=tuple(format_weekday(day) for day in days[:-1]))


def _draw(tallies: Sequence[HourTally], *, span: _Span) -> StackedBars:
    counts: defaultdict[datetime, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for tally in tallies:
        kind = "observed" if tally.is_observed else tally.code or "given"
        counts[tally.hour_at][kind] += tally.count
    codes = [code for code in _CODES if any(code in hour for hour in counts.values())]
    hours = [span.start_at + HOUR * number for number in range(span.hours)]
    steps = [_build_step(hour_at, counts=counts[hour_at], codes=codes) for hour_at in hours]
    return draw_stacked_bars(
        summary=_summarize(steps),
        steps=steps,
        above=(GIVEN, OBSERVED),
        below=tuple(_CODES[code] for code in codes),
        ticks=span.ticks,
        table=_build_table(hours, counts=counts, codes=codes),
    )


def _build_step(hour_at: datetime, *, counts: dict[str, int], codes: Sequence[str]) -> Step:
    above, below = (counts["given"], counts["observed"]), tuple(counts[code] for code in codes)
    values = {
        "from": format_hour(hour_at),
        "to": format_clock(hour_at + HOUR),
        "issued": intcomma(sum(above)),
        "refused": intcomma(sum(below)),
    }
    first = _("%(from)s to %(to)s: %(issued)s issued, %(refused)s refused") % values
    lines = [f"{_CODES[code].word}: {intcomma(counts[code])}" for code in codes if counts[code]]
    return Step(title="\n".join([first, *lines]), above=above, below=below)


def _summarize(steps: Sequence[Step]) -> str:
    refused, hours = sum(sum(step.below) for step in steps), sum(1 for step in steps if any(step.below))
    values = {
        "issued": intcomma(sum(sum(step.above) for step in steps)),
        "refused": intcomma(refused),
        "hours": hours,
    }
    if not refused:
        return _("%(issued)s tokens issued, none refused.") % values
    words = ngettext(
        "Issued above the line: %(issued)s. Refused below it, on a scale of its own: %(refused)s, in %(hours)s hour.",
        "Issued above the line: %(issued)s. Refused below it, on a scale of its own: %(refused)s, in %(hours)s hours.",
        hours,
    )
    return words % values


def _build_table(
    hours: Sequence[datetime], *, counts: dict[datetime, defaultdict[str, int]], codes: Sequence[str]
) -> PlotTable:
    kinds = ["given", *(["observed"] if any(hour["observed"] for hour in counts.values()) else []), *codes]
    words: dict[str, Text] = {"given": GIVEN.word, "observed": OBSERVED.word}
    words |= {code: _CODES[code].word for code in codes}
    rows = [
        (format_hour(hour_at), *(str(intcomma(counts[hour_at][kind])) for kind in kinds))
        for hour_at in reversed(hours)
        if any(counts[hour_at].values())
    ]
    return PlotTable(head=(_("Hour from"), *(str(words[kind]) for kind in kinds)), rows=tuple(rows))
