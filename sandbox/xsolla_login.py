"""Xsolla Login's REST API, as far as a support bridge meets it. Source: Login sheet 6, 8 and 10."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandbox.http1 import Response, json_response
from sandbox.jwt import TokenUnreadable, take_apart, to_base64url
from sandbox.players import HOUR_S, PLAYERS, RS256_PROJECT_ID, LoginBook, SigningKey, make_key
from sandbox.routing import Call, Problem, Route, Table
from sandbox.state import Visitor, iso
from sandbox.zendesk_widget import refuse_foreign_origin

if TYPE_CHECKING:
    from sandbox.box import Box

MOST_KEYS = 8
SEARCH_FIELDS = {
    "contact": "email",
    "id": "id",
    "username": "username",
    "nickname": "nickname",
    "custom_id": "external_id",
}


class LoginService:
    """`/login/api/…` and the sign-in page at `/login/`."""

    name = "login"

    def __init__(self) -> None:
        self.table = Table(ROUTES)

    def prefixes(self, box: Box) -> tuple[str, ...]:
        """The path under which the whole of Login lives here."""
        return ("/login",)

    def guard(self, call: Call, route: Route) -> None:
        """Every handler asks for the credential its own call needs: user JWT, server JWT, or none."""

    def word(self, problem: Problem) -> Response:
        """Will answer the nested shape. Source: Login sheet 10, errors."""
        code = {"Not Found": "003-061", "Method Not Allowed": "0", "Bad Request": "0"}.get(problem.error, problem.error)
        body = {"error": {"code": code, "description": problem.description}}
        return json_response(body, status=problem.status, headers=problem.headers)


def key_set(call: Call) -> Response:
    """Will answer the RFC 7517 form: an object, numbers in base64url. Source: Login sheet 6."""
    return json_response({"keys": [_jwk(pair, as_hex=False) for pair in _keys(call)]})


def bare_keys(call: Call) -> Response:
    """Will answer the SDKs' form: a bare array, numbers in hexadecimal; `{}` or `[]` without keys. Source: sheet 6."""
    keys = [_jwk(pair, as_hex=True) for pair in _keys(call)]
    return json_response({} if not keys and call.box.switches.empty_keys == "object" else keys)


def rotate_keys(call: Call) -> Response:
    """Will make a new pair, answer its public key, and sign with it from now on. Source: Login sheet 6."""
    _require_server(call)
    if _project(call) != RS256_PROJECT_ID:
        raise Problem(422, "003-022", "This project does not sign with RS256.")
    book = call.box.login
    if book.key_count >= MOST_KEYS:
        raise Problem(422, "003-022", "This project has all the keys it may have.")
    book.key_count += 1
    return json_response(_jwk(make_key(book.key_count - 1), as_hex=True))


def validate_token(call: Call) -> Response:
    """Will answer 204 for a living token of a known user. Source: Login sheet 8 (which status for which: unknown)."""
    token, book = call.json().get("token"), call.box.login
    if token is None:
        raise Problem(400, "002-028", "The parameter token is missing.")
    if not isinstance(token, str):
        raise Problem(400, "002-027", "The parameter token must be text.")
    try:
        project_id = take_apart(token).claims.get("xsolla_login_project_id")
    except TokenUnreadable:
        raise Problem(400, "002-027", "The parameter token is no JWT.") from None
    if project_id not in (book.project_id, RS256_PROJECT_ID):
        raise Problem(404, "003-019", "Project was not found.")
    claims = book.read(token, now_s=call.now_s)
    if claims is None:
        raise Problem(422, "002-016", "The JWT is invalid.")
    if _find_user(call, str(project_id), str(claims.get("sub"))) is None:
        raise Problem(404, "003-002", "User was not found.")
    return Response(status=204)


def show_me(call: Call) -> Response:
    """Will answer the user the Bearer token names. Source: Login sheet 10, `GET /users/me`."""
    user = _current_user(call)
    nothing = dict.fromkeys(("tag", "phone", "phone_auth", "picture", "birthday", "gender", "country", "presence"))
    return json_response({**user, **nothing, "connection_information": None, "devices": []})


def show_my_email(call: Call) -> Response:
    """Will answer the user's own address. Source: Login sheet 10."""
    return json_response({"current_email": _current_user(call)["email"]})


def show_user(call: Call) -> Response:
    """Will answer one user to a server. Source: Login sheet 10, user by ID."""
    _require_server(call)
    user = _find_user(call, _project(call), call.params["user_id"])
    if user is None:
        raise Problem(404, "003-002", "User was not found.")
    return json_response(user)


def search_users(call: Call) -> Response:
    """Will answer users that match, `limit` from `offset` on; a list call without query. Source: Login sheet 10."""
    _require_server(call)
    params, project_id = call.request.params(), _project(call)
    limit, offset = _count(params, "limit", 20), _count(params, "offset", 0)
    field = params.get("search_by", "contact")
    if "search_query" in params and field not in {*SEARCH_FIELDS, "phone", "social-id"}:
        raise Problem(400, "002-027", "search_by is not known.")
    query = params.get("search_query", "").lower()
    name = SEARCH_FIELDS.get(field, "")
    found = [user for user in _users(call, project_id) if not query or query in str(user.get(name) or "").lower()]
    users = found[offset : offset + limit]
    next_after = users[-1]["id"] if offset + limit < len(found) and users else None
    return json_response({"count": len(found), "next_after": next_after, "users": users})


def ban_user(call: Call) -> Response:
    """Will ban a user. Source: Login sheet 10 (`reason` of 1 to 255 characters is required)."""
    _require_server(call)
    body, reason = call.json(), call.json().get("reason")
    if not isinstance(reason, str) or not 1 <= len(reason) <= 255:
        raise Problem(422, "0", "reason is needed, 1 to 255 characters.")
    if _find_user(call, _project(call), call.params["user_id"]) is None:
        raise Problem(404, "003-002", "User was not found.")
    call.box.login.bans[call.params["user_id"]] = {
        "date_from": body.get("date_from"), "date_to": body.get("date_to"), "reason": reason,
    }  # fmt: skip
    return Response(status=204)


def unban_user(call: Call) -> Response:
    """Will lift a ban."""
    _require_server(call)
    _project(call)
    call.box.login.bans.pop(call.params["user_id"], None)
    return Response(status=204)


def delete_user(call: Call) -> Response:
    """Will delete a user; their tokens keep a good signature, but `token/validate` knows. Source: Login sheet 10."""
    _require_server(call)
    if _find_user(call, call.request.params().get("projectId", ""), call.params["user_id"]) is None:
        raise Problem(404, "003-002", "User was not found.")
    call.box.login.deleted.add(call.params["user_id"])
    return Response(status=204)


def exchange(call: Call) -> Response:
    """Will answer tokens for a code, a refresh token, or a server client. Source: Login sheet 8, `POST /oauth2/token`."""
    form, book = call.request.form(), call.box.login
    client = (form.get("client_id", ""), form.get("client_secret", ""))
    kinds = {
        "client_credentials": book.server_client,
        "authorization_code": book.web_client,
        "refresh_token": book.web_client,
    }
    grant_type = form.get("grant_type", "")
    if grant_type not in kinds:
        raise Problem(400, "0", "grant_type is missing or not supported.")
    if not hmac.compare_digest("\n".join(client).encode(), "\n".join(kinds[grant_type]).encode()):
        raise Problem(400, "010-019", "OAuth 2.0 client authentication failed.")
    if grant_type == "client_credentials":
        return _tokens(
            {"access_token": book.server_token(now_s=call.now_s), "expires_in": HOUR_S, "token_type": "bearer"}
        )
    if grant_type == "authorization_code":
        key, uri = book.codes.pop(form.get("code", ""), ("", ""))
        key = key if uri == form.get("redirect_uri") else ""
    else:
        key = book.refresh.pop(form.get("refresh_token", ""), "")
    player = book.player(key=key) if key else None
    if player is None:
        raise Problem(400, "010-023", "The grant or refresh token is invalid.")
    return _tokens(_user_tokens(book, key, call.now_s))


def sign_in_page(call: Call) -> Response:
    """Will show the demo players; signing in sends the browser on with a token or, by OAuth 2.0, a code."""
    params = call.request.params()
    if "client_id" in params and len(params.get("state", "")) < 8:
        raise Problem(400, "010-022", "state is missing or shorter than 8 characters.")
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(params[name])}">'
        for name in ("client_id", "redirect_uri", "state", "response_type")
        if name in params
    )
    buttons = "".join(
        f'<li><button class="player" id="player-{p.key}" data-testid="player-{p.key}" name="player" value="{p.key}">'
        f"<bdi>{escape(p.label)}</bdi><small>{escape(p.about)}</small></button></li>"
        for p in PLAYERS
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<title>Sign in · demo Login</title><link rel="stylesheet" href="/shop/shop.css"></head><body class="sign-in"><main>'
        f'<h1>Sign in</h1><form method="post" action="/login/sign-in">{hidden}<ul class="players">{buttons}</ul></form>'
        "</main></body></html>"
    )
    return Response(
        body=page.encode(), content_type="text/html; charset=utf-8", headers=[("Cache-Control", "no-store")]
    )


def sign_in(call: Call) -> Response:
    """Will send the browser to the shop's callback with `?token=`, or to `redirect_uri` with `?code=&state=`.

    Source: Login sheet 2. Login sets no cookie on the partner's domain; the shop's callback does.
    """
    refuse_foreign_origin(call.request)
    form, book = call.request.form(), call.box.login
    player = book.player(key=form.get("player", ""))
    if player is None:
        raise Problem(400, "003-002", "There is no such demo player.")
    if "client_id" in form:
        uri = form.get("redirect_uri", "")
        if form["client_id"] != book.web_client[0] or not uri.startswith(("http://127.0.0.1", "http://localhost")):
            raise Problem(400, "010-019", "The OAuth 2.0 client or its redirect_uri is not known.")
        code = secrets.token_urlsafe(24)
        book.codes[code] = (player.key, uri)
        return _see_other(f"{uri}?{urlencode({'code': code, 'state': form.get('state', '')})}")
    return _see_other(f"/shop/callback?{urlencode({'token': book.mint(player=player, now_s=call.now_s)})}")


def _see_other(place: str) -> Response:
    """Will send the browser on with a GET."""
    return Response(status=303, content_type="", headers=[("Location", place), ("Cache-Control", "no-store")])


def _project(call: Call) -> str:
    """Will answer the project in the path. Raises: Problem 404."""
    project_id = call.params["project_id"].lower()
    if project_id not in (call.box.login.project_id, RS256_PROJECT_ID):
        raise Problem(404, "003-019", "Project was not found.")
    return project_id


def _keys(call: Call) -> list[SigningKey]:
    """Will answer the project's keys; an HS256 project has none."""
    return call.box.login.keys() if _project(call) == RS256_PROJECT_ID else []


def _jwk(pair: SigningKey, *, as_hex: bool) -> dict[str, str]:
    """Will answer the public half in one of the two published encodings."""
    numbers = pair.key.public_key().public_numbers()
    if as_hex:
        e, n = f"{numbers.e:x}", f"{numbers.n:0512x}"
    else:
        e, n = to_base64url(b"\x01\x00\x01"), to_base64url(numbers.n.to_bytes(256, "big"))
    return {"alg": "RS256", "e": e, "kid": pair.kid, "kty": "RSA", "n": n, "use": "sig"}


def _require_server(call: Call) -> None:
    """Raises: Problem 401 without a server token, 403 for one that is not ours. Source: sheet 10 (no "Bearer")."""
    token = call.request.headers.get("x-server-authorization", "")
    if not token:
        raise Problem(401, "003-040", "The header X-SERVER-AUTHORIZATION is missing.")
    if call.box.login.server_tokens.get(token, 0.0) <= call.now_s:
        raise Problem(403, "1901-0001", "The server token is invalid; it is sent without the word Bearer.")


def _current_user(call: Call) -> dict[str, Any]:
    """Will answer the user of the Bearer token. Raises: Problem 401."""
    scheme, _, token = call.request.headers.get("authorization", "").partition(" ")
    claims = call.box.login.read(token.strip(), now_s=call.now_s) if scheme.lower() == "bearer" else None
    if claims is None:
        raise Problem(401, "002-016", "The JWT is invalid.")
    user = _find_user(call, str(claims["xsolla_login_project_id"]), str(claims.get("sub")))
    if user is None:
        raise Problem(401, "003-040", "The user is not authorized.")
    if user["ban"]:
        raise Problem(401, "002-040", "The user is banned.")
    return user


def _find_user(call: Call, project_id: str, user_id: str) -> dict[str, Any] | None:
    """Will answer a player, or the person behind a Zendesk visitor's `external_id`; both exist in Login."""
    book = call.box.login
    player = book.player(user_id=user_id)
    if user_id in book.deleted or (player is not None and book.project_of(player) != project_id):
        return None
    if player is not None:
        return _user(book, user_id, player.email, player.username, player.name, player.kind)
    visitor = call.box.world.visitors.get(call.box.world.by_external.get(user_id, ""))
    if visitor is None or project_id != book.project_id:
        return None
    return _visitor_user(book, visitor)


def _users(call: Call, project_id: str) -> Iterator[dict[str, Any]]:
    """Will answer all users of a project, players first."""
    ids = [player.user_id for player in PLAYERS] + list(call.box.world.by_external)
    users = (_find_user(call, project_id, user_id) for user_id in dict.fromkeys(ids))
    return (user for user in users if user is not None)


def _visitor_user(book: LoginBook, visitor: Visitor) -> dict[str, Any]:
    """Will answer the Login user behind a linked visitor."""
    return _user(
        book,
        str(visitor.external_id),
        visitor.email or None,
        visitor.email or visitor.name,
        visitor.name,
        "xsolla_login",
    )


def _user(
    book: LoginBook, user_id: str, email: str | None, username: str, name: str | None, kind: str
) -> dict[str, Any]:
    """Will answer a user in the shape of user-by-ID. Source: Login sheet 10."""
    return {
        "id": user_id, "email": email, "external_id": None, "username": username, "nickname": None, "first_name": None,
        "last_name": None, "name": name, "groups": [{"id": 1204, "name": "default", "is_default": True}],
        "ban": book.bans.get(user_id), "is_anonymous": False, "is_last_email_confirmed": email is not None,
        "is_user_active": True, "login_type": kind, "registered": iso(1_750_000_000), "last_login": iso(1_767_225_600),
        "phone_auth": None,
    }  # fmt: skip


def _user_tokens(book: LoginBook, key: str, now_s: float) -> dict[str, Any]:
    """Will answer the tokens of a player who signed in by OAuth 2.0: the access token is the user JWT."""
    player = book.player(key=key)
    assert player is not None
    refresh = secrets.token_urlsafe(32)
    book.refresh[refresh] = key
    access = book.mint(player=player, now_s=now_s)
    return {"access_token": access, "expires_in": player.life_s, "refresh_token": refresh, "token_type": "bearer"}


def _tokens(answer: dict[str, Any]) -> Response:
    """Will answer tokens that nobody may keep in a cache."""
    return json_response(answer, headers=[("Cache-Control", "no-store")])


def _count(params: dict[str, str], name: str, default: int) -> int:
    """Will read a count of at most 1000. Raises: Problem 400."""
    text = params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Problem(400, "002-027", f"{name} must be a whole number.")
    return min(int(text), 1000) if name == "limit" else int(text)


ROUTES = [
    Route("GET", "/", sign_in_page), Route("POST", "/sign-in", sign_in),
    Route("GET", "/api/projects/{project_id}/jwks.json", key_set),
    Route("GET", "/api/projects/{project_id}/keys", bare_keys),
    Route("POST", "/api/projects/{project_id}/keys", rotate_keys),
    Route("GET", "/api/users/me", show_me), Route("GET", "/api/users/me/email", show_my_email),
    Route("POST", "/api/token/validate", validate_token), Route("POST", "/api/oauth2/token", exchange),
    Route("GET", "/api/projects/{project_id}/users", search_users),
    Route("GET", "/api/projects/{project_id}/users/search", search_users),
    Route("GET", "/api/projects/{project_id}/users/search/by_id/{user_id}", show_user),
    Route("POST", "/api/projects/{project_id}/users/{user_id}/ban", ban_user),
    Route("DELETE", "/api/projects/{project_id}/users/{user_id}/ban", unban_user),
    Route("DELETE", "/api/users/{user_id}", delete_user),
]  # fmt: skip
