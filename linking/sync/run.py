"""FEATURE 2: Zendesk read, links kept.

One pass reads the export of chats to its end, asks about the visitors found, most useful first, and keeps what it
learnt page by page. It runs under a lease, paces its calls by the account's request slot, and can end anywhere: what
is stored is always a whole page or batch with the cursor that belongs to it, and the next pass goes on from there.
"""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction

from linking import registry
from linking.models import Integration, StopReason, SyncRun
from linking.models.sync.sync_run import COMMAND_TRIGGER
from linking.monitoring import row_counts
from linking.sync import schedule
from linking.sync.calls_with_retries import Clock, PassStopped, Patience
from linking.sync.sources import find_source
from linking.sync.store import controls, leases, lookups, runs
from linking.sync.work import COUNTS, Tell, Work

__all__ = ["COUNTS", "PassReport", "run_pass"]
LEASE_WAIT_SLICE_S = 1.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassReport:
    """How a pass ended. An empty `reason` means complete, and `detail` then is something to know, mostly nothing.

    `run` is None where another pass was running.
    """

    reason: str = ""
    detail: str = ""
    run: SyncRun | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the export was read to its end and nobody waits to be asked about."""
        return not self.reason


def run_pass(
    *,
    integration_id: int,
    trigger: str,
    clock: Clock,
    patience: Patience,
    allow_loopback: bool,
    is_full: bool = False,
    is_eager: bool = False,
    is_retrying: bool = False,
    is_rechecking: bool = False,
    lease_wait_s: float = 0.0,
    tell: Tell | None = None,
) -> PassReport:
    """Run one pass of an integration and report how it ended; refusals and faults of the vendor are an ending.

    Args:
        trigger: what asked for the pass (`schedule`, `command`, `page`).
        is_full: start again from the integration's `sync_start`.
        is_eager: ask about everyone who did something new, also where the last answer may still be trusted.
        is_retrying: try everything again at once that could not be read before.
        is_rechecking: ask about every visitor again that is known, after those that are new.
        lease_wait_s: how long to wait for another pass to end.
        tell: called with the run's counts before each call to Zendesk and while waiting.

    Raises: Integration.DoesNotExist, and whatever is not the vendor's doing, after the run was marked as crashed.
    """
    with _hold_lease(integration_id=integration_id, clock=clock, wait_s=lease_wait_s) as held:
        if held is None:
            return PassReport(reason=StopReason.ANOTHER_PASS, detail="Another sync of this integration is running.")
        run = _start_run(held, integration_id=integration_id, trigger=trigger, is_full=is_full, now=clock.now())
        work = Work(integration=run.integration, run=run, held=held, clock=clock, patience=patience, is_eager=is_eager,
                    tell=tell)  # fmt: skip
        with _end_run(work) as ending:
            _move_cursor(work, is_full=is_full)
            ending.detail = _work_through(
                work, allow_loopback=allow_loopback, is_retrying=is_retrying, is_rechecking=is_rechecking
            )
        report = PassReport(reason=ending.reason, detail=ending.detail, run=run)
    # Whoever typed the command may read the numbers next.
    _count_rows(now=clock.now(), is_urgent=trigger == COMMAND_TRIGGER)
    return report


def _count_rows(*, now: datetime, is_urgent: bool) -> None:
    try:
        row_counts.count_if_due(now=now, is_urgent=is_urgent)
    except DatabaseError as error:
        logger.warning("The rows could not be counted (%s).", type(error).__name__)


def _start_run(held: leases.Held, *, integration_id: int, trigger: str, is_full: bool, now: datetime) -> SyncRun:
    """Begin a run, its `integration` at hand. Raises: Integration.DoesNotExist, leases.LeaseLost."""
    schedule.take_poke(integration_id=integration_id)
    integration = Integration.objects.get(pk=integration_id)
    if runs.was_clock_set_back(integration_id=integration_id, now=now):
        lookups.hasten_all(integration_id=integration_id, now=now, leave=lookups.Leave(held=held))
    run = runs.start_run(integration_id=integration_id, trigger=trigger, is_full=is_full, now=now)
    run.integration = integration
    return run


def _move_cursor(work: Work, *, is_full: bool) -> None:
    """Set the cursor back to where the export is to be read from, if anybody asked for that."""
    if is_full:
        find_source(work.integration.zendesk_product).rewind(work)
    if controls.take_backfill(held=work.held, run=work.run) or is_full:
        work.integration.refresh_from_db()


@dataclass(slots=True)
class _Outcome:
    """Filled in by `_end_run` when the block is over."""

    reason: str = ""
    detail: str = ""
    status: int | None = None


@contextmanager
def _end_run(work: Work) -> Iterator[_Outcome]:
    """Finish the run's row and settle the next pass, however the block ends."""
    outcome, resume_in_s = _Outcome(), None
    try:
        yield outcome
    except PassStopped as halt:
        outcome.reason, outcome.detail, resume_in_s = halt.reason, str(halt), halt.resume_in_s
        outcome.status = halt.status
    except leases.LeaseLost as error:
        outcome.reason, outcome.detail = StopReason.LEASE_LOST, str(error)
    except BaseException as error:
        outcome.reason = StopReason.CRASHED if isinstance(error, Exception) else StopReason.KILLED
        outcome.detail = type(error).__name__
        # Whoever ended the process did not mean the vendor: there is nothing to wait for.
        resume_in_s = None if isinstance(error, Exception) else 0.0
        raise
    finally:
        _settle(work, outcome, resume_in_s=resume_in_s)


def _settle(work: Work, outcome: _Outcome, *, resume_in_s: float | None) -> None:
    """Finish the run's row and say when the next pass is due, unless another worker holds the lease by now."""
    now = work.clock.now()
    with transaction.atomic():
        try:
            leases.renew(held=work.held)
        except leases.LeaseLost as error:
            # Whatever this pass ended with, it is the other one that knows how things stand.
            outcome.reason, outcome.detail, outcome.status = StopReason.LEASE_LOST, str(error), None
        counts = work.read_final_counts(now=now)
        runs.finish_run(
            run=work.run, reason=outcome.reason, detail=outcome.detail, status=outcome.status, counts=counts, now=now
        )
        ending = schedule.Ending(
            reason=outcome.reason,
            detail=outcome.detail,
            resume_in_s=resume_in_s,
            is_by_hand=work.run.trigger == COMMAND_TRIGGER,
        )
        schedule.settle(integration=work.integration, ending=ending, now=now)


@contextmanager
def _hold_lease(*, integration_id: int, clock: Clock, wait_s: float) -> Iterator[leases.Held | None]:
    """Hold the lease of an integration's passes; None when another pass keeps it for longer than `wait_s`."""
    name = leases.sync_lease_name(integration_id=integration_id)
    until = clock.now() + timedelta(seconds=wait_s)
    while (held := leases.take(name=name)) is None and clock.now() < until:
        clock.sleep(LEASE_WAIT_SLICE_S)
    try:
        yield held
    finally:
        if held is not None:
            leases.release(held=held)


def _work_through(work: Work, *, allow_loopback: bool, is_retrying: bool, is_rechecking: bool) -> str:
    """Read until nothing is left to read; return what the admin should be told. Raises: PassStopped, LeaseLost."""
    config, problems = registry.config_of(work.integration)
    source = find_source(work.integration.zendesk_product)
    work.begin(config=config, account=source.name_budget(config))
    leave = lookups.Leave(held=work.held, go_on=work.caller.is_going_on)
    if is_retrying:
        lookups.hasten_failed(integration_id=work.integration.pk, now=work.clock.now(), leave=leave)
    if is_rechecking:
        lookups.queue_all(integration_id=work.integration.pk, now=work.clock.now(), leave=leave)
    config = source.make_ready(config, clock=work.clock, allow_loopback=allow_loopback, caller=work.caller)
    recovered_from: set[str] = set()
    while True:
        config, notice = source.settle_address(config)
        try:
            client = source.open_client(config=config, problems=problems, allow_loopback=allow_loopback)
            with closing(client) as work.opened:
                source.read_all(work, config=config, is_retrying=is_retrying)
            return notice
        except PassStopped as halt:
            if halt.reason in recovered_from:
                raise
            better = source.recover(halt, config, caller=work.caller, allow_loopback=allow_loopback)
            if better is None:
                raise
            recovered_from.add(halt.reason)
            config = better
