"""Request IDs: what a proxy may send, and the ID of the work at hand, for log lines."""

import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

HEADER = "X-Request-ID"
ENVIRON_KEY = "HTTP_X_REQUEST_ID"
# What common proxies send (hexadecimal digits, UUIDs, ULIDs); anything else could forge a log line or fill one.
_USUAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}\Z", re.ASCII)
_current: ContextVar[str] = ContextVar("request_id", default="")


def read_current() -> str:
    """Return the ID of the request or task at work here, "" for none."""
    return _current.get()


def set_current(request_id: str) -> None:
    """Make `request_id` that of the work of this thread from now on."""
    _current.set(request_id)


def is_usual(text: str) -> bool:
    """Return whether `text` can be an ID."""
    return _USUAL.match(text) is not None


def read_sent(environ: Mapping[str, Any]) -> str:
    """Return the ID that came with a request (PEP 3333), "" for none that can be used."""
    sent = environ.get(ENVIRON_KEY, "")
    return sent if sent and is_usual(sent) else ""


def create() -> str:
    """Return an ID of our own."""
    return secrets.token_hex(8)
