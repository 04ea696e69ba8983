"""Zendesk Chat's OAuth 2: consent, token endpoint, and the calls that manage clients. Source: README Z2 and Z6."""

from __future__ import annotations

import secrets
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.http1 import NO_STORE, Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route, Service, Table, refuse_foreign_origin
from sandbox.world.books import CODE_LIFE_S, SCOPES, Client, Grant
from sandbox.world.box import Box
from sandbox.zendesk.legacy import add_legacy, refuse_gone_prefix

ECHOED_FIELDS = ("client_id", "redirect_uri", "response_type", "scope", "state")


class OAuthService(Service):
    """`/oauth2/chat/…`, and the legacy host's `/oauth2/…`."""

    name = "oauth"

    def __init__(self) -> None:
        self.table = Table([
            Route("GET", "/authorizations/new", authorize), Route("POST", "/authorizations", consent),
            Route("POST", "/token", exchange),
        ])  # fmt: skip

    def list_prefixes(self, box: Box, /) -> tuple[str, ...]:
        """Return the current and the older prefix. Source: README Z2."""
        return add_legacy(box, "/oauth2/chat", "/oauth2")

    def guard(self, call: Call, _route: Route, /) -> None:
        """Refuse only an older prefix that is off: the body carries the credentials."""
        refuse_gone_prefix(call, "/oauth2")

    def render_problem(self, _box: Box, problem: Problem, /) -> Response:
        """Answer OAuth's `{"error","error_description"}`. Source: README Z6 (`invalid_client`)."""
        body = {"error": problem.error, "error_description": problem.description}
        return respond_json(body, status=problem.status, headers=[*problem.headers, NO_STORE])


def authorize(call: Call) -> Response:
    """Ask a person for consent; a program, which does not accept HTML, gets it at once (`deny=1` refuses)."""
    params = call.request.parse_query()
    client, uri = _read_client_and_uri(call, params)
    if "text/html" in call.request.headers.get("accept", ""):
        return _render_consent(call, client=client, params=params)
    return _redirect_decision(call, client=client, uri=uri, params=params, is_allowed=params.get("deny") != "1")


def consent(call: Call) -> Response:
    """Redirect the browser to the client with the person's decision."""
    refuse_foreign_origin(call.request)
    params = call.request.parse_form()
    client, uri = _read_client_and_uri(call, params)
    return _redirect_decision(call, client=client, uri=uri, params=params, is_allowed=params.get("consent") == "allow")


def _read_client_and_uri(call: Call, params: dict[str, str]) -> tuple[Client, str]:
    """Return the client and its redirect address. Raises: Problem 400; then nothing is redirected."""
    client = call.box.oauth.find_client(params.get("client_id", ""))
    if client is None:
        raise Problem(400, "invalid_client", "client_id is not known.")
    uri = params.get("redirect_uri", "")
    if not _is_registered(client, uri):
        raise Problem(400, "invalid_request", "redirect_uri is not one of the client's: absolute, https or localhost.")
    return client, uri


def _redirect_decision(call: Call, *, client: Client, uri: str, params: dict[str, str], is_allowed: bool) -> Response:
    """Redirect with a code, with a token in the fragment, or with an error."""
    book = call.box.oauth
    echo = {"state": params["state"]} if "state" in params else {}
    kind, scopes = params.get("response_type", ""), _parse_scopes(params.get("scope", "read"))
    if not is_allowed:
        return _redirect(uri, "?", {"error": "access_denied", "error_description": "The owner refused.", **echo})
    if kind == "code" and scopes:
        code = secrets.token_urlsafe(24)
        book.codes[code] = Grant(client, scopes, uri, ends_s=call.now_s + CODE_LIFE_S)
        return _redirect(uri, "?", {"code": code, **echo})
    if kind == "token" and scopes:
        return _redirect(uri, "#", {**_issue_tokens(call, Grant(client, scopes), refresh=False), **echo})
    wrong = "invalid_scope" if kind in ("code", "token") else "unsupported_response_type"
    return _redirect(uri, "?", {"error": wrong, "error_description": "The request was not understood.", **echo})


def _render_consent(call: Call, *, client: Client, params: dict[str, str]) -> Response:
    """Show the client's name and scopes, with buttons to allow and deny."""
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(params[name])}">'
        for name in ECHOED_FIELDS
        if name in params
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark"><title>Allow access · demo Zendesk Chat</title>'
        '<link rel="icon" href="/shop/icon.svg"><link rel="stylesheet" href="/shop/shop.css"></head>'
        '<body class="sign-in"><main>'
        f"<h1>Allow access?</h1><p><b><bdi>{escape(client.name)}</bdi></b> asks for: "
        f"<bdi>{escape(params.get('scope', 'read'))}</bdi></p>"
        f'<form method="post" action="{escape(call.base)}/authorizations">{hidden}<ul class="players">'
        '<li><button class="player" id="allow" name="consent" value="allow">Allow</button></li>'
        '<li><button class="player" id="deny" name="consent" value="deny">Deny</button></li>'
        "</ul></form></main></body></html>"
    )
    return Response(body=page.encode(), content_type="text/html; charset=utf-8", headers=[NO_STORE])


def exchange(call: Call) -> Response:
    """Answer tokens for a code, for a refresh token (once), or for a confidential client itself."""
    is_json = "json" in call.request.headers.get("content-type", "")
    fields = {name: str(value) for name, value in call.read_json().items()} if is_json else call.request.parse_form()
    book, grant_type = call.box.oauth, fields.get("grant_type", "")
    client = book.find_client(fields.get("client_id", ""))
    if client is None or not secrets.compare_digest(client.secret.encode(), fields.get("client_secret", "").encode()):
        raise Problem(401, "invalid_client", "client_id or client_secret is wrong.")
    if grant_type == "client_credentials":
        if client.client_type != "confidential":
            raise Problem(401, "invalid_client", "Only a confidential client may use client_credentials.")
        scopes = _parse_scopes(fields.get("scope", "read"))
        if not scopes:
            raise Problem(400, "invalid_scope", "scope holds read and write.")
        return respond_json(_issue_tokens(call, Grant(client, scopes), refresh=False), headers=[NO_STORE])
    if grant_type not in ("authorization_code", "refresh_token"):
        raise Problem(400, "unsupported_grant_type", "This grant type is not supported.")
    by_code = grant_type == "authorization_code"
    store, key = (book.codes, "code") if by_code else (book.refresh, "refresh_token")
    grant = store.get(fields.get(key, ""))
    if by_code or call.box.switches.refresh_once:
        store.pop(fields.get(key, ""), None)
    is_theirs = grant is not None and grant.client is client and not grant.is_over(now_s=call.now_s)
    if grant is None or not is_theirs or (by_code and grant.redirect_uri != fields.get("redirect_uri")):
        raise Problem(400, "invalid_grant", "The code or refresh token is unknown, used, too old or another client's.")
    return respond_json(_issue_tokens(call, Grant(client, grant.scopes), refresh=True), headers=[NO_STORE])


def _issue_tokens(call: Call, grant: Grant, *, refresh: bool) -> dict[str, Any]:
    """Issue tokens with the lifetime of the switch `token_life_s`."""
    box = call.box
    return box.oauth.issue_tokens(grant, refresh=refresh, now_s=call.now_s, life_s=box.switches.token_life_s)


def list_clients(call: Call) -> Response:
    """Answer the clients, without their secrets."""
    return respond_json([client.to_json() for client in call.box.oauth.clients.values()])


def create_client(call: Call) -> Response:
    """Create a public client; only this answer shows its secret."""
    body, book = call.read_json(), call.box.oauth
    urls = [url.strip() for url in str(body.get("redirect_uris", "")).split(",") if url.strip()]
    if not isinstance(body.get("name"), str) or not body["name"] or not all(_is_safe(url) for url in urls):
        raise Problem(400, "Bad Request", "name is needed, and redirect_uris must be absolute, https or localhost.")
    number = max(book.clients, default=0) + 1
    client = Client(number, body["name"], secrets.token_hex(16), secrets.token_urlsafe(32), urls)
    book.clients[number] = client
    return respond_json(client.to_json() | {"client_secret": client.secret}, status=201)


def show_client(call: Call) -> Response:
    """Answer one client."""
    return respond_json(_find_client(call).to_json())


def update_client(call: Call) -> Response:
    """Change a client's name or type; the only way to make it confidential."""
    client, body = _find_client(call), call.read_json()
    if body.get("client_type", client.client_type) not in ("public", "confidential"):
        raise Problem(400, "Bad Request", "client_type is public or confidential.")
    client.client_type = body.get("client_type", client.client_type)
    client.name = str(body.get("name", client.name))
    return respond_json(client.to_json())


def delete_client(call: Call) -> Response:
    """Delete a client and all its codes and tokens."""
    client, book = _find_client(call), call.box.oauth
    del book.clients[client.id]
    for store in (book.codes, book.refresh, book.access):
        for key in [key for key, grant in store.items() if grant.client is client]:
            del store[key]
    return Response(status=204)


def list_tokens(call: Call) -> Response:
    """Answer the access tokens issued, without the tokens themselves."""
    grants = call.box.oauth.access.values()
    return respond_json([{"id": g.id, "client_id": g.client.id, "scopes": sorted(g.scopes)} for g in grants])


def delete_token(call: Call) -> Response:
    """Revoke one access token."""
    book = call.box.oauth
    token = next((key for key, grant in book.access.items() if str(grant.id) == call.params["token_id"]), None)
    if token is None:
        raise Problem(404, "Not Found", "There is no such token.")
    del book.access[token]
    return Response(status=204)


def _find_client(call: Call) -> Client:
    """Return the client of the path. Raises: Problem 404."""
    client_id = call.params["client_id"]
    client = next((client for client in call.box.oauth.clients.values() if str(client.id) == client_id), None)
    if client is None:
        raise Problem(404, "Not Found", "There is no such client.")
    return client


def _parse_scopes(text: str) -> frozenset[str]:
    """Parse the scopes; an unknown one makes the result empty."""
    names = frozenset(text.split())
    return names if names <= SCOPES else frozenset()


def _is_safe(url: str) -> bool:
    """Return whether a redirect address is absolute, and https or on this machine. Source: README Z2."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return (
        bool(parts.hostname) and not parts.fragment and (parts.scheme == "https" or (parts.scheme == "http" and local))
    )


def _is_registered(client: Client, uri: str) -> bool:
    """Return whether the client registered the address; on this machine the port may differ."""
    if not _is_safe(uri):
        return False
    address = urlsplit(uri)
    registered = [urlsplit(url) for url in client.redirect_urls]
    local = address.scheme == "http"
    return any(
        uri == url.geturl() or (local and url.hostname == address.hostname and url.path == address.path)
        for url in registered
    )


def _redirect(uri: str, mark: str, fields: dict[str, Any]) -> Response:
    """Redirect with the fields in the query (`mark` is "?") or the fragment ("#")."""
    if mark == "?" and urlsplit(uri).query:
        mark = "&"
    return Response(status=302, content_type="", headers=[("Location", f"{uri}{mark}{urlencode(fields)}")])


ROUTES = [
    Route("GET", "/oauth/clients", list_clients),
    Route("POST", "/oauth/clients", create_client),
    Route("GET", "/oauth/clients/{client_id}", show_client),
    Route("PUT", "/oauth/clients/{client_id}", update_client),
    Route("DELETE", "/oauth/clients/{client_id}", delete_client),
    Route("GET", "/oauth/tokens", list_tokens),
    Route("DELETE", "/oauth/tokens/{token_id}", delete_token),
]
