"""The webhook of Sunshine Conversations: calls with the shared secret as it is. Source: README M10."""

from __future__ import annotations

import http.client
import json
import logging
import secrets
import threading
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from sandbox.support.people import Conversation, MessagingUser
from sandbox.support.switches import SupportSwitches
from sandbox.world.state import format_time

log = logging.getLogger("sandbox")
APP_ID = "6a10c0ffee0000000000a001"
WEBHOOK_ID, INTEGRATION_ID = "6a10c0ffee0000000000b001", "6a10c0ffee0000000000d001"
PATIENCE_S = 20.0
KEPT = 100
LONGEST_WAIT_S = 1.0  # until events go out though others were to join them


class SunCoHook:
    """The address, the shared secret, and the calls made. Nothing is sent without an address."""

    def __init__(self, *, switches: SupportSwitches) -> None:
        self.switches = switches
        self.url, self.secret = "", ""
        self.deliveries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._events: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def report_user(self, user: MessagingUser, *, now_s: float) -> None:
        """Tell that an anonymous user became known: the only live sign before a ticket exists."""
        payload = {"user": build_short_user(user), "reason": "authentication", "source": _build_source()}
        self._report("user:update", payload, now_s)

    def report_merge(self, *, survivor: MessagingUser, discarded: MessagingUser, now_s: float) -> None:
        """Tell that a sign-in merged two messaging users."""
        merged = {"surviving": build_short_user(survivor), "discarded": build_short_user(discarded)}
        payload = {"mergedUsers": merged, "mergedConversations": [], "mergedClients": [], "reason": "sdkLogin"}
        self._report("user:merge", payload, now_s)

    def report_conversation(self, user: MessagingUser, conversation: Conversation, *, now_s: float) -> None:
        """Tell of a new conversation; a known person who starts one fires this and no `user:update`."""
        payload = {
            "conversation": {"id": conversation.id, "type": "personal"}, "user": build_short_user(user),
            "creationReason": "startConversation", "source": _build_source(),
        }  # fmt: skip
        self._report("conversation:create", payload, now_s)

    def report_removal(self, user: MessagingUser, *, now_s: float) -> None:
        """Tell that a messaging user is gone."""
        self._report("user:remove", {"user": build_short_user(user)}, now_s)

    def _report(self, type_: str, payload: dict[str, Any], now_s: float) -> None:
        """Send the event, together with others when the switch says so. The caller holds the sandbox's lock."""
        if not self.url:
            return
        event = {
            "id": secrets.token_hex(12),
            "createdAt": format_milliseconds(now_s),
            "type": type_,
            "payload": payload,
        }
        with self._lock:
            self._events.append(event)
            is_full = len(self._events) >= self.switches.sunco_events_per_call
        if is_full:
            # A thread of its own: the receiver may call the sandbox before it answers.
            threading.Thread(target=self._send, args=(self._take_events(),), daemon=True).start()
            return
        timer = threading.Timer(LONGEST_WAIT_S, lambda: self._send(self._take_events()))
        timer.daemon = True
        timer.start()

    def _take_events(self) -> list[dict[str, Any]]:
        """Return the events that wait; they wait no longer."""
        with self._lock:
            events, self._events = self._events, []
        return events

    def _send(self, events: list[dict[str, Any]]) -> None:
        """Send events in one call."""
        if not events:
            return
        body = json.dumps({
            "app": {"id": APP_ID}, "webhook": {"id": WEBHOOK_ID, "version": "v2"}, "events": events,
        })  # fmt: skip
        parts, status = urlsplit(self.url), 0
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=PATIENCE_S)
        try:
            headers = {"Content-Type": "application/json", "X-API-Key": self.secret}
            connection.request("POST", parts.path or "/", body.encode(), headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            log.info("sandbox: the conversations webhook was not answered (%s)", type(error).__name__)
        finally:
            connection.close()
        self.deliveries.append({"types": [event["type"] for event in events], "status": status, "body": body})


def build_short_user(user: MessagingUser) -> dict[str, Any]:
    """Return a user as events have it. Source: README M10."""
    shown: dict[str, Any] = {"id": user.id, "authenticated": user.authenticated}
    return shown | ({"externalId": user.external_id} if user.external_id else {})


def format_milliseconds(epoch_s: float) -> str:
    """Return the time in the form `2026-11-02T10:11:12.152Z`. Source: README M6."""
    return f"{format_time(epoch_s).removesuffix('Z')}.{int(epoch_s % 1 * 1000):03d}Z"


def _build_source() -> dict[str, str]:
    return {"type": "web", "integrationId": INTEGRATION_ID}
