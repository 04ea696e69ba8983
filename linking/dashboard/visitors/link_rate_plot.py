"""The link rate by day over 30 days, of all integrations and of each, and why the rest were not linked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.dashboard.plots.lines import LinePlot, Point, draw_line
from linking.dashboard.plots.scales import PlotTable, Series
from linking.dashboard.plots.stacked_bars import StackedBars, Step, draw_stacked_bars
from linking.dashboard.shell.times import format_near_day
from linking.dashboard.visitors.link_rate import compute_share
from linking.models import Integration
from linking.search import link_rates

TICK_DAYS = 5
_REASONS = ("anonymous", "junk", "parted", "gone")
_SERIES = (
    Series(word=gettext_lazy("Anonymous: not signed in while chatting"), colour="plot-quiet"),
    Series(word=gettext_lazy("Invalid user ID from the website"), colour="plot-bad"),
    Series(word=gettext_lazy("Unlinked by support"), colour="plot-violet"),
    Series(word=gettext_lazy("Deleted in Zendesk"), colour="plot-brown"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLineOfOne:
    """One integration's line, and its share on the newest day that has one, in words."""

    name: str
    words: str
    plot: LinePlot


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRatePlots:
    """The share of linked visitors by day, the reasons of the others, and of several integrations each one's share."""

    rate: LinePlot
    reasons: StackedBars | None
    of_each: tuple[RateLineOfOne, ...]


def load_link_rate_plots(
    *, integrations: Sequence[Integration], slug: str, apart: Sequence[int], now: datetime
) -> LinkRatePlots | None:
    """Return the plots of the integration `slug`, or of all for ""; None before the first day is counted. One query.

    `apart`: keys of integrations that have a line of their own.
    """
    days = link_rates.list_days(now=now)
    chosen = [one for one in integrations if slug in ("", one.slug)]
    sums = {one.day: one for one in link_rates.add_up(day for one in chosen for day in days.get(one.pk, []))}
    if not any(one.looked_up for one in sums.values()):
        return None
    shown = [now.astimezone(UTC).date() - timedelta(days=number) for number in reversed(range(link_rates.SHOWN_DAYS))]
    return LinkRatePlots(
        rate=_draw_rate(sums, shown=shown),
        reasons=_draw_reasons(sums, shown=shown) if any(_count_rest(one) for one in sums.values()) else None,
        of_each=() if slug else tuple(_list_lines(integrations, days=days, apart=apart, shown=shown)),
    )


def _list_lines(
    integrations: Sequence[Integration],
    *,
    days: Mapping[int, list[link_rates.RateOfDay]],
    apart: Sequence[int],
    shown: list[date],
) -> list[RateLineOfOne]:
    lines = []
    for one in integrations:
        mine = {day.day: day for day in days.get(one.pk, [])}
        if one.pk in apart and any(day.looked_up for day in mine.values()):
            plot = _draw_rate(mine, shown=shown)
            lines.append(RateLineOfOne(name=one.name, words=_describe_newest(mine), plot=plot))
    return lines


def _draw_rate(days: Mapping[date, link_rates.RateOfDay], *, shown: list[date]) -> LinePlot:
    return draw_line(
        summary=_summarize(days),
        points=[_build_point(day, one=days.get(day)) for day in shown],
        ticks=[format_near_day(day) for day in shown[::TICK_DAYS]],
        table=_build_table(days, shown=shown),
        colour="plot-good",
        end=100,
        unit="%s %%",
    )


def _build_point(day: date, *, one: link_rates.RateOfDay | None) -> Point:
    if one is None or not one.looked_up:
        return Point(value=None, title="")
    share = compute_share(one.linked, of=one.looked_up)
    values = {
        "day": format_near_day(day),
        "share": share,
        "linked": intcomma(one.linked),
        "looked_up": intcomma(one.looked_up),
    }
    title = _("%(day)s: %(share)s %% linked, %(linked)s of %(looked_up)s looked up") % values
    return Point(value=share, title=title)


def _draw_reasons(days: Mapping[date, link_rates.RateOfDay], *, shown: list[date]) -> StackedBars:
    steps = []
    for day in shown:
        one = days.get(day)
        counts = tuple(getattr(one, name) for name in _REASONS) if one else (0,) * len(_REASONS)
        title = _("%(day)s: %(number)s not linked") % {"day": format_near_day(day), "number": intcomma(sum(counts))}
        lines = [f"{series.word}: {intcomma(count)}" for series, count in zip(_SERIES, counts, strict=True) if count]
        steps.append(Step(title="\n".join([title, *lines]), above=counts))
    return draw_stacked_bars(
        summary=_("Why the other visitors were not linked, by day."),
        steps=steps,
        above=_SERIES,
        ticks=[format_near_day(day) for day in shown[::TICK_DAYS]],
        table=_build_table(days, shown=shown),
    )


def _build_table(days: Mapping[date, link_rates.RateOfDay], *, shown: list[date]) -> PlotTable:
    head = (_("Day (UTC)"), _("Linked"), _("Looked up"), _("Share"), *(str(series.word) for series in _SERIES))
    rows = []
    for day in reversed(shown):
        if (one := days.get(day)) is not None:
            share = _("%s %%") % compute_share(one.linked, of=one.looked_up) if one.looked_up else "–"
            counts = (one.linked, one.looked_up), tuple(getattr(one, name) for name in _REASONS)
            numbers = tuple(tuple(str(intcomma(number)) for number in part) for part in counts)
            rows.append((format_near_day(day), *numbers[0], share, *numbers[1]))
    return PlotTable(head=head, rows=tuple(rows))


def _summarize(days: Mapping[date, link_rates.RateOfDay]) -> str:
    shares = [compute_share(one.linked, of=one.looked_up) for one in days.values() if one.looked_up]
    values = {"low": min(shares, default=0), "high": max(shares, default=0)}
    return _("Linked visitors by the day they were last seen: from %(low)s %% to %(high)s %% in 30 days.") % values


def _describe_newest(days: Mapping[date, link_rates.RateOfDay]) -> str:
    newest = max((one for one in days.values() if one.looked_up), key=lambda one: one.day)
    values = {"share": compute_share(newest.linked, of=newest.looked_up), "day": format_near_day(newest.day)}
    return _("%(share)s %% on %(day)s") % values


def _count_rest(one: link_rates.RateOfDay) -> int:
    return sum(getattr(one, name) for name in _REASONS)
