"""FEATURE 2: Zendesk read, links kept.

One pass reads the export of chats to its end, asks about the visitors found, most useful first, and keeps what it
learnt page by page. It runs under a lease, paces its calls by the account's request slot, and can end anywhere: what
is stored is always a whole page or batch with the cursor that belongs to it, and the next pass goes on from there.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from linking import registry
from linking.asking import TRIES, TRIES_AFTER_A_FAULT, Asker, Clock, Halt, Patience, open_client
from linking.core.config import IntegrationConfig
from linking.models import Integration, StopReason, SyncRun
from linking.store import leases, lookups, pages, runs, schedule
from linking.store.answers import Answer, store_answers
from linking.store.runs import Cursor
from linking.zendesk_chat import ChatClient, ChatGone

# Source: Chat API, Incremental export: `start_time` must be more than five minutes in the past.
YOUNGEST_START_S = 301
# Chats can enter the feed a little late: a pass that reached the end before starts again this much earlier.
OVERLAP_S = 300
BATCH = 50
BATCH_S = 2.0  # and an answer waits no longer than this to be stored
RENEW_S = 10.0
LEASE_WAIT_SLICE_S = 1.0
FAILED_IN_A_ROW = 3
_COUNTS = (
    "calls", "pages", "chats", "visitors_found", "lookups", "lookups_left", "linked", "relinked", "anonymous", "gone",
    "conflicts", "quarantined",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PassReport:
    """How a pass ended. An empty `reason` means complete; `run` is None where another pass was running."""

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
    lease_wait_s: float = 0.0,
) -> PassReport:
    """Run one pass of an integration and report how it ended; refusals and faults of the vendor are an ending.

    Args:
        trigger: what asked for the pass (`schedule`, `command`).
        is_full: start again from the integration's `sync_start`.
        is_eager: ask about everyone who did something new, also where the last answer may still be trusted.
        lease_wait_s: how long to wait for another pass to end.

    Raises: Integration.DoesNotExist, and whatever is not the vendor's doing, after the run was marked as crashed.
    """
    held = _lease(integration_id=integration_id, clock=clock, wait_s=lease_wait_s)
    if held is None:
        return PassReport(reason=StopReason.ANOTHER_PASS, detail="Another pass of this integration is running.")
    try:
        integration = Integration.objects.get(pk=integration_id)
        run = runs.start_run(integration_id=integration_id, trigger=trigger, is_full=is_full, now=clock.now())
        work = _Pass(integration=integration, run=run, held=held, clock=clock, patience=patience, is_eager=is_eager)
        with _ended(work) as ending:
            if is_full:
                runs.rewind(held=held, integration_id=integration_id)
                integration.refresh_from_db()
            work.go(allow_loopback=allow_loopback)
        return PassReport(reason=ending.reason, detail=ending.detail, run=run)
    finally:
        leases.release(held=held)


@dataclass(slots=True)
class _Outcome:
    """Filled in by `_ended` when the block is over."""

    reason: str = ""
    detail: str = ""


@contextmanager
def _ended(work: "_Pass") -> Iterator[_Outcome]:
    """Finish the run's row and settle the next pass, however the block ends."""
    outcome, resume_in_s = _Outcome(), None
    try:
        yield outcome
    except Halt as halt:
        outcome.reason, outcome.detail, resume_in_s = halt.reason, str(halt), halt.resume_in_s
    except leases.LeaseLost as error:
        outcome.reason, outcome.detail = StopReason.LEASE_LOST, str(error)
    except BaseException as error:
        outcome.reason = StopReason.CRASHED if isinstance(error, Exception) else StopReason.KILLED
        outcome.detail = type(error).__name__
        raise
    finally:
        now = work.clock.now()
        counts = work.final_counts(now=now)
        runs.finish_run(run=work.run, reason=outcome.reason, detail=outcome.detail, counts=counts, now=now)
        ending = schedule.Ending(reason=outcome.reason, detail=outcome.detail, resume_in_s=resume_in_s)
        schedule.settle(integration=work.integration, ending=ending, now=now)


def _lease(*, integration_id: int, clock: Clock, wait_s: float) -> leases.Held | None:
    name = leases.sync_lease_name(integration_id=integration_id)
    until = clock.now() + timedelta(seconds=wait_s)
    while (held := leases.take(name=name)) is None and clock.now() < until:
        clock.sleep(LEASE_WAIT_SLICE_S)
    return held


@dataclass(slots=True, kw_only=True)
class _Pass:
    """One pass under way."""

    integration: Integration
    run: SyncRun
    held: leases.Held
    clock: Clock
    patience: Patience
    is_eager: bool
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    failed_in_a_row: int = 0
    failed: int = 0
    renewed_at: datetime | None = None
    asker: Asker = field(init=False)
    client: ChatClient = field(init=False)

    def go(self, *, allow_loopback: bool) -> None:
        """Read until nothing is left to read. Raises: Halt, LeaseLost."""
        config, problems = registry.config_of(self.integration)
        self.asker = self._asker(config)
        with closing(open_client(config=config, problems=problems, allow_loopback=allow_loopback)) as self.client:
            while True:
                self._read_export(start_at=config.sync_start_at)
                if self._read_visitors():
                    break
        if self.failed:
            raise Halt(f"{self.failed} visitors could not be read; they are queued.", reason=StopReason.VENDOR_FAULT)

    def final_counts(self, *, now: datetime) -> dict[str, int]:
        """Return the counts, with how many visitors wait still."""
        left = lookups.lookups_left(integration_id=self.integration.pk, now=now)
        return self._counted() | {"lookups_left": left}

    def _asker(self, config: IntegrationConfig) -> Asker:
        faults = schedule.consecutive_faults(integration_id=self.integration.pk)
        return Asker(
            account=config.zendesk_api_url or self.integration.slug,
            per_minute=config.requests_per_minute,
            patience=self.patience,
            clock=self.clock,
            keep=self._keep_lease,
            tries=TRIES_AFTER_A_FAULT if faults else TRIES,
        )

    def _keep_lease(self) -> None:
        now = self.clock.now()
        if self.renewed_at is None or abs((now - self.renewed_at).total_seconds()) >= RENEW_S:
            leases.renew(held=self.held)
            self.renewed_at = now

    def _counted(self) -> dict[str, int]:
        return self.counts | ({"calls": self.asker.calls} if hasattr(self, "asker") else {})

    # --- the export ------------------------------------------------------------------------------------------------

    def _read_export(self, *, start_at: datetime | None) -> None:
        start = self._first_place(start_at=start_at)
        seen: frozenset[tuple[str, datetime]] = frozenset()
        while True:
            page = self.asker.ask(partial(self.client.export_page, start_epoch_s=start.epoch_s, start_id=start.chat_id))
            parsed = pages.parsed_page(page=page, start=start)
            last = pages.last_place(page=page, chats=parsed.chats, start=start)
            if last is None:
                raise Halt("Zendesk's export leads backwards.", reason=StopReason.VENDOR_FAULT)
            self._store_page(parsed=parsed, last=last, is_end=page.is_short)
            if page.is_short:
                return
            keys = frozenset((chat.chat_id, chat.updated_at) for chat in parsed.chats)
            start, seen = self._next_place(start=start, last=last, is_repeat=bool(keys) and keys <= seen), keys

    def _first_place(self, *, start_at: datetime | None) -> Cursor:
        youngest = int(self.clock.now().timestamp()) - YOUNGEST_START_S
        row = self.integration
        if row.cursor_epoch_s is None:
            first = Cursor(epoch_s=int(start_at.timestamp()) if start_at else 0)
        elif row.is_caught_up:
            first = Cursor(epoch_s=max(0, row.cursor_epoch_s - OVERLAP_S))
        else:
            first = Cursor(epoch_s=row.cursor_epoch_s, chat_id=row.cursor_id)
        if self.run.cursor_from_epoch_s is None:
            self.run.cursor_from_epoch_s = min(first.epoch_s, youngest)
            self.run.save(update_fields=["cursor_from_epoch_s"])
        return first if first.epoch_s <= youngest else Cursor(epoch_s=max(0, youngest))

    def _next_place(self, *, start: Cursor, last: Cursor, is_repeat: bool) -> Cursor:
        """Return where to read on after a full page: behind its last chat, whatever `next_page` says."""
        if last == start or is_repeat:
            # The vendor ignores the second half of the cursor: more chats share a second than fit a page.
            pages.note_skipped_second(run=self.run, epoch_s=last.epoch_s, now=self.clock.now())
            last = Cursor(epoch_s=last.epoch_s + 1)
        young_s = last.epoch_s - (self.clock.now().timestamp() - YOUNGEST_START_S)
        if young_s > 0:
            self.asker.wait(seconds=young_s, reason=StopReason.VENDOR_PAUSE)
        return last

    def _store_page(self, *, parsed: pages.ParsedPage, last: Cursor, is_end: bool) -> None:
        row = self.integration
        known_s = row.cursor_epoch_s if row.cursor_epoch_s is not None else -1
        has_records = bool(parsed.chats or parsed.unreadable)
        # The overlap is read again without moving the cursor back.
        cursor = last if has_records and last.epoch_s >= known_s else None
        is_caught_up = is_end or (row.is_caught_up and last.epoch_s <= known_s)
        self.counts["pages"] += 1
        self.counts["chats"] += len(parsed.chats)
        outcome = pages.store_page(
            held=self.held, run=self.run, page=parsed, cursor=cursor, is_caught_up=is_caught_up,
            counts=self._counted(), now=self.clock.now(),
        )  # fmt: skip
        self.counts["visitors_found"] += outcome.added
        self.counts["quarantined"] += outcome.quarantined
        row.is_caught_up = is_caught_up
        if cursor is not None:
            row.cursor_epoch_s, row.cursor_id = cursor.epoch_s, cursor.chat_id

    # --- the visitors ----------------------------------------------------------------------------------------------

    def _read_visitors(self) -> bool:
        """Ask about those who wait; True when nobody is left, False when it is time to read the export again."""
        now = self.clock.now()
        hurried = schedule.is_someone_waited_for(integration_id=self.integration.pk, now=now)
        until = now + (schedule.EVERY_HURRIED if hurried else schedule.EVERY)
        since = (self.integration.last_success_at or now - schedule.HURRY_FOR) - schedule.HURRY_FOR
        lookups.promote(integration_id=self.integration.pk, since=since, now=now)
        self.counts["lookups_left"] = lookups.lookups_left(integration_id=self.integration.pk, now=now)
        while self.clock.now() < until:
            waiting = lookups.next_lookups(
                integration_id=self.integration.pk, now=self.clock.now(), is_eager=self.is_eager, limit=BATCH
            )
            if not waiting:
                return True
            self._ask_about_all([visitor_id for _, visitor_id in waiting], until=until)
        return False

    def _ask_about_all(self, visitor_ids: Sequence[str], *, until: datetime) -> None:
        answers: list[Answer] = []
        began_at = self.clock.now()
        try:
            for visitor_id in visitor_ids:
                if self.clock.now() >= until:
                    break
                answers.append(self._ask_about(visitor_id))
                if (self.clock.now() - began_at).total_seconds() >= BATCH_S:
                    self._store_answers(answers)
                    answers, began_at = [], self.clock.now()
        except Halt:
            self._store_answers(answers)
            raise
        self._store_answers(answers)

    def _ask_about(self, visitor_id: str) -> Answer:
        try:
            record = self.asker.ask(partial(self.client.visitor, visitor_id=visitor_id))
        except ChatGone:
            record = None
        except Halt as halt:
            self.failed_in_a_row += 1
            if halt.reason != StopReason.VENDOR_FAULT or self.failed_in_a_row >= FAILED_IN_A_ROW:
                raise
            self.failed += 1
            return Answer(asked_id=visitor_id, failure=str(halt))
        self.failed_in_a_row = 0
        return Answer(asked_id=visitor_id, record=record)

    def _store_answers(self, answers: Sequence[Answer]) -> None:
        if not answers:
            return
        now = self.clock.now()
        with transaction.atomic():
            leases.renew(held=self.held)
            tally = store_answers(run=self.run, answers=answers, now=now)
            counts = self._counted()
            for name, number in asdict(tally).items():
                counts[name] += number
            counts["lookups"] += len(answers)
            counts["lookups_left"] = max(0, counts["lookups_left"] - len(answers))
            runs.touch_run(run=self.run, counts=counts, now=now)
        self.counts = counts
