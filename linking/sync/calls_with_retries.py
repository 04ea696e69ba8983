"""How Zendesk is asked: paced by the account's request slot, patient within bounds, tried again where that helps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import TypeVar

from linking.clients.zendesk_api import ZendeskBroken, ZendeskClient, ZendeskRefused, ZendeskTryLater
from linking.core.config import IntegrationConfig
from linking.models import StopReason
from linking.sync.store import request_slots as slots

TRIES = 5
TRIES_AFTER_A_FAULT = 2  # the account failed in the last pass too: do not knock as often
PAUSES_IN_A_ROW = 30
RETRY_WAIT_LONGEST_S = 2.0
SLICE_S = 10.0

T = TypeVar("T")
C = TypeVar("C", bound=ZendeskClient)


class PassStopped(Exception):
    """The work has to stop here. `reason` is a `StopReason`, `resume_in_s` None where the back-off decides.

    `status` is the one Zendesk refused with, None where it did not.
    """

    def __init__(
        self, detail: str, *, reason: StopReason, resume_in_s: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.resume_in_s = resume_in_s
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The edge's clock: the current moment, and a sleep in seconds."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long whoever runs the work will wait.

    `longest_wait_s`: the longest single pause slept through. `deadline_s`: time for the whole work, None for no end.
    `is_stopping`: whether the process has been told to end.
    """

    longest_wait_s: float
    deadline_s: float | None = None
    is_stopping: Callable[[], bool] = field(default=lambda: False)


@dataclass(slots=True, kw_only=True)
class PacedCaller:
    """Lets calls to one account leave one by one.

    Args:
        account: whose budget the calls use; `per_minute`: that budget.
        keep: called before each call and while waiting, to keep a lease alive.
        tries: how often a call that fails is tried in all.
        is_first: a person waits, so calls reserve the next slot ahead of everybody who waits for one.

    `asked_at` is when the last call left, `waited_s` how long calls were kept waiting so far.
    """

    account: str
    per_minute: int
    patience: Patience
    clock: Clock
    keep: Callable[[], None]
    tries: int = TRIES
    is_first: bool = False
    calls: int = 0
    waited_s: float = 0.0
    asked_at: datetime = field(init=False)
    started_at: datetime = field(init=False)
    _random: SystemRandom = field(init=False, default_factory=SystemRandom)

    def __post_init__(self) -> None:
        self.started_at = self.asked_at = self.clock.now()

    def ask(self, call: Callable[[], T]) -> T:
        """Return what `call` returns, sooner or later.

        Raises: PassStopped when a person must act, a pause is longer than the patience, or every try failed;
        ZendeskGone.
        """
        faults = pauses = 0
        while True:
            self._await_slot()
            self.calls += 1
            self.asked_at = self.clock.now()
            try:
                return call()
            except ZendeskRefused as error:
                raise stop_for_refusal(error) from error
            except ZendeskTryLater as error:
                failure = str(error)
                self.rest(seconds=error.retry_after_s)
                if error.reason == StopReason.VENDOR_PAUSE and pauses < PAUSES_IN_A_ROW:
                    pauses += 1
                    continue
            except ZendeskBroken as error:
                failure = str(error)
            faults += 1
            if faults >= self.tries:
                raise PassStopped(failure, reason=StopReason.VENDOR_FAULT)
            self.wait(seconds=self._choose_retry_wait_s(faults), reason=StopReason.VENDOR_FAULT)

    def is_going_on(self) -> bool:
        """Keep the lease alive between two pieces of work that ask nothing; True, or it raises.

        Raises: PassStopped when the time is up, the process is to end, or somebody asked for the end; leases.LeaseLost.
        """
        self._check_time(seconds=0)
        self.keep()
        return True

    def wait(self, *, seconds: float, reason: StopReason) -> None:
        """Sleep, keeping the lease alive.

        Raises: PassStopped when that is longer than the patience, past the deadline, or the process is to end.
        """
        if seconds > self.patience.longest_wait_s:
            raise PassStopped(f"A pause of {seconds:.0f} s is needed.", reason=reason, resume_in_s=seconds)
        until = self.clock.now() + timedelta(seconds=seconds)
        while True:
            self._check_time(seconds=seconds)
            self.keep()
            # What is slept counts too: a clock that is set back meanwhile must not make the pause longer.
            seconds = min(seconds, (until - self.clock.now()).total_seconds())
            if seconds <= 0:
                return
            self.clock.sleep(min(seconds, SLICE_S))
            self.waited_s += min(seconds, SLICE_S)
            seconds -= SLICE_S

    def rest(self, *, seconds: float) -> None:
        """Let no call of this budget leave for so long, whoever makes it; 0 changes nothing."""
        # Zendesk's word counts for every worker that calls this account, not only for this one.
        if seconds:
            slots.pause(account=self.account, until_epoch_s=self.clock.now().timestamp() + seconds)

    def _await_slot(self) -> None:
        self.is_going_on()
        if self.is_first:
            self._await_reserved_slot()
            return
        while True:
            now_epoch_s = self.clock.now().timestamp()
            wait = slots.take_slot(account=self.account, per_minute=self.per_minute, now_epoch_s=now_epoch_s)
            if wait.seconds <= 0:
                return
            self.wait(seconds=wait.seconds, reason=StopReason.VENDOR_PAUSE if wait.is_pause else StopReason.BUDGET)

    def _await_reserved_slot(self) -> None:
        while True:
            slot = slots.reserve_slot(
                account=self.account,
                per_minute=self.per_minute,
                now_epoch_s=self.clock.now().timestamp(),
                within_s=self.patience.longest_wait_s,
            )
            reason = StopReason.VENDOR_PAUSE if slot.is_pause else StopReason.BUDGET
            if not slot.is_mine and not slot.is_pause:
                raise PassStopped(
                    f"A pause of {slot.seconds:.0f} s is needed.", reason=reason, resume_in_s=slot.seconds
                )
            if slot.seconds > 0:
                self.wait(seconds=slot.seconds, reason=reason)
            # Zendesk may have asked for a pause while the slot was awaited.
            if slot.is_mine and not slots.is_paused(account=self.account, now_epoch_s=self.clock.now().timestamp()):
                return

    def _check_time(self, *, seconds: float) -> None:
        if self.patience.is_stopping():
            raise PassStopped("The process is stopping.", reason=StopReason.DEADLINE, resume_in_s=0)
        if self.clock.now() < self.started_at:
            # Every time this pass goes by is wrong; the next one begins with right ones.
            raise PassStopped("The clock was set back.", reason=StopReason.DEADLINE, resume_in_s=0)
        if self.patience.deadline_s is None:
            return
        end_at = self.started_at + timedelta(seconds=self.patience.deadline_s)
        if self.clock.now() + timedelta(seconds=seconds) >= end_at:
            raise PassStopped("Time limit reached.", reason=StopReason.DEADLINE, resume_in_s=seconds)

    def _choose_retry_wait_s(self, faults: int) -> float:
        return self._random.uniform(0, min(RETRY_WAIT_LONGEST_S, 0.25 * 2**faults))


def open_account(
    client: type[C],
    *,
    config: IntegrationConfig,
    problems: Sequence[str],
    unset: str,
    allow_loopback: bool,
    deadline_s: float,
) -> C:
    """Return a client of an integration's account; `deadline_s` is the time one call may take.

    Args:
        problems: what `registry.config_of` said about secrets that cannot be had.
        unset: what to say where nothing was said and address or access token are not set.

    Raises: PassStopped when the set-up is incomplete or the address may not be called.
    """
    if not config.zendesk_api_url or not config.zendesk_access_token:
        raise PassStopped(" ".join(problems) or unset, reason=StopReason.SETUP)
    try:
        return client(
            base_url=config.zendesk_api_url,
            access_token=config.zendesk_access_token,
            allow_loopback=allow_loopback,
            deadline_s=deadline_s,
        )
    except ZendeskRefused as error:
        raise stop_for_refusal(error) from error


def stop_for_refusal(error: ZendeskRefused) -> PassStopped:
    """Return the end of the work that a refusal means."""
    reason = StopReason.HOST if error.reason == "host" else StopReason.CREDENTIALS
    return PassStopped(str(error), reason=reason, status=error.status)
