"""Who calls Support: the token endpoint, the credentials of a call, and what each call needs. Source: README M7."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sandbox.http1 import NO_STORE, Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route
from sandbox.support import limits
from sandbox.support.people import ADMIN, END_USER, SandboxUser
from sandbox.support.tokens import (
    API_TOKEN,
    DEFAULT_LIFE_S,
    LONGEST_LIFE_S,
    SHORTEST_LIFE_S,
    SandboxClient,
    SandboxToken,
    parse_basic,
)

EVERY_SCOPE = "read write"  # what an API token may do
TOKEN_REFUSED = (
    "The access token provided is expired, revoked, malformed or invalid for other reasons."  # Source: README M7
)
BASIC_REFUSED = "Couldn't authenticate you"
NO_ACCESS = "You do not have access to this page. Please contact the account owner of this help desk for further help."


@dataclass(frozen=True, slots=True)
class Need:
    """What a call needs: one of the scopes, the role of an admin, a request of its class."""

    scopes: frozenset[str]
    class_: str = limits.ACCOUNT
    is_for_admins: bool = False


def find_need(call: Call, route: Route) -> Need:
    """Return what the call of a route needs. Sources: README M3 and M7 (scopes), M4 (admins), M8 (classes)."""
    path = route.template.removeprefix("/api/v2")
    if path.startswith("/incremental/"):
        scopes = {"read"}
        if "/tickets" in path:
            scopes.add("tickets:read")
        elif call.box.support.switches.users_read_opens_incremental:
            scopes.add("users:read")
        classes = {"/incremental/users/cursor": limits.USERS_CURSOR, "/incremental/users/sample": limits.SAMPLE}
        return Need(frozenset(scopes), classes.get(path, limits.INCREMENTAL), is_for_admins=True)
    if path.endswith("/identities"):
        return Need(frozenset({"read"}))
    if "/tickets" in path:
        return Need(frozenset({"read", "tickets:read"}))
    return Need(frozenset({"read", "users:read"}))


def require_caller(call: Call, need: Need) -> None:
    """Raise Problem 401 without valid credentials, 403 when their scope or the role of their user is too small."""
    token = read_token(call)
    if token is None:
        raise Problem(401, BASIC_REFUSED, "")
    owner = find_owner(call, token)
    if owner is None:
        raise Problem(401, "invalid_token", TOKEN_REFUSED)
    is_allowed = owner.role == ADMIN if need.is_for_admins else owner.role != END_USER
    if not token.has_any(need.scopes) or not is_allowed:
        raise Problem(403, "Forbidden", NO_ACCESS)


def read_token(call: Call) -> SandboxToken | None:
    """Return the rights of the call's credentials, None without any. Raises: Problem 401 for invalid ones."""
    scheme, _, value = call.request.headers.get("authorization", "").partition(" ")
    value = value.strip()
    if not scheme:
        return None
    call.box.stats.count_token(value)
    if scheme.lower() == "bearer":
        book = call.box.support
        token = book.tokens.find(value, now_s=call.now_s, most_calls=book.switches.token_calls)
        if token is None:
            raise Problem(401, "invalid_token", TOKEN_REFUSED)
        return token
    return _read_basic(call, value) if scheme.lower() == "basic" else None


def _read_basic(call: Call, value: str) -> SandboxToken:
    """Return the rights of `{email}/token:{API token}` until the end of API tokens. Source: README M7."""
    book = call.box.support
    user_text, password = parse_basic(value)
    user = book.people.find_by_email(user_text.removesuffix("/token")) if user_text.endswith("/token") else None
    is_right = secrets.compare_digest(password.encode(), API_TOKEN.encode())
    if book.switches.api_tokens_ended or user is None or user.role == END_USER or not is_right:
        raise Problem(401, BASIC_REFUSED, "")
    return SandboxToken(EVERY_SCOPE, user.id, 0.0)


def find_owner(call: Call, token: SandboxToken) -> SandboxUser | None:
    """Return the user the token acts as, None when that person is deleted or suspended. Source: README M7."""
    user = call.box.support.people.users.get(token.owner_id)
    return user if user is not None and user.active and not user.suspended else None


def grant_token(call: Call) -> Response:
    """Answer an access token for client credentials; `expires_in` comes only when requested, a refresh token never.

    Any scope is accepted, unknown names too; calls with them are 403. Source: README M7.
    """
    call.box.support.limiter.count(limits.OAUTH)
    fields = _read_fields(call)
    client = _find_client(call, fields)
    if fields.get("grant_type") != "client_credentials":
        raise Problem(400, "unsupported_grant_type", "Only client_credentials is imitated here.")
    if not client.is_confidential:
        raise Problem(401, "invalid_client", "Only a confidential client may use client_credentials.")
    life_s = _read_life(fields.get("expires_in"))
    book, scope = call.box.support, str(fields.get("scope") or "read")
    text = book.tokens.issue(
        client=client, scope=scope, now_s=call.now_s, life_s=life_s or DEFAULT_LIFE_S,
        is_jwt=book.switches.token_text == "jwt",
    )  # fmt: skip
    answer: dict[str, Any] = {"access_token": text, "token_type": "bearer", "scope": scope}
    if life_s:
        answer["expires_in"] = life_s
    return respond_json(answer, headers=[NO_STORE])


def revoke_token(call: Call) -> Response:
    """Revoke the token of this very call. Source: README M7."""
    _, _, value = call.request.headers.get("authorization", "").partition(" ")
    call.box.support.tokens.tokens.pop(value.strip(), None)
    return Response(status=204)


def _read_fields(call: Call) -> dict[str, Any]:
    """Return the fields of a JSON or form body."""
    is_json = call.request.body.lstrip()[:1] == b"{"
    return call.read_json() if is_json else dict(call.request.parse_form())


def _find_client(call: Call, fields: dict[str, Any]) -> SandboxClient:
    """Return the client of the fields. Raises: Problem invalid_client; its status is U, so a switch."""
    book = call.box.support
    client = book.tokens.clients.get(str(fields.get("client_id", "")))
    secret = str(fields.get("client_secret", ""))
    if client is None or not secrets.compare_digest(client.secret.encode(), secret.encode("utf-8", "surrogatepass")):
        raise Problem(book.switches.bad_client_status, "invalid_client", "Client authentication failed.")
    return client


def _read_life(value: Any) -> int:
    """Return the requested life in seconds, 0 when none was requested. Raises: Problem 400 out of bounds."""
    if value is None:
        return 0
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Problem(400, "invalid_request", "expires_in must be a whole number of seconds.")
    if not SHORTEST_LIFE_S <= int(text) <= LONGEST_LIFE_S:
        raise Problem(400, "invalid_request", f"expires_in must be more than 300 and at most {LONGEST_LIFE_S}.")
    return int(text)


ROUTES = [
    Route("POST", "/oauth/tokens", grant_token, open_=True),
    Route("DELETE", "/api/v2/oauth/tokens/current", revoke_token),
]
