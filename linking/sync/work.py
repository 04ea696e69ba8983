"""The state of a running pass: its lease, its caller and client, and its counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from linking.clients.zendesk_chat import ChatClient
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
    _caller: PacedCaller | None = None
    chat: ChatClient | None = None

    def begin(self, *, config: IntegrationConfig, account: str) -> None:
        """Make ready to ask; `account` names the budget that calls use."""
        faults = schedule.count_consecutive_faults(integration_id=self.integration.pk)
        self._caller = PacedCaller(
            account=account or self.integration.slug,
            per_minute=config.requests_per_minute,
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
    def client(self) -> ChatClient:
        """The account that is asked."""
        if self.chat is None:
            raise RuntimeError("The pass has no client yet.")
        return self.chat

    def read_counts(self) -> dict[str, int]:
        """Return the counts as they stand."""
        mine = {"calls": self._caller.calls, "waited_s": round(self._caller.waited_s)} if self._caller else {}
        return self.counts | mine

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
