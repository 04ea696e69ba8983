"""Zendesk Chat's OAuth 2: consent, token endpoint, and the calls that manage clients. Source: README Z2 and Z6."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from sandbox.http1 import Response, json_response
from sandbox.routing import Call, Problem, Route, Table

if TYPE_CHECKING:
    from sandbox.box import Box

SCOPES = frozenset({"read", "write", "chat"})
ALL_SCOPES = frozenset({"read", "write"})


@dataclass(slots=True)
class Client:
    """One API client. Made `public`; only `PUT /oauth/clients/{id}` makes it `confidential`."""

    id: int
    name: str
    identifier: str
    secret: str = field(repr=False)
    redirect_urls: list[str] = field(default_factory=list)
    client_type: str = "public"

    def shown(self) -> dict[str, Any]:
        """Will answer the client without its secret."""
        return {
            "id": self.id, "name": self.name, "client_identifier": self.identifier, "company": "Demo Games",
            "redirect_uris": ",".join(self.redirect_urls), "client_type": self.client_type, "scopes": "read write",
        }  # fmt: skip


@dataclass(slots=True)
class Grant:
    """What a code, refresh token or access token stands for."""

    client: Client
    scopes: frozenset[str]
    redirect_uri: str = ""
    id: int = 0


class OAuthBook:
    """The clients and what was given out; codes and refresh tokens work once."""

    def __init__(self) -> None:
        urls = ["http://localhost/callback", "http://127.0.0.1/callback"]
        self.clients = {
            1: Client(1, "Demo public", "sandbox-public-client", "sandbox-public-client-secret-not-real", list(urls)),
            2: Client(2, "Demo confidential", "sandbox-confidential-client", "sandbox-confidential-secret-not-real",
                      list(urls), "confidential"),
        }  # fmt: skip
        self.codes: dict[str, Grant] = {}
        self.refresh: dict[str, Grant] = {}
        self.access: dict[str, Grant] = {}

    def scopes(self, *, token: str, fixed: str) -> frozenset[str] | None:
        """Will answer what an access token may do, or None when it is not one. `fixed` is the configured token."""
        if secrets.compare_digest(token.encode("utf-8", "surrogatepass"), fixed.encode()):
            return ALL_SCOPES
        grant = self.access.get(token)
        return None if grant is None else grant.scopes

    def client(self, identifier: str) -> Client | None:
        """Will answer the client by its public identifier."""
        return next((client for client in self.clients.values() if client.identifier == identifier), None)

    def hand_out(self, grant: Grant, *, refresh: bool) -> dict[str, Any]:
        """Will make an access token, and a refresh token with it unless the grant has none."""
        token = secrets.token_urlsafe(32)
        grant.id = len(self.access) + 1
        self.access[token] = grant
        answer = {"access_token": token, "token_type": "bearer", "scope": " ".join(sorted(grant.scopes))}
        if refresh:
            answer["refresh_token"] = secrets.token_urlsafe(32)
            self.refresh[answer["refresh_token"]] = Grant(grant.client, grant.scopes)
        return answer


class OAuthService:
    """`/oauth2/chat/…`, and the legacy host's `/oauth2/…`."""

    name = "oauth"

    def __init__(self) -> None:
        self.table = Table([Route("GET", "/authorizations/new", authorize), Route("POST", "/token", exchange)])

    def prefixes(self, box: Box, /) -> tuple[str, ...]:
        """Source: README Z2, URLs current and legacy."""
        return ("/oauth2/chat", "/oauth2") if box.switches.legacy_prefix else ("/oauth2/chat",)

    def guard(self, call: Call, _route: Route, /) -> None:
        """Nobody is kept out: the body carries the credentials."""

    def word(self, problem: Problem) -> Response:
        """Will answer OAuth's `{"error","error_description"}`. Source: README Z6 (`invalid_client`)."""
        body = {"error": problem.error, "error_description": problem.description}
        return json_response(body, status=problem.status, headers=[*problem.headers, ("Cache-Control", "no-store")])


def authorize(call: Call) -> Response:
    """Will consent at once and redirect with a code, or with a token in the fragment; `deny=1` refuses instead."""
    params, book = call.request.params(), call.box.oauth
    client = book.client(params.get("client_id", ""))
    if client is None:
        raise Problem(400, "invalid_client", "client_id is not known.")
    uri = params.get("redirect_uri", "")
    if not _is_registered(client, uri):
        raise Problem(400, "invalid_request", "redirect_uri is not one of the client's: absolute, https or localhost.")
    echo = {"state": params["state"]} if "state" in params else {}
    kind, scopes = params.get("response_type", ""), _scopes(params.get("scope", "read"))
    if params.get("deny") == "1":
        return _redirect(uri, "?", {"error": "access_denied", "error_description": "The owner refused.", **echo})
    if kind == "code" and scopes:
        code = secrets.token_urlsafe(24)
        book.codes[code] = Grant(client, scopes, uri)
        return _redirect(uri, "?", {"code": code, **echo})
    if kind == "token" and scopes:
        return _redirect(uri, "#", {**book.hand_out(Grant(client, scopes), refresh=False), **echo})
    wrong = "invalid_scope" if kind in ("code", "token") else "unsupported_response_type"
    return _redirect(uri, "?", {"error": wrong, "error_description": "The request was not understood.", **echo})


def exchange(call: Call) -> Response:
    """Will give tokens for a code, a refresh token (once), or to a confidential client for itself."""
    is_json = "json" in call.request.headers.get("content-type", "")
    fields = {name: str(value) for name, value in call.json().items()} if is_json else call.request.form()
    book, grant_type = call.box.oauth, fields.get("grant_type", "")
    client = book.client(fields.get("client_id", ""))
    if client is None or not secrets.compare_digest(client.secret.encode(), fields.get("client_secret", "").encode()):
        raise Problem(401, "invalid_client", "client_id or client_secret is wrong.")
    if grant_type == "client_credentials":
        if client.client_type != "confidential":
            raise Problem(401, "invalid_client", "Only a confidential client may use client_credentials.")
        scopes = _scopes(fields.get("scope", "read"))
        if not scopes:
            raise Problem(400, "invalid_scope", "scope holds read and write.")
        return _tokens(book.hand_out(Grant(client, scopes), refresh=False))
    if grant_type not in ("authorization_code", "refresh_token"):
        raise Problem(400, "unsupported_grant_type", "This grant type is not supported.")
    by_code = grant_type == "authorization_code"
    grant = (book.codes if by_code else book.refresh).pop(fields.get("code" if by_code else "refresh_token", ""), None)
    if grant is None or grant.client is not client or (by_code and grant.redirect_uri != fields.get("redirect_uri")):
        raise Problem(400, "invalid_grant", "The code or refresh token is unknown, used, or not this client's.")
    return _tokens(book.hand_out(grant, refresh=True))


def list_clients(call: Call) -> Response:
    """Will answer the clients, without their secrets."""
    return json_response([client.shown() for client in call.box.oauth.clients.values()])


def create_client(call: Call) -> Response:
    """Will make a public client; its secret is shown in this answer only."""
    body, book = call.json(), call.box.oauth
    urls = [url.strip() for url in str(body.get("redirect_uris", "")).split(",") if url.strip()]
    if not isinstance(body.get("name"), str) or not body["name"] or not all(_is_safe(url) for url in urls):
        raise Problem(400, "Bad Request", "name is needed, and redirect_uris must be absolute, https or localhost.")
    number = max(book.clients, default=0) + 1
    client = Client(number, body["name"], secrets.token_hex(16), secrets.token_urlsafe(32), urls)
    book.clients[number] = client
    return json_response(client.shown() | {"client_secret": client.secret}, status=201)


def show_client(call: Call) -> Response:
    """Will answer one client."""
    return json_response(_client(call).shown())


def update_client(call: Call) -> Response:
    """Will change a client's type, the one way to make it confidential."""
    client, body = _client(call), call.json()
    if body.get("client_type", client.client_type) not in ("public", "confidential"):
        raise Problem(400, "Bad Request", "client_type is public or confidential.")
    client.client_type = body.get("client_type", client.client_type)
    client.name = str(body.get("name", client.name))
    return json_response(client.shown())


def delete_client(call: Call) -> Response:
    """Will remove a client and every token it holds."""
    client, book = _client(call), call.box.oauth
    del book.clients[client.id]
    for store in (book.codes, book.refresh, book.access):
        for key in [key for key, grant in store.items() if grant.client is client]:
            del store[key]
    return Response(status=204)


def list_tokens(call: Call) -> Response:
    """Will answer what was given out, never the token itself."""
    grants = call.box.oauth.access.values()
    return json_response([{"id": g.id, "client_id": g.client.id, "scopes": sorted(g.scopes)} for g in grants])


def delete_token(call: Call) -> Response:
    """Will revoke one access token."""
    book = call.box.oauth
    token = next((key for key, grant in book.access.items() if str(grant.id) == call.params["token_id"]), None)
    if token is None:
        raise Problem(404, "Not Found", "There is no such token.")
    del book.access[token]
    return Response(status=204)


def _client(call: Call) -> Client:
    """Will answer the client in the path. Raises: Problem 404."""
    found = [client for client in call.box.oauth.clients.values() if str(client.id) == call.params["client_id"]]
    if not found:
        raise Problem(404, "Not Found", "There is no such client.")
    return found[0]


def _scopes(text: str) -> frozenset[str]:
    """Will read the scopes; one that nobody knows empties the answer."""
    names = frozenset(text.split())
    return names if names <= SCOPES else frozenset()


def _is_safe(url: str) -> bool:
    """Will answer whether a redirect address is absolute and https or this machine. Source: README Z2."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return (
        bool(parts.hostname) and not parts.fragment and (parts.scheme == "https" or (parts.scheme == "http" and local))
    )


def _is_registered(client: Client, uri: str) -> bool:
    """Will answer whether the address is one of the client's; on this machine the port may differ."""
    if not _is_safe(uri):
        return False
    asked = urlsplit(uri)
    known = [urlsplit(url) for url in client.redirect_urls]
    local = asked.scheme == "http"
    return any(
        uri == url.geturl() or (local and url.hostname == asked.hostname and url.path == asked.path) for url in known
    )


def _redirect(uri: str, mark: str, fields: dict[str, Any]) -> Response:
    """Will answer 302 with the fields in the query or the fragment."""
    if mark == "?" and urlsplit(uri).query:
        mark = "&"
    return Response(status=302, content_type="", headers=[("Location", f"{uri}{mark}{urlencode(fields)}")])


def _tokens(answer: dict[str, Any]) -> Response:
    """Will answer tokens that nobody may keep in a cache."""
    return json_response(answer, headers=[("Cache-Control", "no-store")])


ROUTES = [
    Route("GET", "/oauth/clients", list_clients),
    Route("POST", "/oauth/clients", create_client),
    Route("GET", "/oauth/clients/{client_id}", show_client),
    Route("PUT", "/oauth/clients/{client_id}", update_client),
    Route("DELETE", "/oauth/clients/{client_id}", delete_client),
    Route("GET", "/oauth/tokens", list_tokens),
    Route("DELETE", "/oauth/tokens/{token_id}", delete_token),
]
