"""The OAuth clients and access tokens of the Support account, and the API token of old. Source: README M7."""

from __future__ import annotations

import secrets
from base64 import b64decode
from dataclasses import dataclass

from sandbox.jwt import encode_hs256
from sandbox.support.people import OWNER_ID

DEFAULT_LIFE_S = 1_800
SHORTEST_LIFE_S, LONGEST_LIFE_S = 301, 172_800  # Source: README M7, more than 300 and at most 172,800 seconds
CLIENT_ID, CLIENT_SECRET = "sandbox-support-client", "sandbox-support-client-secret-not-real"
PUBLIC_CLIENT_ID, PUBLIC_CLIENT_SECRET = "sandbox-support-public-client", "sandbox-support-public-secret-not-real"
API_TOKEN = "sandbox-support-api-token-not-real"


@dataclass(slots=True)
class SandboxClient:
    """An OAuth client; its tokens act as the admin who made it."""

    identifier: str
    secret: str
    is_confidential: bool
    owner_id: int = OWNER_ID


@dataclass(slots=True)
class SandboxToken:
    """An access token: the scope as requested, the Support user it acts as, its end, and the calls made with it."""

    scope: str
    owner_id: int
    ends_s: float
    calls: int = 0

    def has_any(self, scopes: frozenset[str]) -> bool:
        """Return whether one of the scopes was granted."""
        return bool(scopes & set(self.scope.split()))


class TokenStore:
    """The clients, and the tokens issued to them."""

    def __init__(self) -> None:
        self.clients = {
            CLIENT_ID: SandboxClient(CLIENT_ID, CLIENT_SECRET, is_confidential=True),
            PUBLIC_CLIENT_ID: SandboxClient(PUBLIC_CLIENT_ID, PUBLIC_CLIENT_SECRET, is_confidential=False),
        }
        self.tokens: dict[str, SandboxToken] = {}
        self.issued_count = 0

    def issue(self, *, client: SandboxClient, scope: str, now_s: float, life_s: int, is_jwt: bool) -> str:
        """Return a new access token, an opaque text or a JWT. Source: README M7, the token's text."""
        text = secrets.token_hex(32)
        if is_jwt:
            claims = {"sub": str(client.owner_id), "scope": scope, "exp": int(now_s) + life_s, "jti": text}
            text = encode_hs256(claims=claims, secret=client.secret, header={"alg": "HS256", "typ": "at+jwt"})
        self.tokens[text] = SandboxToken(scope, client.owner_id, now_s + life_s)
        self.issued_count += 1
        return text

    def find(self, text: str, *, now_s: float, most_calls: int) -> SandboxToken | None:
        """Return the token and count the call, or None when it is unknown, over, or used up (`most_calls`, 0: never).

        A token is dead at its time.
        """
        token = self.tokens.get(text)
        if token is None or now_s >= token.ends_s or (most_calls and token.calls >= most_calls):
            return None
        token.calls += 1
        return token


def parse_basic(value: str) -> tuple[str, str]:
    """Return user and password of a Basic credential, empty when it is unreadable."""
    try:
        user, _, password = b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password
