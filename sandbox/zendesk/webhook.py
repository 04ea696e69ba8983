"""Zendesk Support's trigger and webhook: an ended chat becomes a ticket, and a signed call reports it to an address.

An admin sets up the real webhook in Support and writes its body; `DEFAULT_BODY` is the one that the application's
documentation recommends. Source of signature and placeholders: README Z10.
"""

from __future__ import annotations

import http.client
import logging
import re
import threading
from urllib.parse import urlsplit

from sandbox.support.events import sign_call
from sandbox.world.books import Delivery, WebhookBook
from sandbox.world.box import Box
from sandbox.world.state import Chat, format_time

log = logging.getLogger("sandbox")
TIMEOUT_S = 5.0
PLACEHOLDER = re.compile(r"{{\s*([a-z_.]+)\s*}}")


def report_chat(*, box: Box, chat: Chat) -> None:
    """Make a ticket of an ended chat and report it from a new thread, as the caller holds the lock."""
    book = box.webhook
    book.tickets += 1
    if not book.url:
        return
    visitor = box.world.find_visitor(chat.visitor_id)
    words = {
        "ticket.id": str(book.tickets),
        "ticket.requester.email": visitor.email if visitor else "",
        "ticket.ticket_field_chat": chat.id,
        "ticket.ticket_field_visitor": chat.visitor_id,
    }
    body = PLACEHOLDER.sub(lambda match: words.get(match[1], ""), book.body)
    timestamp = format_time(box.clock())
    signature = sign_call(secret=book.secret, timestamp=timestamp, body=body)
    threading.Thread(
        target=_send, kwargs={"book": book, "timestamp": timestamp, "signature": signature, "body": body}, daemon=True
    ).start()


def _send(*, book: WebhookBook, timestamp: str, signature: str, body: str) -> None:
    parts = urlsplit(book.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT_S)
    headers = {
        "Content-Type": "application/json",
        "X-Zendesk-Webhook-Signature": signature,
        "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
    }
    status = 0
    try:
        connection.request("POST", parts.path or "/", body.encode(), headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        log.info("sandbox: the webhook was not answered (%s)", type(error).__name__)
    finally:
        connection.close()
    book.deliveries.append(Delivery(timestamp, signature, body, status))
