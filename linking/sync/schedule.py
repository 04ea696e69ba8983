"""Which integrations are due for a pass, and when the next one is: rows, so that an empty queue loses nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from linking.clients.retry_after import LONGEST_S
from linking.core.times import is_ahead
from linking.models import Integration, LoginUser, RunState, StopReason, SyncRun
from linking.models.sync.sync_run import COMMAND_TRIGGER, REFRESH_TRIGGER
from linking.monitoring import status, stop_reasons
from linking.sync.store import leases, runs

EVERY = timedelta(seconds=60)
# While someone we just signed a token for has not been seen in Chat yet, a chat is awaited any moment.
EVERY_HURRIED = timedelta(seconds=15)
HURRY_FOR = timedelta(minutes=10)
# However many chats Zendesk reports, passes begin at least this far apart.
EVERY_POKED = timedelta(seconds=5)
# A pass that was queued and never came is queued again after this time.
QUEUED_FOR = timedelta(seconds=30)
BACK_OFF_FIRST, BACK_OFF_LONGEST = timedelta(seconds=15), timedelta(minutes=5)
# What waits for an administrator is tried again this often all the same: a vendor's hiccup heals by itself, and so does
# what only one of several machines found.
BLOCKED_RETRIED_EVERY = timedelta(hours=1)
# No pass is put off longer than Zendesk may ask for.
_LONGEST = timedelta(seconds=LONGEST_S) + EVERY


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a pass ended: an empty `reason` means complete. `resume_in_s` is None where the back-off decides.

    `is_by_hand`: it ran in the process of whoever typed the command.
    """

    reason: str = ""
    detail: str = ""
    resume_in_s: float | None = None
    is_by_hand: bool = False


def list_due(*, now: datetime) -> list[int]:
    """Return the keys of integrations whose pass is due and not running, longest overdue first."""
    running = leases.list_held_names()
    return [
        row.pk
        for row in _list_wanted()
        if _is_due(row, now=now) and leases.sync_lease_name(integration_id=row.pk) not in running
    ]


def claim(*, integration_id: int, now: datetime) -> bool:
    """Note that a due integration is being queued; False when somebody else just did.

    The note lapses by itself, so that a message that was lost is sent again.
    """
    row = Integration.objects.filter(pk=integration_id).first()
    if row is None or not _is_due(row, now=now):
        return False
    later = now + QUEUED_FOR
    if row.last_success_at is not None and row.last_success_at <= now:
        later = max(later, row.last_success_at + EVERY + timedelta(seconds=1))  # past what hurrying looks at
    unchanged = Integration.objects.filter(pk=integration_id, next_sync_at=row.next_sync_at)
    if row.next_sync_at is None:
        unchanged = Integration.objects.filter(pk=integration_id, next_sync_at__isnull=True)
    return bool(unchanged.update(next_sync_at=later))


def is_wanted(*, integration_id: int, now: datetime) -> bool:
    """Return whether a pass that was queued is wanted still: settings may have changed since, or a pass was blocked."""
    # Queueing puts the next pass off by at most this.
    queued_until = now + EVERY + QUEUED_FOR
    row = next((row for row in _list_wanted() if row.pk == integration_id), None)
    if row is None or not row.blocked_reason:
        return row is not None
    return row.next_sync_at is not None and row.next_sync_at <= queued_until


def stop_running(*, integration_id: int) -> None:
    """Take the lease from a pass under way: its next write fails."""
    leases.revoke(name=leases.sync_lease_name(integration_id=integration_id))


def poke(*, integration_id: int, now: datetime) -> None:
    """Note that Zendesk reported a chat: the next pass is due as soon as the last success is `EVERY_POKED` ago.

    A pause or a back-off still applies. Several pokes before a pass count as one.
    """
    Integration.objects.filter(pk=integration_id).update(poked_at=now)


def take_poke(*, integration_id: int) -> None:
    """Clear the poke at the start of a pass, which reads everything up to now; a later poke counts anew."""
    Integration.objects.filter(pk=integration_id, poked_at__isnull=False).update(poked_at=None)


def is_someone_waited_for(*, integration_id: int, now: datetime) -> bool:
    """Return whether a user got a token in the last ten minutes and was never seen in Chat."""
    return LoginUser.objects.filter(
        integration_id=integration_id,
        is_seen_in_chat=False,
        first_authenticated_at__isnull=False,
        last_authenticated_at__gte=now - HURRY_FOR,
    ).exists()


def count_consecutive_faults(*, integration_id: int) -> int:
    """Return how many of the newest passes ended in a fault, one after the other; at most 10.

    What a command found in its own environment says nothing of the next pass of the schedule.
    """
    passes = SyncRun.objects.filter(integration_id=integration_id).exclude(state=RunState.RUNNING)
    passes = passes.exclude(trigger=COMMAND_TRIGGER, stop_reason__in=stop_reasons.ENVIRONMENTAL)
    reasons = passes.exclude(trigger=REFRESH_TRIGGER).values_list("stop_reason", flat=True)[:10]
    return next((number for number, reason in enumerate(reasons) if reason not in stop_reasons.FAULTS), len(reasons))


def settle(*, integration: Integration, ending: Ending, now: datetime) -> None:
    """Write when the next pass is due, after the run's own row was finished.

    A command that lacked the right environment says so in its shell and changes nothing here; a complete one counts,
    and lifts a block.

    `integration` is the row as the pass read it: settings changed in the meantime are not blocked by an old refusal.
    """
    mine = Integration.objects.filter(pk=integration.pk)
    if not ending.reason:
        pause = EVERY_HURRIED if is_someone_waited_for(integration_id=integration.pk, now=now) else EVERY
        mine.update(last_success_at=now, next_sync_at=now + pause, blocked_reason="")
        runs.drop_quiet_runs(integration_id=integration.pk, now=now)
    elif ending.reason == StopReason.LEASE_LOST or (ending.is_by_hand and ending.reason in stop_reasons.ENVIRONMENTAL):
        return
    elif ending.reason in stop_reasons.BLOCKS:
        unchanged = mine.filter(updated_at=integration.updated_at)
        unchanged.update(blocked_reason=ending.reason, next_sync_at=now + BLOCKED_RETRIED_EVERY)
    else:
        mine.update(next_sync_at=now + _choose_pause(integration_id=integration.pk, ending=ending))
        if ending.reason == StopReason.SETUP:
            runs.drop_repetition(integration_id=integration.pk)


def _list_wanted() -> list[Integration]:
    """Return the integrations that passes are made of, longest overdue first; a blocked one until it is tried again."""
    rows = Integration.objects.filter(enabled=True, sync_enabled=True)
    rows = rows.filter(Q(blocked_reason="") | Q(next_sync_at__isnull=False), steering__paused_at__isnull=True)
    rows = rows.order_by("next_sync_at", "pk").prefetch_related("secrets")
    # An unfinished one could only say again what its card says already.
    return [
        row for row in rows if not status.list_missing_setup(row, names={secret.name for secret in row.secrets.all()})
    ]


def _choose_pause(*, integration_id: int, ending: Ending) -> timedelta:
    if ending.resume_in_s is not None:
        return timedelta(seconds=ending.resume_in_s)
    if ending.reason == StopReason.SETUP:
        return BACK_OFF_LONGEST  # a file that is mounted late, or a person; no second try mends it
    faults = count_consecutive_faults(integration_id=integration_id)
    return min(BACK_OFF_FIRST * 2 ** max(faults - 1, 0), BACK_OFF_LONGEST)


def _is_due(row: Integration, *, now: datetime) -> bool:
    if row.blocked_reason:
        return row.next_sync_at is not None and not is_ahead(row.next_sync_at, now=now, longest=BLOCKED_RETRIED_EVERY)
    if row.next_sync_at is None or not is_ahead(row.next_sync_at, now=now, longest=_LONGEST):
        return True
    if row.last_success_at is None or row.next_sync_at > row.last_success_at + EVERY:
        return False  # not the plain wait after a success: a pause, a back-off, or queued already
    if row.poked_at is not None and row.last_success_at + EVERY_POKED <= now:
        return True
    is_time = row.last_success_at + EVERY_HURRIED <= now
    return is_time and is_someone_waited_for(integration_id=row.pk, now=now)
