"""Support's event webhook: what a change tells, signed, to one address on this machine. Source: README M9."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import logging
import queue
import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.support.people import SandboxUser, Ticket
from sandbox.support.switches import SupportSwitches
from sandbox.world.state import ACCOUNT_ID, format_time

log = logging.getLogger("sandbox")
# Signs the test call while a webhook is being created; the vendor publishes it. Source: README M9
PUBLIC_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="
VERSIONS = {"user": "2022-06-20", "ticket": "2022-11-06"}
MISPRINTED = ("user.merged", "user.identity_created", "user.identity_changed")
MOST_TRIES = 3  # Source: README M9, some failures are retried; how often is unknown
LONGEST_RETRY_S = 60.0
DISORDER_WAIT_S = 1.0
BREAKER_WINDOW_S, BREAKER_ERRORS, BREAKER_SHARE, BREAKER_LEAST = 300.0, 1000, 0.7, 10
KEPT = 500  # deliveries to remember


@dataclass(frozen=True, slots=True)
class EventDelivery:
    """What became of one event: `fate` is sent, failed, lost or paused; `status` of the answer, 0 without one."""

    id: str
    type: str
    fate: str
    status: int
    tries: int
    body: str


def sign_call(*, secret: str, timestamp: str, body: str) -> str:
    """Return base64(HMAC-SHA256(secret, timestamp + body)). Source: README M9."""
    mac = hmac.new(secret.encode(), (timestamp + body).encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def build_detail(user: SandboxUser) -> dict[str, Any]:
    """Return a user as events have it: IDs as text, `"0"` and `""` for absent ones. Source: README M9."""
    return {
        "created_at": format_time(user.created_s), "updated_at": format_time(user.updated_s), "email": user.email or "",
        "external_id": user.external_id or "", "default_group_id": "0", "id": str(user.id), "organization_id": "0",
        "role": user.role,
    }  # fmt: skip


def build_ticket_detail(ticket: Ticket) -> dict[str, Any]:
    """Return a ticket as events have it. Source: README M5 and M9."""
    made_at = format_time(ticket.created_s)
    return {
        "id": str(ticket.id), "created_at": made_at, "updated_at": made_at, "subject": ticket.subject, "status": "OPEN",
        "requester_id": str(ticket.requester_id), "submitter_id": str(ticket.requester_id), "tags": [],
        "via": {"channel": "native_messaging"}, "external_id": None, "priority": None, "type": None,
    }  # fmt: skip


class EventHook:
    """The webhook: its address, the subscribed types, and one thread that sends in order."""

    def __init__(self, *, switches: SupportSwitches, clock: Callable[[], float]) -> None:
        self.switches, self.clock = switches, clock
        self.url, self.secret = "", ""
        self.types: tuple[str, ...] = ()  # empty: all
        self.deliveries: deque[EventDelivery] = deque(maxlen=KEPT)
        self.reported_count = 0
        self.paused_until_s = 0.0
        self._results: deque[tuple[float, bool]] = deque()
        self._queue: queue.Queue[tuple[str, str] | None] = queue.Queue()
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None

    def report(self, type_: str, *, subject_id: int, detail: dict[str, Any], event: dict[str, Any]) -> None:
        """Send an event, unless it is not subscribed or to be lost; a duplicate has the same ID."""
        if not self.url or (self.types and type_ not in self.types):
            return
        self.reported_count += 1
        body = self._build_body(type_, subject_id=subject_id, detail=detail, event=event)
        switches = self.switches
        if switches.event_loss_every and self.reported_count % switches.event_loss_every == 0:
            self._remember(type_, body, "lost", 0, 0)
            return
        self._put(type_, body)
        if switches.event_duplicate_every and self.reported_count % switches.event_duplicate_every == 0:
            self._put(type_, body)

    def send_test_call(self) -> int:
        """Send the call made while a webhook is created, signed with the public secret; return the status."""
        subject = {"id": "1", "external_id": "", "email": "", "role": "end-user"}
        body = self._build_body("user.created", subject_id=1, detail=subject, event={})
        return self._send(body, secret=PUBLIC_SECRET)[0]

    def close(self) -> None:
        """End the thread."""
        self._ends.set()
        self._queue.put(None)

    def to_json(self) -> dict[str, Any]:
        """Return address, types and deliveries, without the secret."""
        return {"url": self.url, "types": list(self.types), "deliveries": [asdict(item) for item in self.deliveries]}

    def _build_body(self, type_: str, *, subject_id: int, detail: dict[str, Any], event: dict[str, Any]) -> str:
        kind = type_.partition(".")[0]
        mark = "/" if self.switches.event_names == "slash" and type_ in MISPRINTED else ":"
        return json.dumps({
            "type": f"zen:event-type{mark}{type_}", "account_id": ACCOUNT_ID, "id": str(uuid.uuid4()),
            "time": format_nanoseconds(self.clock(), digits=self.switches.event_time_digits),
            "zendesk_event_version": VERSIONS[kind], "subject": f"zen:{kind}:{subject_id}", "detail": detail,
            "event": event,
        })  # fmt: skip

    def _put(self, type_: str, body: str) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        self._queue.put((type_, body))

    def _work(self) -> None:
        """Send events in order, or with disorder each after the one that follows it, until closed."""
        while (item := self._queue.get()) is not None and not self._ends.is_set():
            following: tuple[str, str] | None = None
            if self.switches.event_disorder:
                try:
                    following = self._queue.get(timeout=DISORDER_WAIT_S)
                except queue.Empty:
                    following = None
            for entry in (following, item):
                if entry is not None:
                    self._deliver(*entry)

    def _deliver(self, type_: str, body: str) -> None:
        """Send one event; 409, short 429 and 503, and time-outs are tried again. In a pause it is lost."""
        if self.clock() < self.paused_until_s:
            self._remember(type_, body, "paused", 0, 0)
            return
        tries, status, wait_s = 0, 0, 0.0
        while tries < MOST_TRIES and not self._ends.wait(wait_s):
            tries += 1
            status, wait_s = self._send(body, secret=self.secret)
            if not wait_s:
                break
        is_good = 200 <= status < 300
        self._remember(type_, body, "sent" if is_good else "failed", status, tries)
        self._note_result(is_good)

    def _send(self, body: str, *, secret: str) -> tuple[int, float]:
        """Return the status, 504 after the receiver's patience, and the seconds to wait before another try, or 0."""
        parts = urlsplit(self.url)
        timestamp = format_time(self.clock())
        headers = {
            "Content-Type": "application/json",
            "X-Zendesk-Webhook-Signature": sign_call(secret=secret, timestamp=timestamp, body=body),
            "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
            "X-Zendesk-Account-Id": str(ACCOUNT_ID),
        }
        patience_s = self.switches.event_patience_s or None
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=patience_s)
        try:
            connection.request("POST", parts.path or "/", body.encode(), headers)
            answer = connection.getresponse()
            return answer.status, _find_retry(answer.status, answer.headers.get("Retry-After", ""))
        except TimeoutError:
            return 504, 1.0
        except (OSError, http.client.HTTPException) as error:
            log.info("sandbox: the event webhook was not answered (%s)", type(error).__name__)
            return 0, 0.0
        finally:
            connection.close()

    def _note_result(self, is_good: bool) -> None:
        """Pause after 70 % errors, or 1,000, within five minutes. Source: README M9."""
        now_s = self.clock()
        self._results.append((now_s, is_good))
        while self._results[0][0] < now_s - BREAKER_WINDOW_S:
            self._results.popleft()
        errors = sum(not good for _, good in self._results)
        is_bad = len(self._results) >= BREAKER_LEAST and errors >= BREAKER_SHARE * len(self._results)
        if errors > BREAKER_ERRORS or is_bad:
            self.paused_until_s = now_s + self.switches.breaker_pause_s
            self._results.clear()

    def _remember(self, type_: str, body: str, fate: str, status: int, tries: int) -> None:
        self.deliveries.append(EventDelivery(json.loads(body)["id"], type_, fate, status, tries, body))


def format_nanoseconds(epoch_s: float, *, digits: int) -> str:
    """Return the time with zero to nine digits of a second, `2026-11-29T05:33:18.204118907Z`. Source: README M9."""
    fraction = f"{int(epoch_s % 1 * 1_000_000_000):09d}"[:digits]
    return format_time(epoch_s).removesuffix("Z") + (f".{fraction}Z" if fraction else "Z")


def _find_retry(status: int, retry_after: str) -> float:
    """Return the seconds to wait before another try, 0 for none. Source: README M9."""
    if status == 409:
        return 1.0
    if status not in (429, 503) or not (retry_after.isascii() and retry_after.isdigit()):
        return 0.0
    return float(retry_after) if 0 < int(retry_after) <= LONGEST_RETRY_S else 0.0
