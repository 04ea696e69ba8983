"""The last passes of an integration as a strip: a glance instead of a page of rows."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.plots.scales import PlotTable
from linking.dashboard.plots.strip import Run, Strip, draw_strip
from linking.dashboard.shell.times import format_hour
from linking.models import RunState, StopReason
from linking.monitoring import stop_reasons
from linking.sync import history

SHOWN = 60


def build_pass_strip(
    passes: Sequence[history.Pass], *, slots: int = SHOWN, duration: Callable[[timedelta], str], has_table: bool = False
) -> Strip | None:
    """Return the strip of `passes`, oldest first; None before the first one. `duration` puts a time in words."""
    if not passes:
        return None
    shown = passes[-slots:]
    runs = [
        Run(seconds=one.took_s, colour=_choose_colour(one), title=_describe(one, duration), url=_build_url(one))
        for one in shown
    ]
    return draw_strip(
        runs=runs,
        slots=slots,
        summary=_summarize(shown, duration),
        table=_build_table(shown, duration) if has_table else None,
    )


def describe_outcome(one: history.Pass) -> str:
    """Return how a pass ended, in a word or a short sentence."""
    if one.state == RunState.STOPPED:
        # A reason that an earlier version stored may have no word any more.
        return str(StopReason(one.stop_reason).label) if one.stop_reason in StopReason.values else one.stop_reason
    return str(RunState(one.state).label)


def _choose_colour(one: history.Pass) -> str:
    if one.state == RunState.RUNNING:
        return "plot-blue"
    if one.state == RunState.COMPLETE:
        return "plot-good"
    if one.stop_reason == StopReason.BY_HAND:
        return "plot-quiet"
    return "plot-warn" if one.stop_reason in stop_reasons.SOUND else "plot-bad"


def _describe(one: history.Pass, duration: Callable[[timedelta], str]) -> str:
    values = {
        "number": one.key,
        "at": format_hour(one.started_at),
        "outcome": describe_outcome(one),
        "took": duration(timedelta(seconds=one.took_s)),
        "linked": one.linked,
    }
    return _("No. %(number)s, %(at)s: %(outcome)s; took %(took)s, linked: %(linked)s") % values


def _summarize(passes: Sequence[history.Pass], duration: Callable[[timedelta], str]) -> str:
    states = Counter(one.state for one in passes)
    values = {
        "number": len(passes),
        "complete": states[RunState.COMPLETE],
        "stopped": states[RunState.STOPPED],
        "longest": duration(timedelta(seconds=max(one.took_s for one in passes))),
    }
    words = ngettext(
        "The last sync: %(complete)s complete, %(stopped)s stopped early; it took %(longest)s.",
        "The last %(number)s syncs: %(complete)s complete, %(stopped)s stopped early; the longest took %(longest)s.",
        len(passes),
    )
    return words % values


def _build_table(passes: Sequence[history.Pass], duration: Callable[[timedelta], str]) -> PlotTable:
    return PlotTable(
        head=(_("Sync"), _("State"), _("Took"), _("Linked")),
        rows=tuple(
            (
                _("No. %(number)s, %(at)s") % {"number": one.key, "at": format_hour(one.started_at)},
                describe_outcome(one),
                duration(timedelta(seconds=one.took_s)),
                str(one.linked),
            )
            for one in reversed(passes)
        ),
        urls=tuple(_build_url(one) for one in reversed(passes)),
    )


def _build_url(one: history.Pass) -> str:
    """Return the address of a pass in the table of all: the page that begins with it, however long ago it was."""
    return f"{reverse('sync')}?before={one.key + 1}#run-{one.key}"
