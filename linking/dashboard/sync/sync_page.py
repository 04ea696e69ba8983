"""The sync page: how fresh each integration is, what is running, and what the last syncs did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linking.accounts import roles
from linking.dashboard.shell.access import page
from linking.dashboard.shell.freshness import (
    Freshness,
    describe_freshness,
    explain_block,
    missing_sentence,
    stop_sentence,
)
from linking.dashboard.shell.not_modified import unless_same
from linking.dashboard.shell.numbers import parse_key
from linking.dashboard.shell.parts import RUN_STATES, Badge, Notice
from linking.dashboard.shell.times import format_epoch
from linking.dashboard.sync.notices import (
    Finding,
    Trouble,
    clock_findings,
    connections_to_mend,
    find_troubles,
    findings,
)
from linking.dashboard.sync.progress import Progress, backlog_sentence, describe_progress
from linking.dashboard.sync.quarantine import load_unreadable
from linking.dashboard.sync.run_facts import run_facts
from linking.models import Integration, SyncRun, SyncSteering
from linking.monitoring import drift_notices, freshness, heartbeats, status
from linking.sync import history
from linking.tokens import clock_offsets

RUNS_SHOWN = 25
ROLES = ("beat", "worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One pass. `took` is in words; `stop` says why it stopped early and what to do, "" when it did not."""

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
    """Since when a schedule rests, and who let it."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationCard:
    """One integration on the sync page."""

    slug: str
    name: str
    freshness: Freshness
    blocked: str
    missing: str
    findings: tuple[Finding, ...]
    trouble: Trouble | None
    pause: Pause | None
    backfill_from: datetime | None
    waits_half_read: bool
    backlog: str
    counts: status.Counts
    progress: Progress | None
    may_steer: bool
    can_pause: bool


@page
@require_safe
def sync(request: HttpRequest) -> HttpResponse:
    """Show the sync page, or for the live refresh its changing part."""
    now = timezone.now()
    before = max(0, parse_key(request.GET.get("before", "")))
    runs = history.list_runs(before=before, limit=RUNS_SHOWN + 1)
    running = history.find_running()
    context = {
        "cards": _cards(now=now, running=running, request=request),
        "today": timezone.localdate(now).isoformat(),
        "runs": [run_row(run, now=now) for run in runs[:RUNS_SHOWN]],
        "older": runs[RUNS_SHOWN - 1].pk if len(runs) > RUNS_SHOWN else None,
        "is_later_page": bool(before),
        "unreadable": load_unreadable(now=now),
        "roles_notice": roles_notice(now=now),
        "self_url": request.get_full_path(),
        "is_running": bool(running),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return unless_same(request, render(request, "dashboard/sync/_sync.html", context))
    return render(request, "dashboard/sync/sync.html", context)


def run_row(run: SyncRun, *, now: datetime) -> RunRow:
    """Return the row of a pass, its integration at hand."""
    words: Mapping[str, str] = {
        "schedule": _("by schedule"), "command": _("by command"), "page": _("from this page"),
        "refresh": _("one visitor"),
    }  # fmt: skip
    return RunRow(
        key=run.pk,
        integration=run.integration.name,
        state=RUN_STATES[run.state],
        again=_again(run),
        trigger=words.get(run.trigger, run.trigger),
        started_at=run.started_at,
        took=duration_words((run.finished_at or now) - run.started_at),
        run=run,
        stop=stop_sentence(state=run.state, reason=run.stop_reason, trigger=run.trigger),
        detail=run.stop_detail,
        facts=run_facts(run, duration=duration_words),
    )


def duration_words(took: timedelta) -> str:
    """Return a duration short enough for a table."""
    seconds = max(0.0, took.total_seconds())
    if seconds < 10:
        return _("%.1f s") % seconds
    if seconds < 120:
        return _("%d s") % seconds
    return _("%d min") % (seconds // 60) if seconds < 7200 else _("%d h") % (seconds // 3600)


def roles_notice(*, now: datetime) -> Notice | None:
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


def _again(run: SyncRun) -> str:
    if not run.is_full:
        return ""
    if not run.cursor_from_epoch_s:
        return _("from the start")
    return _("again from %s") % format_epoch(run.cursor_from_epoch_s)


def _cards(*, now: datetime, running: Mapping[str, SyncRun], request: HttpRequest) -> list[IntegrationCard]:
    rows = history.load_integrations()
    drifted = drift_notices.detect_drift(integrations=rows.values(), now=now)
    clocks = clock_offsets.readings(now=now)
    troubles = find_troubles()
    before = history.sum_earlier_passes(running.values())
    user = request.user
    to_mend = connections_to_mend(is_admin=roles.is_admin(user), now=now)
    return [
        _card(
            one,
            row=rows[one.slug],
            run=running.get(one.slug),
            before=before.get(rows[one.slug].pk, history.EarlierPasses()),
            found=(
                *([to_mend[rows[one.slug].pk]] if rows[one.slug].pk in to_mend else []),
                *findings(drifts=drifted[rows[one.slug].pk], integration=rows[one.slug], is_admin=roles.is_admin(user)),
            ),
            clock=clock_findings(clocks.get(rows[one.slug].pk)),
            trouble=troubles.get(rows[one.slug].pk),
            may_steer=roles.can_decide(user),
            now=now,
        )
        for one in status.load_statuses(now=now)
        if one.slug in rows
    ]


def _card(
    one: status.IntegrationStatus,
    *,
    row: Integration,
    run: SyncRun | None,
    before: history.EarlierPasses,
    found: tuple[Finding, ...],
    clock: tuple[Finding, ...],
    trouble: Trouble | None,
    may_steer: bool,
    now: datetime,
) -> IntegrationCard:
    wish: SyncSteering | None = getattr(row, "steering", None)
    is_paused = wish is not None and wish.paused_at is not None
    is_resting = one.standing in (freshness.SyncStanding.DISABLED, freshness.SyncStanding.SYNC_OFF)
    backlog = "" if run else backlog_sentence(waiting=one.counts.waiting_lookups, per_minute=row.requests_per_minute)
    return IntegrationCard(
        slug=one.slug,
        name=one.name,
        freshness=describe_freshness(standing=one.standing, last_success_at=one.last_success_at),
        blocked="" if found and row.blocked_reason else explain_block(one.blocked_reason),
        missing=missing_sentence(one.missing) if one.standing is freshness.SyncStanding.INCOMPLETE else "",
        findings=(*found, *clock),
        trouble=trouble,
        pause=Pause(at=wish.paused_at, by=wish.paused_by) if wish and wish.paused_at else None,
        backfill_from=wish.backfill_from if wish else None,
        waits_half_read=is_paused and not run and row.cursor_epoch_s is not None and not row.is_caught_up,
        backlog=backlog,
        counts=one.counts,
        progress=describe_progress(run, before=before, now=now) if run else None,
        may_steer=may_steer and one.standing is not freshness.SyncStanding.DISABLED,
        can_pause=not is_resting and not is_paused,
    )
