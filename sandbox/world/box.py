"""The whole state of one sandbox: configuration, world, switches, faults, counters, and the lock over them."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any

from sandbox.support.book import SupportBook
from sandbox.support.seed import make_cast
from sandbox.world.books import OAuthBook, WebhookBook, WidgetBook
from sandbox.world.cast import load_cast
from sandbox.world.faults import Faults, Switches
from sandbox.world.players import LoginBook
from sandbox.world.state import World, format_time

DEMO_FOLDER = Path(__file__).parents[1]
DEMO_FILE = DEMO_FOLDER / "demo_integration.json"
MESSAGING_FILE = DEMO_FOLDER / "demo_messaging.json"
MESSAGING_SLUG = "demo-messaging"  # the integration that the shop's Messaging widget asks the bridge for
WINDOW_S = 60.0  # Source: README Z0.5, 200 requests a minute; taken as a sliding window.


@dataclass(slots=True)
class Config:
    """The settings at the start. Login's secret, the shared secret and the account key come from the demo file.

    `messaging_keys` are the signing keys of the Messaging account, secret by key ID.
    `webhook` is the address for ended chats, `support_webhook` for Support's events, "" for none.
    """

    access_token: str = field(repr=False)
    login_project_id: str
    login_secret: str = field(repr=False)
    shared_secret: str = field(repr=False)
    account_key: str
    bridge: str
    messaging_keys: dict[str, str] = field(repr=False)
    webhook: str = ""
    webhook_secret: str = field(default="", repr=False)
    support_webhook: str = ""
    messaging_slug: str = MESSAGING_SLUG


def load_config(
    *,
    token: str,
    bridge: str,
    webhook: str = "",
    support_webhook: str = "",
    messaging_slug: str = MESSAGING_SLUG,
    path: Path = DEMO_FILE,
) -> Config:
    """Load the demo integration, so that app and sandbox always use the same secrets."""
    demo = json.loads(path.read_text(encoding="utf-8"))
    messaging = json.loads(MESSAGING_FILE.read_text(encoding="utf-8"))
    return Config(
        access_token=token, login_project_id=demo["login_project_id"], login_secret=demo["login_secret_key"],
        shared_secret=demo["zendesk_shared_secret"], account_key=demo["zendesk_account_key"], bridge=bridge.rstrip("/"),
        messaging_keys={messaging["zendesk_key_id"]: messaging["zendesk_shared_secret"]},
        webhook=webhook, webhook_secret=demo["zendesk_webhook_secret"],
        support_webhook=support_webhook, messaging_slug=messaging_slug,
    )  # fmt: skip


class CallLimiter:
    """Counts the calls of the last minute, by account or by endpoint; refused calls do not count."""

    def __init__(self) -> None:
        self.taken_at: dict[str, deque[float]] = {}
        self.highest = 0

    def take(self, *, now_s: float, limit: int, endpoint: str = "") -> float:
        """Count one call and return 0, or return the seconds until one is free."""
        taken_at = self._drop_old(now_s=now_s, endpoint=endpoint)
        if limit and len(taken_at) >= limit:
            return taken_at[-limit] + WINDOW_S - now_s
        taken_at.append(now_s)
        self.highest = max(self.highest, sum(map(len, self.taken_at.values())))
        return 0.0

    def count_left(self, *, now_s: float, limit: int, endpoint: str = "") -> tuple[int, int]:
        """Return the number of free calls, and the whole seconds until the oldest counted one expires."""
        taken_at = self._drop_old(now_s=now_s, endpoint=endpoint)
        return max(0, limit - len(taken_at)), math.ceil(taken_at[0] + WINDOW_S - now_s) if taken_at else 0

    def _drop_old(self, *, now_s: float, endpoint: str) -> deque[float]:
        """Drop calls older than a minute and return the times of the others."""
        taken_at = self.taken_at.setdefault(endpoint, deque())
        while taken_at and taken_at[0] <= now_s - WINDOW_S:
            taken_at.popleft()
        return taken_at


class Stats:
    """Counters since the start or the last reset. Tokens are stored as fingerprints only."""

    def __init__(self, *, now_s: float) -> None:
        self.since = format_time(now_s)
        self.calls: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.services: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self.judged: Counter[str] = Counter()
        self.faults = 0

    def count(self, *, service: str, label: str, status: int) -> None:
        """Count one answer."""
        self.calls[label] += 1
        self.services[service] += 1
        self.statuses[f"{service} {status}"] += 1

    def count_token(self, token: str) -> None:
        """Count a use of a token, by its fingerprint."""
        self.tokens[fingerprint(token)] += 1


def fingerprint(secret: str) -> str:
    """Return 12 hexadecimal digits of the SHA-256, which tell secrets apart without revealing them."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:12]


class Box:
    """One running sandbox. Handlers run under `lock`; `clock` returns epoch seconds."""

    def __init__(self, *, config: Config, clock: Callable[[], float] = time.time) -> None:
        self.config = config
        self.clock = clock
        self.lock = RLock()
        self.login = LoginBook(project_id=config.login_project_id, secret=config.login_secret)
        self.first_shared_secret = config.shared_secret
        self.first_messaging_keys = dict(config.messaging_keys)
        self.support = SupportBook(clock=clock, lock=self.lock)
        self.reset()

    def reset(self, *, empty: bool = False) -> None:
        """Reset to a plain start: the small cast, no faults, no sessions, counters at zero."""
        self.world = World()
        self.switches = Switches()
        self.faults = Faults()
        self.limiter = CallLimiter()
        self.stats = Stats(now_s=self.clock())
        self.oauth = OAuthBook()
        self.widget = WidgetBook()
        self.webhook = WebhookBook(url=self.config.webhook, secret=self.config.webhook_secret)
        self.support.close()
        self.support = SupportBook(clock=self.clock, lock=self.lock)
        self.support.events.url, self.support.events.secret = self.config.support_webhook, self.config.webhook_secret
        self.login.reset()
        self.config.shared_secret = self.first_shared_secret
        self.config.messaging_keys = dict(self.first_messaging_keys)
        if not empty:
            load_cast(world=self.world, now_s=self.clock())
            self.support.replace_people(make_cast(now_s=self.clock()))

    def report(self) -> dict[str, Any]:
        """Return the counters as JSON-ready values."""
        stats = self.stats
        return {
            "since": stats.since, "now": format_time(self.clock()), "total": sum(stats.calls.values()),
            "zendesk_calls": stats.services["zendesk"], "calls": dict(sorted(stats.calls.items())),
            "by_status": dict(sorted(stats.statuses.items())), "per_minute_max": self.limiter.highest,
            "faults_fired": stats.faults, "tokens": dict(sorted(stats.tokens.items())),
            "zendesk_jwts": dict(sorted(stats.judged.items())),
            "records": {"visitors": len(self.world.visitors), "chats": len(self.world.chats),
                        "aliases": len(self.world.aliases), "bans": len(self.world.bans)},
            "support": self.support.to_json(),
        }  # fmt: skip


def parse_time(text: str) -> int:
    """Parse an ISO 8601 time as epoch seconds; without a zone it is UTC. Raises: ValueError."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
