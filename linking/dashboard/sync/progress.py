"""How far a sync is, how fast it is and how long it will take, in sentences."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.shell.sources import find_words
from linking.dashboard.shell.times import format_epoch
from linking.models import SyncRun
from linking.models.sync.sync_run import LEFT_COUNTED_MOST
from linking.sync import history


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A running sync: `done` of `total` of what `label` names; `total` is 0 while unknown."""

    label: str
    sentence: str
    left: str
    done: int
    total: int
    started_at: datetime


def describe_progress(run: SyncRun, *, before: history.EarlierPasses, now: datetime) -> Progress:
    """Return how far a running sync, its integration at hand, is at `now`, with the unfinished syncs `before` it."""
    if not find_words(run.integration.zendesk_product).has_chats:
        return _describe_users(run)
    return (
        _describe_visitors(run, before=before)
        if run.lookups + run.lookups_left
        else _describe_chats(run, before=before, now=now)
    )


def describe_backlog(*, waiting: int, per_minute: int) -> str:
    """Return how long `waiting` visitors take at `per_minute` calls a minute; "" for none."""
    if not waiting:
        return ""
    sentence = ngettext(
        "%(number)s visitor waits for lookup; at up to %(pace)s calls a minute that takes %(time)s.",
        "%(number)s visitors wait for lookup; at up to %(pace)s calls a minute that takes %(time)s.",
        waiting,
    )
    return sentence % {
        "number": intcomma(waiting),
        "pace": intcomma(per_minute),
        "time": history.format_rough_time(timedelta(minutes=waiting / per_minute)),
    }


def _describe_users(run: SyncRun) -> Progress:
    """Describe the reading of the feed of changed users, which does not say how long it is."""
    values = {"pages": intcomma(run.pages), "calls": intcomma(run.calls), "found": intcomma(run.visitors_found)}
    sentence = _("Reading users: %(pages)s pages, %(calls)s calls, %(found)s new visitors") % values
    return Progress(label=_("Users read"), sentence=sentence, left="", done=0, total=0, started_at=run.started_at)


def _describe_visitors(run: SyncRun, *, before: history.EarlierPasses) -> Progress:
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
    words = _("%(done)s of %(total)s visitors updated; chats: %(chats)s, pages: %(pages)s, calls: %(calls)s")
    if not is_counted:
        words = _(
            "%(done)s visitors updated, more than %(left)s wait; in this sync: visitors: %(here)s, chats: %(chats)s, "
            "pages: %(pages)s, calls: %(calls)s"
        )
    elif before.lookups:
        words = _(
            "%(done)s of %(total)s visitors updated since the last complete sync; in this sync: visitors: %(here)s, "
            "chats: %(chats)s, pages: %(pages)s, calls: %(calls)s"
        )
    return Progress(
        label=_("Visitors updated since the last complete sync")
        if before.lookups
        else _("Visitors updated in this sync"),
        sentence=words % values,
        left=_describe_time_left(run) if is_counted else "",
        done=done,
        total=total,
        started_at=run.started_at,
    )


def _describe_time_left(run: SyncRun) -> str:
    took = run.touched_at - run.started_at
    if run.lookups < history.RATE_AFTER_LOOKUPS or took < history.RATE_AFTER:
        return ""
    per_minute = run.lookups / (took.total_seconds() / 60)
    values = {
        "rate": intcomma(round(per_minute)),
        "time": history.format_rough_time(timedelta(minutes=run.lookups_left / per_minute)),
    }
    return _("%(rate)s visitors a minute, %(time)s left") % values


def _describe_chats(run: SyncRun, *, before: history.EarlierPasses, now: datetime) -> Progress:
    values = {"chats": intcomma(run.chats), "pages": intcomma(run.pages), "calls": intcomma(run.calls)}
    sentence = _("Reading chats: %(chats)s on %(pages)s pages; %(calls)s calls")
    done = total = 0
    begins = [at for at in (before.from_epoch_s, run.cursor_from_epoch_s) if at is not None]
    if run.cursor_to_epoch_s and (from_epoch_s := min(begins, default=0)):
        total = max(0, int(now.timestamp()) - from_epoch_s)
        done = min(total, max(0, run.cursor_to_epoch_s - from_epoch_s))
        values["until"] = format_epoch(run.cursor_to_epoch_s)
        sentence = _("Reading chats: %(chats)s on %(pages)s pages; %(calls)s calls; read up to %(until)s")
    return Progress(
        label=_("Time covered by the chats read"),
        sentence=sentence % values,
        left="",
        done=done,
        total=total,
        started_at=run.started_at,
    )
