"""How far a pass is, how fast it goes and how long that will take, in sentences."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Max, Min, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.shell.times import format_epoch
from linking.models import RunState, SyncRun
from linking.models.sync_run import LEFT_COUNTED_MOST, REFRESH_TRIGGER

# Before so many visitors and seconds a rate says more about chance than about the pass.
RATE_AFTER_LOOKUPS = 10
RATE_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A pass under way: `done` of `total` in whatever `label` says, `total` 0 while that is unknown."""

    label: str
    sentence: str
    left: str
    done: int
    total: int
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the passes before a running one did since the last complete one: a long reading takes many of them.

    `from_epoch_s`: where the earliest of them began to read the export, None where there is none.
    """

    lookups: int = 0
    from_epoch_s: int | None = None


def sum_earlier_passes(running: Iterable[SyncRun]) -> dict[int, Before]:
    """Return what was done since the last complete pass, by integration's key, where one is running; two queries."""
    keys = {run.integration_id for run in running}
    if not keys:
        return {}
    passes = SyncRun.objects.filter(integration__in=keys).exclude(trigger=REFRESH_TRIGGER).order_by()
    complete = passes.filter(state=RunState.COMPLETE).values_list("integration_id")
    last = dict(complete.annotate(number=Max("pk")))
    since = [Q(integration=key, pk__gt=last.get(key, 0)) for key in sorted(keys)]
    stopped = passes.filter(reduce(or_, since), state=RunState.STOPPED).values_list("integration_id")
    found = stopped.annotate(read=Sum("lookups"), begin=Min("cursor_from_epoch_s"))
    return {key: Before(lookups=lookups, from_epoch_s=from_epoch_s) for key, lookups, from_epoch_s in found}


def progress_of(run: SyncRun, *, before: Before, now: datetime) -> Progress:
    """Return how far a running pass is at `now`, with the passes `before` it that it goes on from."""
    return _visitors(run, before=before) if run.lookups + run.lookups_left else _chats(run, before=before, now=now)


def backlog_sentence(*, waiting: int, per_minute: int) -> str:
    """Return how long `waiting` visitors will take at most so many calls a minute; "" when nobody waits."""
    if not waiting:
        return ""
    words = ngettext("%(number)s visitor waits to be read", "%(number)s visitors wait to be read", waiting)
    values = {"number": intcomma(waiting)}
    pace = _("at up to %(pace)s calls a minute that takes about %(time)s") % {
        "pace": intcomma(per_minute),
        "time": about(timedelta(minutes=waiting / per_minute)),
    }
    return f"{words % values}; {pace}."


def about(time: timedelta) -> str:
    """Return a rough duration in words."""
    minutes = time.total_seconds() / 60
    if minutes < 1:
        return _("less than a minute")
    if minutes < 90:
        return ngettext("%d minute", "%d minutes", round(minutes)) % round(minutes)
    if minutes < 48 * 60:
        return ngettext("%d hour", "%d hours", round(minutes / 60)) % round(minutes / 60)
    return ngettext("%d day", "%d days", round(minutes / 1440)) % round(minutes / 1440)


def _visitors(run: SyncRun, *, before: Before) -> Progress:
    done = before.lookups + run.lookups
    is_counted = run.lookups_left < LEFT_COUNTED_MOST
    total = done + run.lookups_left if is_counted else 0
    values = {
        "done": intcomma(done),
        "here": intcomma(run.lookups),
        "total": intcomma(total),
        "left": intcomma(run.lookups_left),
        "chats": intcomma(run.chats),
        "pages": intcomma(run.pages),
        "calls": intcomma(run.calls),
    }
    words = _("%(done)s of %(total)s visitors read; chats: %(chats)s, pages: %(pages)s, calls: %(calls)s")
    if not is_counted:
        words = _(
            "%(done)s visitors read, more than %(left)s wait; in this pass: visitors: %(here)s, chats: %(chats)s, "
            "pages: %(pages)s, calls: %(calls)s"
        )
    elif before.lookups:
        words = _(
            "%(done)s of %(total)s visitors read since the last complete pass; in this pass: visitors: %(here)s, "
            "chats: %(chats)s, pages: %(pages)s, calls: %(calls)s"
        )
    return Progress(
        label=_("Visitors read since the last complete pass") if before.lookups else _("Visitors read in this pass"),
        sentence=words % values,
        left=_time_left(run) if is_counted else "",
        done=done,
        total=total,
        started_at=run.started_at,
    )


def _time_left(run: SyncRun) -> str:
    took = run.touched_at - run.started_at
    if run.lookups < RATE_AFTER_LOOKUPS or took < RATE_AFTER:
        return ""
    per_minute = run.lookups / (took.total_seconds() / 60)
    values = {
        "rate": intcomma(round(per_minute)),
        "time": about(timedelta(minutes=run.lookups_left / per_minute)),
    }
    return _("%(rate)s visitors a minute, about %(time)s left") % values


def _chats(run: SyncRun, *, before: Before, now: datetime) -> Progress:
    values = {"chats": intcomma(run.chats), "pages": intcomma(run.pages), "calls": intcomma(run.calls)}
    sentence = _("Reading chats: %(chats)s on %(pages)s pages; %(calls)s calls") % values
    done = total = 0
    begins = [at for at in (before.from_epoch_s, run.cursor_from_epoch_s) if at is not None]
    if run.cursor_to_epoch_s and (from_epoch_s := min(begins, default=0)):
        total = max(0, int(now.timestamp()) - from_epoch_s)
        done = min(total, max(0, run.cursor_to_epoch_s - from_epoch_s))
        sentence += "; " + _("read up to %s") % format_epoch(run.cursor_to_epoch_s)
    return Progress(
        label=_("Time covered by the chats read"),
        sentence=sentence,
        left="",
        done=done,
        total=total,
        started_at=run.started_at,
    )
