"""The state of a running pass: its lease, its caller and client, and its counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from linking.core.config import IntegrationConfig
from linking.models import Integration, StopReason, SyncRun
from linking.sync import schedule
from linking.sync.calls_with_retries import TRIES, TRIES_AFTER_A_FAULT, Clock, PacedCaller, PassStopped, Patience
from linking.sync.store import controls, leases, lookups

RENEW_S = 10.0
LOOK_S = 2.0  # how often a pass looks whether somebody asked for its end
STOPPED_FOR_S = 60.0
COUNTS = (
    "calls", "pages", "chats", "visitors_found", "lookups", "lookups_left", "linked", "relinked", "anonymous", "gone",
    "conflicts", "quarantined", "waited_s",
)  # fmt: skip


Tell = Callable[[Mapping[str, int]], None]


@dataclass(slots=True, kw_only=True)
class Work:
    """A running pass. `is_eager`: a person waits, so every visitor with new activity is asked about at once.

    `tell` is called with the counts whenever the lease is looked after.
    """

    integration: Integration
    run: SyncRun
    held: leases.Held
    clock: Clock
    patience: Patience
    is_eager: bool
    tell: Tell | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    failed_in_a_row: int = 0
    failed: int = 0
    renewed_at: datetime | None = None
    looked_at: datetime | None = None
    opened: Any = None
    _caller: PacedCaller | None = None
    _export_caller: PacedCaller | None = None

    def begin(self, *, config: IntegrationConfig, account: str) -> None:
        """Make ready to ask; `account` names the budget that calls use."""
        self._caller = self._make_caller(
            account=account or self.integration.slug, per_minute=config.requests_per_minute
        )

    def begin_export(self, *, account: str, per_minute: int) -> None:
        """Make ready to make calls that are counted apart, in a budget of their own."""
        if self._export_caller is None:
            self._export_caller = self._make_caller(account=account, per_minute=per_minute)

    def _make_caller(self, *, account: str, per_minute: int) -> PacedCaller:
        faults = schedule.count_consecutive_faults(integration_id=self.integration.pk)
        return PacedCaller(
            account=account,
            per_minute=per_minute,
            patience=self.patience,
            clock=self.clock,
            keep=self._keep_lease,
            tries=TRIES_AFTER_A_FAULT if faults else TRIES,
        )

    @property
    def caller(self) -> PacedCaller:
        """Who calls Zendesk for this pass."""
        if self._caller is None:
            raise RuntimeError("The pass has not begun to ask.")
        return self._caller

    @property
    def export_caller(self) -> PacedCaller:
        """Who makes the calls that are counted apart."""
        if self._export_caller is None:
            raise RuntimeError("The pass has no calls that are counted apart.")
        return self._export_caller

    @property
    def client(self) -> Any:
        """The account that is asked, as the source opened it."""
        if self.opened is None:
            raise RuntimeError("The pass has no client yet.")
        return self.opened

    def read_counts(self) -> dict[str, int]:
        """Return the counts as they stand."""
        callers = [caller for caller in (self._caller, self._export_caller) if caller is not None]
        calls, waited_s = sum(caller.calls for caller in callers), sum(caller.waited_s for caller in callers)
        return self.counts | {"calls": calls, "waited_s": round(waited_s)}

    def read_final_counts(self, *, now: datetime) -> dict[str, int]:
        """Return the counts, with how many visitors wait still."""
        left = lookups.count_lookups_left(integration_id=self.integration.pk, now=now)
        return self.read_counts() | {"lookups_left": left}

    def _keep_lease(self) -> None:
        if self.tell is not None:
            self.tell(self.read_counts())
        now = self.clock.now()
        if self.renewed_at is None or abs((now - self.renewed_at).total_seconds()) >= RENEW_S:
            leases.renew(held=self.held)
            self.renewed_at = now
        if self.looked_at is None or abs((now - self.looked_at).total_seconds()) >= LOOK_S:
            self.looked_at = now
            if name := controls.find_who_stopped(run=self.run):
                raise PassStopped(f"Stopped by {name}.", reason=StopReason.BY_HAND, resume_in_s=STOPPED_FOR_S)
