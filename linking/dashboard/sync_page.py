"""The sync page: how fresh each integration is, what runs now, what the last passes did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linking import finding, roles
from linking.core.freshness import HEARTBEAT_STALE_AFTER
from linking.dashboard.access import page
from linking.dashboard.freshness import Freshness, blocked_sentence, freshness, stop_sentence
from linking.dashboard.parts import RUN_STATES, Notice, State
from linking.models import Heartbeat, RunState, SyncRun
from linking.models.standing import Counts, IntegrationStanding

RUNS_SHOWN = 25
ROLES = ("beat", "worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A pass under way: calls made so far, and look-ups `done` of `total` (0 while the export is still read)."""

    sentence: str
    done: int
    total: int
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One pass. `took` is in words; `stop` says why it stopped early and what to do, "" when it did not."""

    key: int
    integration: str
    state: State
    is_full: bool
    trigger: str
    started_at: datetime
    took: str
    run: SyncRun
    stop: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationCard:
    """One integration on the sync page."""

    slug: str
    name: str
    freshness: Freshness
    trouble: str
    counts: Counts
    progress: Progress | None
    may_start: bool


@page
@require_safe
def sync(request: HttpRequest) -> HttpResponse:
    """Show the sync page, or for the live refresh its changing part."""
    now = timezone.now()
    before = request.GET.get("before", "")
    runs = SyncRun.objects.select_related("integration").order_by("-pk")
    if before.isdecimal() and len(before) < 19:
        runs = runs.filter(pk__lt=int(before))
    found = list(runs[: RUNS_SHOWN + 1])
    active = SyncRun.objects.filter(state=RunState.RUNNING).select_related("integration").order_by("pk")
    running = {run.integration.slug: run for run in active}
    context = {
        "cards": _cards(now=now, running=running, may_start=roles.can_decide(request.user)),
        "runs": [run_row(run, now=now) for run in found[:RUNS_SHOWN]],
        "older": found[RUNS_SHOWN - 1].pk if len(found) > RUNS_SHOWN else None,
        "is_later_page": bool(before),
        "roles_notice": roles_notice(now=now),
        "self_url": request.get_full_path(),
    }
    is_part = bool(request.htmx)  # type: ignore[attr-defined]
    return render(request, "dashboard/_sync.html" if is_part else "dashboard/sync.html", context)


def run_row(run: SyncRun, *, now: datetime) -> RunRow:
    """Return the row of a pass, its integration at hand."""
    words: Mapping[str, str] = {"schedule": _("by schedule"), "command": _("by command"), "page": _("from this page")}
    return RunRow(
        key=run.pk,
        integration=run.integration.name,
        state=RUN_STATES[run.state],
        is_full=run.is_full,
        trigger=words.get(run.trigger, run.trigger),
        started_at=run.started_at,
        took=duration_words((run.finished_at or now) - run.started_at),
        run=run,
        stop=stop_sentence(state=run.state, reason=run.stop_reason),
        detail=run.stop_detail,
    )


def progress_of(run: SyncRun) -> Progress:
    """Return how far a running pass is, in a sentence and as numbers."""
    values = {
        "chats": run.chats, "pages": run.pages, "done": run.lookups,
        "total": run.lookups + run.lookups_left, "calls": run.calls,
    }  # fmt: skip
    if values["total"]:
        words = _("%(done)s of %(total)s visitors read; %(chats)s chats on %(pages)s pages; %(calls)s calls")
    else:
        words = _("Reading chats: %(chats)s on %(pages)s pages; %(calls)s calls")
    return Progress(sentence=words % values, done=run.lookups, total=values["total"], started_at=run.started_at)


def duration_words(took: timedelta) -> str:
    """Return a duration short enough for a table."""
    seconds = max(0.0, took.total_seconds())
    if seconds < 10:
        return _("%.1f s") % seconds
    if seconds < 120:
        return _("%d s") % seconds
    return _("%d min") % (seconds // 60) if seconds < 7200 else _("%d h") % (seconds // 3600)


def roles_notice(*, now: datetime) -> Notice | None:
    """Return what to say when scheduler or worker was not heard of lately; None when all is well."""
    heard = {beat.name: beat.beat_at for beat in Heartbeat.objects.filter(name__in=ROLES)}
    silent = [name for name in ROLES if name not in heard or now - heard[name] > HEARTBEAT_STALE_AFTER]
    if not silent:
        return None
    words: dict[tuple[str, ...], str] = {
        ("beat",): _("The scheduler was not heard of in the last minute, so no pass starts by itself."),
        ("worker",): _("The worker was not heard of in the last minute, so nothing is read from Zendesk."),
    }
    both = _("Scheduler and worker were not heard of in the last minute: is zdbridge running whole?")
    text = words.get(tuple(silent), both)
    return Notice(tone="warn", icon="alert-triangle", text=text)


def _cards(*, now: datetime, running: Mapping[str, SyncRun], may_start: bool) -> list[IntegrationCard]:
    return [_card(one, run=running.get(one.slug), may_start=may_start) for one in finding.integrations(now=now)]


def _card(one: IntegrationStanding, *, run: SyncRun | None, may_start: bool) -> IntegrationCard:
    return IntegrationCard(
        slug=one.slug,
        name=one.name,
        freshness=freshness(standing=one.standing, last_success_at=one.last_success_at),
        trouble=blocked_sentence(one.blocked_reason),
        counts=one.counts,
        progress=progress_of(run) if run else None,
        may_start=may_start,
    )
