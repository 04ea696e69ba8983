"""The state of Zendesk besides visitors and chats: OAuth tokens, webhook deliveries, browsers."""

from __future__ import annotations

import json
import secrets
from collections import deque
from dataclasses import asdict, dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

MOST_KEYS = 10  # Source: README Z8
SCOPES = frozenset({"read", "write", "chat"})
ALL_SCOPES = frozenset({"read", "write"})
CODE_LIFE_S = 120.0  # Source: README Z2; how long a code really lives is unknown.
KEPT = 50  # deliveries to remember
DEFAULT_BODY = json.dumps({
    "ticket_id": "{{ticket.id}}",
    "email": "{{ticket.requester.email}}",
    "chat_id": "{{ticket.ticket_field_chat}}",
    "visitor_id": "{{ticket.ticket_field_visitor}}",
})  # fmt: skip


@dataclass(slots=True)
class Client:
    """One API client. It starts `public`; only `PUT /oauth/clients/{id}` makes it `confidential`."""

    id: int
    name: str
    identifier: str
    secret: str = field(repr=False)
    redirect_urls: list[str] = field(default_factory=list)
    client_type: str = "public"

    def to_json(self) -> dict[str, Any]:
        """Return the client without its secret."""
        return {
            "id": self.id, "name": self.name, "client_identifier": self.identifier, "company": "Demo Games",
            "redirect_uris": ",".join(self.redirect_urls), "client_type": self.client_type, "scopes": "read write",
        }  # fmt: skip


@dataclass(slots=True)
class Grant:
    """The rights of a code, refresh token or access token; `ends_s` is the epoch second of its end, 0 for none."""

    client: Client
    scopes: frozenset[str]
    redirect_uri: str = ""
    id: int = 0
    ends_s: float = 0.0

    def is_over(self, *, now_s: float) -> bool:
        """Return whether it has expired."""
        return bool(self.ends_s) and now_s >= self.ends_s


class OAuthBook:
    """The clients, and the codes and tokens issued."""

    def __init__(self) -> None:
        hosts, paths = ("localhost", "127.0.0.1"), ("/callback", "/zendesk/callback/")
        urls = [f"http://{host}{path}" for host in hosts for path in paths]
        self.clients = {
            1: Client(1, "Demo public", "sandbox-public-client", "sandbox-public-client-secret-not-real", list(urls)),
            2: Client(2, "Demo confidential", "sandbox-confidential-client", "sandbox-confidential-secret-not-real",
                      list(urls), "confidential"),
        }  # fmt: skip
        self.codes: dict[str, Grant] = {}
        self.refresh: dict[str, Grant] = {}
        self.access: dict[str, Grant] = {}
        self.issued_count = 0  # access tokens ever issued: the number of a revoked one is not used again

    def find_scopes(self, *, token: str, fixed: str, now_s: float) -> frozenset[str] | None:
        """Return the scopes of an access token, or None when it is invalid. `fixed` is the configured token."""
        if token and secrets.compare_digest(token.encode("utf-8", "surrogatepass"), fixed.encode()):
            return ALL_SCOPES
        grant = self.access.get(token)
        return None if grant is None or grant.is_over(now_s=now_s) else grant.scopes

    def find_client(self, identifier: str) -> Client | None:
        """Return the client by its public identifier."""
        return next((client for client in self.clients.values() if client.identifier == identifier), None)

    def issue_tokens(self, grant: Grant, *, refresh: bool, now_s: float, life_s: int) -> dict[str, Any]:
        """Issue an access token for `life_s` seconds (0: without end), and with `refresh` a refresh token."""
        token = secrets.token_urlsafe(32)
        self.issued_count += 1
        grant.id = self.issued_count
        grant.ends_s = now_s + life_s if life_s else 0.0
        self.access[token] = grant
        answer: dict[str, Any] = {
            "access_token": token, "token_type": "bearer", "scope": " ".join(sorted(grant.scopes)),
        }  # fmt: skip
        if life_s:
            answer["expires_in"] = life_s
        if refresh:
            answer["refresh_token"] = secrets.token_urlsafe(32)
            self.refresh[answer["refresh_token"]] = Grant(grant.client, grant.scopes)
        return answer


class NotLocalAddress(ValueError):
    """The webhook's address is not on this machine."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call made: its signed parts and the status of the answer, 0 without one."""

    timestamp: str
    signature: str
    body: str
    status: int


class WebhookBook:
    """The webhook's settings and its deliveries. Without an address nothing is sent."""

    def __init__(self, *, url: str = "", secret: str = "") -> None:
        self.url, self.secret, self.body = url, secret, DEFAULT_BODY
        self.tickets = 0
        self.deliveries: deque[Delivery] = deque(maxlen=KEPT)

    def set(self, *, url: str, secret: str, body: str) -> None:
        """Set address, secret and body. Raises: NotLocalAddress for an address that is not http on this machine."""
        require_local(url)
        self.url, self.secret, self.body = url, secret, body or DEFAULT_BODY

    def to_json(self) -> dict[str, Any]:
        """Return address and deliveries as JSON-ready values, without the secret."""
        return {"url": self.url, "deliveries": [asdict(delivery) for delivery in self.deliveries]}


@dataclass(slots=True)
class LiveChat:
    """A chat that has not ended; `messages` carry who, text and epoch second."""

    visitor_id: str
    start_s: int
    messages: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Session:
    """One browser: its visitor, whether that is authenticated, and the running chat."""

    visitor_id: str
    authenticated: bool = False
    chat: LiveChat | None = None


class WidgetBook:
    """The browsers that are connected, by session key."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}

    def drop_authentication(self) -> None:
        """Make every session unauthenticated, as a new shared secret does. Source: README Z7.2."""
        for session in self.sessions.values():
            session.authenticated = False


def require_local(url: str) -> None:
    """Raise NotLocalAddress for an address that is neither empty nor http on this machine."""
    parts = urlsplit(url)
    if url and (parts.scheme != "http" or not _is_loopback(parts.hostname or "")):
        raise NotLocalAddress("The webhook's address must be http:// on this machine.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
