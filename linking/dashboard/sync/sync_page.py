"""The sync page: how fresh each integration is, what is running, and what the last syncs did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linking import registry
from linking.accounts import roles
from linking.dashboard.plots.lines import LinePlot
from linking.dashboard.plots.meter import Meter, draw_meter
from linking.dashboard.plots.strip import Strip
from linking.dashboard.shell.access import page
from linking.dashboard.shell.freshness import (
    describe_freshness,
    describe_missing,
    do_many_wait,
    explain_block,
    explain_stop,
    show_backlog,
)
from linking.dashboard.shell.not_modified import answer_if_changed
from linking.dashboard.shell.numbers import parse_key
from linking.dashboard.shell.parts import RUN_STATES, Badge, Notice
from linking.dashboard.shell.sources import SourceWords, find_words
from linking.dashboard.shell.times import format_duration, format_epoch
from linking.dashboard.sync.notices import (
    Finding,
    Trouble,
    find_clock_findings,
    find_connections_to_mend,
    find_troubles,
    list_drift_findings,
)
from linking.dashboard.sync.pass_strip import SHOWN, build_pass_strip
from linking.dashboard.sync.progress import Progress, describe_backlog, describe_progress
from linking.dashboard.sync.quarantine import load_unreadable
from linking.dashboard.sync.run_facts import describe_run
from linking.dashboard.sync.waiting_plot import build_waiting_plot, find_since
from linking.models import Integration, SyncRun, SyncSteering
from linking.monitoring import drift_notices, freshness, heartbeats, row_counts, status, waiting
from linking.sync import history
from linking.tokens import clock_offsets

RUNS_SHOWN = 25
ROLES = ("beat", "worker")
RESTING = (freshness.SyncStanding.DISABLED, freshness.SyncStanding.SYNC_OFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One sync. `took` is in words; `stop` is why it stopped early and what to do, "" if it did not."""

    key: int
    integration: str
    state: Badge
    again: str
    trigger: str
    started_at: datetime
    took: str
    run: SyncRun
    stop: str
    detail: str
    facts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Since when sync is paused, and who paused it."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationCard:
    """One integration on the sync page.

    `passes` is the strip of its last ones, None before the first. `waiting_plot` is None where nobody waited all day.
    `is_open`: something is wrong, so the details show at once.
    """

    slug: str
    name: str
    words: SourceWords
    freshness: Notice
    blocked: str
    missing: str
    findings: tuple[Finding, ...]
    trouble: Trouble | None
    pause: Pause | None
    backfill_from: datetime | None
    waits_half_read: bool
    backlog: str
    counts: row_counts.Counts
    progress: Progress | None
    may_steer: bool
    can_pause: bool
    passes: Strip | None
    budget: Meter
    waiting_plot: LinePlot | None
    is_open: bool


@page
@require_safe
def show_sync(request: HttpRequest) -> HttpResponse:
    """Show the sync page, or for the live refresh its changing part."""
    now = timezone.now()
    before = max(0, parse_key(request.GET.get("before", "")))
    runs = history.list_runs(before=before, limit=RUNS_SHOWN + 1)
    running = history.find_running()
    context = {
        "cards": _list_cards(now=now, running=running, request=request),
        "today": timezone.localdate(now).isoformat(),
        "runs": [build_run_row(run, now=now) for run in runs[:RUNS_SHOWN]],
        "older": runs[RUNS_SHOWN - 1].pk if len(runs) > RUNS_SHOWN else None,
        "is_later_page": bool(before),
        "unreadable": load_unreadable(now=now),
        "roles_notice": find_silent_processes(now=now),
        "self_url": request.get_full_path(),
        "is_running": bool(running),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return answer_if_changed(request, render(request, "dashboard/sync/_sync.html", context))
    return render(request, "dashboard/sync/sync.html", context)


def build_run_row(run: SyncRun, *, now: datetime) -> RunRow:
    """Return the row of a sync, its integration loaded."""
    words: Mapping[str, str] = {
        "schedule": _("by schedule"), "command": _("by command"), "page": _("from this page"),
        "refresh": _("one visitor"),
    }  # fmt: skip
    return RunRow(
        key=run.pk,
        integration=run.integration.name,
        state=RUN_STATES[run.state],
        again=_describe_start(run),
        trigger=words.get(run.trigger, run.trigger),
        started_at=run.started_at,
        took=format_duration((run.finished_at or now) - run.started_at),
        run=run,
        stop=explain_stop(state=run.state, reason=run.stop_reason, trigger=run.trigger),
        detail=run.stop_detail,
        facts=describe_run(run, duration=format_duration),
    )


def find_silent_processes(*, now: datetime) -> Notice | None:
    """Return a warning when scheduler or worker has not been heard from lately, None otherwise."""
    silent = heartbeats.find_silent(names=ROLES, now=now)
    if not silent:
        return None
    words: dict[tuple[str, ...], str] = {
        ("beat",): _("No heartbeat from the scheduler for a minute: no sync starts automatically."),
        ("worker",): _("No heartbeat from the worker for a minute: nothing is read from Zendesk."),
    }
    both = _("The scheduler and the worker are not responding. Are all processes running?")
    text = words.get(silent, both)
    return Notice(tone="warn", icon="alert-triangle", text=text)


def _describe_start(run: SyncRun) -> str:
    if not run.is_full:
        return ""
    if not run.cursor_from_epoch_s:
        return _("from the start")
    return _("again from %s") % format_epoch(run.cursor_from_epoch_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class _CardFacts:
    """What was loaded about one integration for its card; `run` is the sync that runs, None for none."""

    summary: status.IntegrationStatus
    row: Integration
    run: SyncRun | None
    earlier: history.EarlierPasses
    problems: tuple[Finding, ...]
    clock_findings: tuple[Finding, ...]
    trouble: Trouble | None
    passes: list[history.Pass]
    budget: history.Budget | None
    waiting_hours: Mapping[datetime, int]


def _list_cards(*, now: datetime, running: Mapping[str, SyncRun], request: HttpRequest) -> list[IntegrationCard]:
    facts = _load_facts(now=now, running=running, is_admin=roles.is_admin(request.user))
    may_steer = roles.can_decide(request.user)
    return [_build_card(one, may_steer=may_steer, now=now) for one in facts]


def _load_facts(*, now: datetime, running: Mapping[str, SyncRun], is_admin: bool) -> list[_CardFacts]:
    """Load everything for all integrations at once, so that a page costs as many queries for many as for one."""
    rows = history.load_integrations()
    drifted = drift_notices.detect_drift(integrations=rows.values(), now=now)
    clocks = clock_offsets.readings(now=now)
    troubles = find_troubles()
    earlier = history.sum_earlier_passes(running.values())
    passes = history.list_recent_passes(limit=SHOWN)
    budgets = history.load_budgets(snapshot=registry.current(), now=now)
    hours = waiting.list_hours(since=find_since(now=now))
    to_mend = find_connections_to_mend(is_admin=is_admin, now=now)
    summaries = [summary for summary in status.load_statuses(now=now) if summary.slug in rows]
    return [
        _CardFacts(
            summary=summary,
            row=row,
            run=running.get(summary.slug),
            earlier=earlier.get(row.pk, history.EarlierPasses()),
            problems=(
                *([to_mend[row.pk]] if row.pk in to_mend else []),
                *list_drift_findings(drifts=drifted[row.pk], integration=row, is_admin=is_admin),
            ),
            clock_findings=find_clock_findings(clocks.get(row.pk)),
            trouble=troubles.get(row.pk),
            passes=passes.get(row.pk, []),
            budget=budgets.get(summary.slug),
            waiting_hours=hours.get(row.pk, {}),
        )
        for summary, row in ((summary, rows[summary.slug]) for summary in summaries)
    ]


def _build_card(facts: _CardFacts, *, may_steer: bool, now: datetime) -> IntegrationCard:
    summary, row, run = facts.summary, facts.row, facts.run
    wish: SyncSteering | None = getattr(row, "steering", None)
    pause = Pause(at=wish.paused_at, by=wish.paused_by) if wish and wish.paused_at else None
    missing = describe_missing(summary.missing) if summary.standing is freshness.SyncStanding.INCOMPLETE else ""
    findings = (*facts.problems, *facts.clock_findings)
    notice = _describe_freshness(summary, row=row)
    waiting_number = 0 if run else summary.counts.waiting_lookups
    return IntegrationCard(
        slug=summary.slug,
        name=summary.name,
        words=find_words(row.zendesk_product),
        freshness=notice,
        blocked="" if facts.problems and row.blocked_reason else explain_block(summary.blocked_reason),
        missing=missing,
        findings=findings,
        trouble=facts.trouble,
        pause=pause,
        backfill_from=wish.backfill_from if wish else None,
        waits_half_read=pause is not None and not run and row.cursor_epoch_s is not None and not row.is_caught_up,
        backlog=describe_backlog(waiting=waiting_number, per_minute=row.requests_per_minute),
        counts=summary.counts,
        progress=describe_progress(run, before=facts.earlier, now=now) if run else None,
        may_steer=may_steer and summary.standing is not freshness.SyncStanding.DISABLED,
        can_pause=summary.standing not in RESTING and pause is None,
        passes=build_pass_strip(facts.passes, duration=format_duration, has_table=True),
        budget=_draw_budget(facts.budget, per_minute=row.requests_per_minute),
        waiting_plot=build_waiting_plot(facts.waiting_hours, now=now),
        is_open=bool(findings or missing or facts.trouble or row.blocked_reason or pause)
        or notice.tone in ("bad", "warn"),
    )


def _describe_freshness(summary: status.IntegrationStatus, *, row: Integration) -> Notice:
    notice = describe_freshness(standing=summary.standing, last_success_at=summary.last_success_at)
    are_many = do_many_wait(summary.counts.waiting_lookups, per_minute=row.requests_per_minute)
    return show_backlog(notice) if are_many else notice


def _draw_budget(budget: history.Budget | None, *, per_minute: int) -> Meter:
    used = budget or history.Budget(this_minute=0, last_minute=0, per_minute=per_minute)
    values = {
        "used": intcomma(used.this_minute),
        "limit": intcomma(used.per_minute),
        "before": intcomma(used.last_minute),
    }
    sentence = _("%(used)s of %(limit)s calls this minute, %(before)s in the minute before")
    return draw_meter(used=used.this_minute, limit=used.per_minute, sentence=sentence % values)
