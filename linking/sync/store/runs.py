"""Begins and ends the rows of runs, and keeps how far each has read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from linking.models import Integration, PassTotal, RunState, StopReason, SyncRun
from linking.models.sync.sync_run import COMMAND_TRIGGER, REFRESH_TRIGGER
from linking.sync.store import leases

QUIET_RUNS_KEPT_FOR = timedelta(days=1)
CLOCKS_DIFFER = timedelta(minutes=1)  # by how much the machines' clocks may differ, each of which writes runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A place in the export: update time (epoch seconds) and id of the last chat stored; "" for "from that second"."""

    epoch_s: int
    chat_id: str = ""


def start_run(*, integration_id: int, trigger: str, is_full: bool, now: datetime) -> SyncRun:
    """Begin a run under a lease just taken. One that still says "running" belongs to a worker that is gone."""
    with transaction.atomic():
        orphans = SyncRun.objects.filter(integration_id=integration_id, state=RunState.RUNNING)
        if killed := orphans.update(state=RunState.STOPPED, stop_reason=StopReason.KILLED, finished_at=now):
            _add_to_total(integration_id=integration_id, outcome=StopReason.KILLED, number=killed, seconds=0.0)
        return SyncRun.objects.create(
            integration_id=integration_id, trigger=trigger, is_full=is_full, started_at=now, touched_at=now
        )


def was_clock_set_back(*, integration_id: int, now: datetime) -> bool:
    """Return whether the newest pass wrote a time that lies ahead of `now` by more than clocks differ.

    Asked before a run is begun, it is true once only for each time that the clock is set back.
    """
    passes = SyncRun.objects.filter(integration_id=integration_id).exclude(trigger=REFRESH_TRIGGER)
    # A pass under way at that moment began by the old time and ended by the new one.
    times = passes.order_by("-pk").values_list("started_at", "touched_at").first()
    return times is not None and max(times) > now + CLOCKS_DIFFER


def finish_run(
    *,
    run: SyncRun,
    reason: str,
    detail: str,
    counts: Mapping[str, int],
    now: datetime,
    status: int | None = None,
) -> None:
    """End a run; an empty `reason` makes it complete. A run that was given up for dead stays so.

    `status` is the one Zendesk refused with.
    """
    ended = SyncRun.objects.filter(pk=run.pk, state=RunState.RUNNING).update(
        state=RunState.STOPPED if reason else RunState.COMPLETE,
        stop_reason=reason,
        stop_detail=detail[:300],
        stop_status=status,
        touched_at=now,
        finished_at=now,
        **counts,
    )
    if ended and run.trigger != REFRESH_TRIGGER:
        seconds = max(0.0, (now - run.started_at).total_seconds())
        outcome = reason or RunState.COMPLETE.value
        _add_to_total(integration_id=run.integration_id, outcome=outcome, number=1, seconds=seconds)
    try:
        run.refresh_from_db()
    except SyncRun.DoesNotExist:
        # The integration was removed under the pass, and its runs with it.
        run.state, run.stop_reason, run.stop_detail = RunState.STOPPED, reason, detail


def _add_to_total(*, integration_id: int, outcome: str, number: int, seconds: float) -> None:
    rows = PassTotal.objects.filter(integration_id=integration_id, outcome=outcome)
    more = {"count": F("count") + number, "seconds": F("seconds") + seconds}
    if not rows.update(**more):
        # Somebody else may make the row in the same moment.
        PassTotal.objects.bulk_create(
            [PassTotal(integration_id=integration_id, outcome=outcome)], ignore_conflicts=True
        )
        rows.update(**more)


def rewind(*, held: leases.Held, integration_id: int) -> None:
    """Forget the cursor, so that the export is read from its start again.

    Raises: leases.LeaseLost.
    """
    with transaction.atomic():
        leases.renew(held=held)
        Integration.objects.filter(pk=integration_id).update(cursor_epoch_s=None, cursor_id="", is_caught_up=False)


def touch_run(*, run: SyncRun, counts: Mapping[str, int], now: datetime, cursor: Cursor | None = None) -> None:
    """Write a run's counts in the caller's transaction, so that progress shows and survives a kill."""
    place = {} if cursor is None else {"cursor_to_epoch_s": cursor.epoch_s}
    SyncRun.objects.filter(pk=run.pk, state=RunState.RUNNING).update(touched_at=now, **counts, **place)


def drop_quiet_runs(*, integration_id: int, now: datetime) -> None:
    """Delete complete runs in which nothing happened, once they are older than `QUIET_RUNS_KEPT_FOR`."""
    # A pass a minute makes half a million rows a year, nearly all of which say that nothing happened.
    SyncRun.objects.filter(
        integration_id=integration_id, started_at__lt=now - QUIET_RUNS_KEPT_FOR, state=RunState.COMPLETE,
        visitors_found=0, lookups=0, quarantined=0, is_full=False,
    ).delete()  # fmt: skip


def drop_repetition(*, integration_id: int) -> None:
    """Delete the run before the last where the last three stopped for the same reason."""
    # An incomplete set-up says so every five minutes: only the first and the last run are kept.
    passes = SyncRun.objects.filter(integration_id=integration_id).exclude(
        trigger__in=[REFRESH_TRIGGER, COMMAND_TRIGGER]
    )
    newest = list(passes.order_by("-pk").values_list("pk", "stop_reason", "stop_detail")[:3])
    reasons = {(reason, detail) for _key, reason, detail in newest}
    if len(newest) == 3 and len(reasons) == 1:
        SyncRun.objects.filter(pk=newest[1][0]).delete()
