"""Login's users: show, search, list, ban, delete. Source: README L10.

Users are the demo players and the people that the `external_id` of generated visitors names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route
from sandbox.world.players import GROUPS, PLAYERS, RS256_PROJECT_ID, LoginBook
from sandbox.world.state import ZendeskVisitor, format_time

SEARCH_FIELDS = {
    "contact": "email",
    "id": "id",
    "username": "username",
    "nickname": "nickname",
    "custom_id": "external_id",
}
SORT_FIELDS = {
    "username": "username",
    "contact": "email",
    "nickname": "nickname",
    "custom_id": "external_id",
    "activity": "last_login",
    "group": "groups",
}


def show_me(call: Call) -> Response:
    """Answer the user of the Bearer token. Source: README L10, `GET /users/me`."""
    user = _find_current_user(call)
    nothing = dict.fromkeys(("tag", "phone", "phone_auth", "picture", "birthday", "gender", "country", "presence"))
    return respond_json({**user, **nothing, "connection_information": None, "devices": []})


def show_my_email(call: Call) -> Response:
    """Answer the user's own address. Source: README L10."""
    return respond_json({"current_email": _find_current_user(call)["email"]})


def show_my_networks(call: Call) -> Response:
    """Answer the networks of the user. Source: README L10, linked networks."""
    user = _find_current_user(call)
    player = call.box.login.find_player(user_id=str(user["id"]))
    extra = player.extra if player is not None and player.kind == "social" else {}
    networks = [{
        "full_name": user["name"], "nickname": user["nickname"], "picture": extra.get("picture"),
        "provider": extra["provider"], "social_id": extra["id"],
    }] if extra else []  # fmt: skip
    return respond_json(networks)


def log_out(call: Call) -> Response:
    """Log the user out; `sessions=all` also revokes all their tokens. Source: README L8, logout."""
    user = _find_current_user(call)
    if _read_choice(call.request.parse_query(), "sessions", "sso", {"sso", "all"}) == "all":
        call.box.login.revoke(user_id=str(user["id"]), now_s=call.now_s)
    return Response(status=204)


def show_user(call: Call) -> Response:
    """Answer one user to a server. Source: README L10, user by ID."""
    require_server(call)
    user = find_user(call, find_project_id(call), call.params["user_id"])
    if user is None:
        raise Problem(404, "003-002", "User was not found.")
    return respond_json(user)


def search_users(call: Call) -> Response:
    """Answer `limit` matching users from `offset` on, in the order of the parameters. Source: README L10, search.

    Filters by `status`, `user_groups` and activity are ignored: all demo users are active and in one group.
    """
    require_server(call)
    params, project_id = call.request.parse_query(), find_project_id(call)
    limit, offset = _read_count(params, "limit", 20), _read_count(params, "offset", 0)
    field = _read_choice(params, "search_by", "contact", {*SEARCH_FIELDS, "phone", "social-id"})
    query = params.get("search_query", "").lower()
    name = SEARCH_FIELDS.get(field, "")
    users = [
        user for user in _iterate_users(call, project_id) if not query or query in str(user.get(name) or "").lower()
    ]
    if "order_column" in params:
        column = SORT_FIELDS[_read_choice(params, "order_column", "", set(SORT_FIELDS))]
        users.sort(key=lambda user: str(user[column] or "").lower())
    if _read_choice(params, "order_dir", "asc", {"asc", "desc"}) == "desc":
        users.reverse()
    page = users[offset : offset + limit]
    next_after = page[-1]["id"] if offset + limit < len(users) and page else None
    return respond_json({"count": len(users), "next_after": next_after, "users": page})


def list_users(call: Call) -> Response:
    """Answer `limit` users after the user `after`. Source: README L10, list.

    Raises: Problem 400 for an unknown `after`.
    """
    require_server(call)
    params, project_id = call.request.parse_query(), find_project_id(call)
    limit, order = _read_count(params, "limit", 20), _read_choice(params, "order", "ASC", {"ASC", "DESC"})
    users = list(_iterate_users(call, project_id))
    if order == "DESC":
        users.reverse()
    ids = [user["id"] for user in users]
    after = params.get("after", "")
    if after and after not in ids:
        raise Problem(400, "002-027", "after names no user.")
    start = ids.index(after) + 1 if after else 0
    page = users[start : start + limit]
    next_after = page[-1]["id"] if page and start + limit < len(users) else None
    query = urlencode({"limit": limit, "order": order, "after": next_after})
    next_url = f"{call.base}/api/projects/{project_id}/users?{query}" if next_after else None
    return respond_json({"count": len(users), "next_after": next_after, "next_url": next_url, "users": page})


def ban_user(call: Call) -> Response:
    """Ban a user. Source: README L10 (`reason` of 1 to 255 characters is required)."""
    require_server(call)
    body, reason = call.read_json(), call.read_json().get("reason")
    if not isinstance(reason, str) or not 1 <= len(reason) <= 255:
        raise Problem(422, "0", "reason is needed, 1 to 255 characters.")
    if find_user(call, find_project_id(call), call.params["user_id"]) is None:
        raise Problem(404, "003-002", "User was not found.")
    call.box.login.bans[call.params["user_id"]] = {
        "date_from": body.get("date_from"), "date_to": body.get("date_to"), "reason": reason,
    }  # fmt: skip
    return Response(status=204)


def unban_user(call: Call) -> Response:
    """Lift a ban."""
    require_server(call)
    find_project_id(call)
    call.box.login.bans.pop(call.params["user_id"], None)
    return Response(status=204)


def delete_user(call: Call) -> Response:
    """Delete a user; their tokens keep a valid signature, but `token/validate` refuses them. Source: README L10."""
    require_server(call)
    if find_user(call, call.request.parse_query().get("projectId", ""), call.params["user_id"]) is None:
        raise Problem(404, "003-002", "User was not found.")
    call.box.login.deleted.add(call.params["user_id"])
    return Response(status=204)


def find_project_id(call: Call) -> str:
    """Return the project ID of the path. Raises: Problem 404."""
    project_id = call.params["project_id"].lower()
    if project_id not in (call.box.login.project_id, RS256_PROJECT_ID):
        raise Problem(404, "003-019", "Project was not found.")
    return project_id


def require_server(call: Call) -> None:
    """Raise Problem 401 without a server token, 403 for an unknown one. Source: README L10 (no "Bearer")."""
    token = call.request.headers.get("x-server-authorization", "")
    if call.box.switches.server_bearer:  # one page of the documentation shows the word
        token = token.removeprefix("Bearer ")
    if not token:
        raise Problem(401, "003-040", "The header X-SERVER-AUTHORIZATION is missing.")
    if call.box.login.server_tokens.get(token, 0.0) <= call.now_s:
        raise Problem(403, "1901-0001", "The server token is invalid; it is sent without the word Bearer.")


def _find_current_user(call: Call) -> dict[str, Any]:
    """Return the user of the Bearer token. Raises: Problem 401."""
    scheme, _, token = call.request.headers.get("authorization", "").partition(" ")
    claims = call.box.login.read(token.strip(), now_s=call.now_s) if scheme.lower() == "bearer" else None
    if claims is None or call.box.login.is_revoked(claims):
        raise Problem(401, "002-016", "The JWT is invalid.")
    user = find_user(call, str(claims["xsolla_login_project_id"]), str(claims.get("sub")))
    if user is None:
        raise Problem(401, "003-040", "The user is not authorized.")
    if user["ban"]:
        raise Problem(401, "002-040", "The user is banned.")
    return user


def find_user(call: Call, project_id: str, user_id: str) -> dict[str, Any] | None:
    """Return a player, or the person that a Zendesk visitor's `external_id` names, or None."""
    book = call.box.login
    player = book.find_player(user_id=user_id)
    if user_id in book.deleted or (player is not None and book.find_project_id(player) != project_id):
        return None
    if player is not None:
        return _build_user(book, user_id, player.email, player.username, player.name, player.kind)
    visitor = call.box.world.visitors.get(call.box.world.by_external.get(user_id, ""))
    if visitor is None or project_id != book.project_id:
        return None
    return _build_visitor_user(book, visitor)


def _iterate_users(call: Call, project_id: str) -> Iterator[dict[str, Any]]:
    """Yield all users of a project, players first."""
    ids = [player.user_id for player in PLAYERS] + list(call.box.world.by_external)
    users = (find_user(call, project_id, user_id) for user_id in dict.fromkeys(ids))
    return (user for user in users if user is not None)


def _build_visitor_user(book: LoginBook, visitor: ZendeskVisitor) -> dict[str, Any]:
    """Return the Login user behind a linked visitor."""
    return _build_user(
        book,
        str(visitor.external_id),
        visitor.email or None,
        visitor.email or visitor.name,
        visitor.name,
        "xsolla_login",
    )


def _build_user(
    book: LoginBook, user_id: str, email: str | None, username: str, name: str | None, kind: str
) -> dict[str, Any]:
    """Return a user in the shape of user-by-ID. Source: README L10."""
    return {
        "id": user_id, "email": email, "external_id": None, "username": username, "nickname": None, "first_name": None,
        "last_name": None, "name": name, "groups": GROUPS,
        "ban": book.bans.get(user_id), "is_anonymous": False, "is_last_email_confirmed": email is not None,
        "is_user_active": True, "login_type": kind, "registered": format_time(1_750_000_000),
        "last_login": format_time(1_767_225_600), "phone_auth": None,
    }  # fmt: skip


def _read_choice(params: dict[str, str], name: str, default: str, choices: set[str]) -> str:
    """Return a parameter that must be one of `choices`. Raises: Problem 400."""
    word = params.get(name, default)
    if word not in choices:
        raise Problem(400, "002-027", f"{name} is one of {', '.join(sorted(choices))}.")
    return word


def _read_count(params: dict[str, str], name: str, default: int) -> int:
    """Return a whole number from 0 to 1000. Raises: Problem 400."""
    text = params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Problem(400, "002-027", f"{name} must be a whole number.")
    return min(int(text), 1000) if name == "limit" else int(text)


ROUTES = [
    Route("GET", "/api/oauth2/logout", log_out),
    Route("GET", "/api/users/me", show_me),
    Route("GET", "/api/users/me/email", show_my_email),
    Route("GET", "/api/users/me/social_providers", show_my_networks),
    Route("GET", "/api/projects/{project_id}/users", list_users),
    Route("GET", "/api/projects/{project_id}/users/search", search_users),
    Route("GET", "/api/projects/{project_id}/users/search/by_id/{user_id}", show_user),
    Route("POST", "/api/projects/{project_id}/users/{user_id}/ban", ban_user),
    Route("DELETE", "/api/projects/{project_id}/users/{user_id}/ban", unban_user),
    Route("DELETE", "/api/users/{user_id}", delete_user),
]
