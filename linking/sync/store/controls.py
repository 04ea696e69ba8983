"""What people ask of an integration's sync: to pause, to stop the running pass, to read again from a date, to refresh a
visitor.

Requests are rows, so that they outlive restarts and lost messages; passes look at them and act.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from linking.models import AuditEvent, Integration, RunState, SyncRun, SyncSteering, VisitorRefresh
from linking.models.sql.times import match_ahead
from linking.sync.store import leases

# A message that was lost is made up for by the next person who asks.
PENDING_FOR = timedelta(minutes=2)


def pause(*, integration: Integration, by: Any, now: datetime) -> bool:
    """Pause the schedule; return False where it is paused already. A running pass goes on."""
    with transaction.atomic():
        row, _made = SyncSteering.objects.select_for_update().get_or_create(integration=integration)
        if row.paused_at is not None:
            return False
        SyncSteering.objects.filter(pk=row.pk).update(paused_at=now, paused_by=by.get_username())
        _audit(integration=integration, action="pause_sync", by=by, now=now)
    return True


def resume(*, integration: Integration, by: Any, now: datetime) -> bool:
    """Resume the schedule, at once where a pass is overdue; return False where it is not paused."""
    resting = SyncSteering.objects.filter(integration=integration, paused_at__isnull=False)
    with transaction.atomic():
        if not resting.update(paused_at=None, paused_by=""):
            return False
        _audit(integration=integration, action="resume_sync", by=by, now=now)
    return True


def ask_stop(*, integration: Integration, by: Any, now: datetime) -> bool:
    """Have the running pass end after its present batch; return False where none is running."""
    run = SyncRun.objects.filter(integration=integration, state=RunState.RUNNING).order_by("-pk").first()
    if run is None:
        return False
    with transaction.atomic():
        wish = {"stop_run": run, "stop_by": by.get_username()}
        SyncSteering.objects.update_or_create(integration=integration, defaults=wish)
        _audit(integration=integration, action="stop_pass", by=by, now=now)
    return True


def ask_backfill(*, integration: Integration, from_at: datetime, by: Any, now: datetime) -> None:
    """Have the next pass read the export again from `from_at`."""
    with transaction.atomic():
        wish = {"backfill_from": from_at, "backfill_by": by.get_username()}
        SyncSteering.objects.update_or_create(integration=integration, defaults=wish)
        _audit(integration=integration, action="backfill_sync", by=by, now=now)


def find_who_stopped(*, run: SyncRun) -> str:
    """Return the name of whoever asked for this run's end, "" when nobody did."""
    return SyncSteering.objects.filter(stop_run=run).values_list("stop_by", flat=True).first() or ""


def take_backfill(*, held: leases.Held, run: SyncRun) -> bool:
    """Set the cursor where somebody asked for, and mark the run; False when nobody did.

    From then on the cursor itself remembers how far the reading came, through stops and restarts.

    Raises: leases.LeaseLost.
    """
    with transaction.atomic():
        rows = SyncSteering.objects.select_for_update().filter(
            integration_id=run.integration_id, backfill_from__isnull=False
        )
        wish = rows.first()
        if wish is None or wish.backfill_from is None:
            return False
        leases.renew(held=held)
        place = {"cursor_epoch_s": int(wish.backfill_from.timestamp()), "cursor_id": "", "is_caught_up": False}
        Integration.objects.filter(pk=run.integration_id).update(**place)
        rows.update(backfill_from=None, backfill_by="")
        run.is_full = True
        run.save(update_fields=["is_full"])
    return True


def claim_refresh(*, visitor_pk: int, now: datetime) -> bool:
    """Return whether a refresh is to be queued; False while one is pending."""
    row = VisitorRefresh(visitor_id=visitor_pk, at=now)
    VisitorRefresh.objects.bulk_create([row], ignore_conflicts=True)
    is_pending = match_ahead("pending_since", now=now - PENDING_FOR, longest=PENDING_FOR)
    free = VisitorRefresh.objects.filter(~is_pending, visitor_id=visitor_pk)
    return bool(free.update(pending_since=now))


def release_refresh(*, visitor_pk: int) -> None:
    """Let a refresh be queued again: this one could not be."""
    pending = VisitorRefresh.objects.filter(visitor_id=visitor_pk)
    pending.update(pending_since=None)


def _audit(*, integration: Integration, action: str, by: Any, now: datetime) -> None:
    AuditEvent.objects.create(
        at=now, actor=by.get_username(), actor_user=by, action=action, target=f"integration {integration.slug}"
    )
