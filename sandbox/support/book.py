"""The whole state of the imitated Support account, and what still takes effect later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from random import Random
from typing import Any

from sandbox.support.events import EventHook
from sandbox.support.limits import ClassLimiter
from sandbox.support.people import ADMIN, OWNER_EMAIL, OWNER_ID, MessagingStore, SandboxUser, SupportStore
from sandbox.support.sunco.hook import SunCoHook
from sandbox.support.switches import SupportSwitches
from sandbox.support.tokens import TokenStore

Effect = Callable[[float], None]  # called with the epoch second of its time
TIMER_MARGIN_S = 0.02  # a timer may fire slightly before its time by the clock


class SupportBook:
    """People, switches, limits, tokens and webhooks of one account.

    Callers must hold `lock`; `clock` returns epoch seconds.
    """

    def __init__(self, *, clock: Callable[[], float], lock: AbstractContextManager[Any]) -> None:
        self.clock, self.lock = clock, lock
        self.switches = SupportSwitches()
        self.people = SupportStore()
        self.messaging = MessagingStore()
        self.tokens = TokenStore()
        self.limiter = ClassLimiter()
        self.cursor_generation = 0
        self.rng = Random(0)
        self.waiting: list[tuple[float, Effect]] = []
        self.events = EventHook(switches=self.switches, clock=clock)
        self.sunco_hook = SunCoHook(switches=self.switches)
        self.last_start = ""  # the token of the newest start of an app, to be tried again
        self.people.load([build_owner(created_s=0)])

    def close(self) -> None:
        """End the thread of the webhook, and let nothing more take effect."""
        self.events.close()
        self.waiting = []

    def replace_people(self, users: list[SandboxUser]) -> None:
        """Replace all Support users and forget messaging users, tickets and what was still to take effect."""
        self.people, self.messaging, self.waiting = SupportStore(), MessagingStore(), []
        self.people.load(users)

    def do_later(self, effect: Effect, *, delay_s: float) -> None:
        """Let an effect take place after `delay_s` seconds, at once for 0."""
        now_s = self.clock()
        if delay_s <= 0:
            effect(now_s)
            return
        self.waiting.append((now_s + delay_s, effect))
        timer = threading.Timer(delay_s + TIMER_MARGIN_S, self._settle_alone)
        timer.daemon = True
        timer.start()

    def settle(self) -> None:
        """Let everything take effect whose time has come, in order of time."""
        while self.waiting:
            due_s, effect = min(self.waiting, key=lambda item: item[0])
            if due_s > self.clock():
                return
            self.waiting.remove((due_s, effect))
            effect(due_s)

    def to_json(self) -> dict[str, Any]:
        """Return the counters as JSON-ready values."""
        people = self.people
        return {
            "calls": self.limiter.calls.total(), **self.limiter.to_json(), "tokens_issued": self.tokens.issued_count,
            "records": {"users": len(people.users), "deleted": len(people.deleted_ids), "tickets": len(people.tickets),
                        "messaging_users": len(self.messaging.users)},
        }  # fmt: skip

    def _settle_alone(self) -> None:
        with self.lock:
            self.settle()


def build_owner(*, created_s: int) -> SandboxUser:
    """Return the admin who made the OAuth clients."""
    return SandboxUser(OWNER_ID, "Sandbox Admin", OWNER_EMAIL, None, ADMIN, created_s, created_s)
