"""Zendesk Chat's REST API: credentials, limit, visitors and chats. Other resources have modules of their own."""

from __future__ import annotations

import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Handler, Route, Service, Table
from sandbox.world.box import Box, parse_time
from sandbox.world.faults import build_error_page
from sandbox.world.state import Chat, ZendeskVisitor, to_dot_form
from sandbox.zendesk.bans import ROUTES as BAN_ROUTES
from sandbox.zendesk.export import ROUTES as EXPORT_ROUTES
from sandbox.zendesk.legacy import add_legacy, refuse_gone_prefix
from sandbox.zendesk.lists import ROUTES as LIST_ROUTES
from sandbox.zendesk.oauth import ROUTES as OAUTH_ROUTES
from sandbox.zendesk.search import PAGE, search_chats
from sandbox.zendesk.shapes import build_chat, build_visitor

MOST_IDS = 50  # Source: README Z4.1, clients send at most 50 IDs; the effect of more is unknown.
LARGEST_BODY = 1_000_000  # bytes; the vendor's limit is unknown, and a large name would be repeated on every page
WRITABLE = ("name", "email", "phone", "notes")
OFFLINE, HELD = "offline_msg", "chat"


class LimitReached(Problem):
    """The account's calls of this minute are used up; the switch `limit_body` chooses the body."""


class ZendeskService(Service):
    """`/api/v2/chat/…`, and the older `/api/v2/…` while switched on."""

    name = "zendesk"

    def __init__(self) -> None:
        self.table = Table([replace(route, handler=_add_limit_headers(route)) for route in ROUTES])

    def list_prefixes(self, box: Box, /) -> tuple[str, ...]:
        """Return both prefixes while the older is on. Source: README Z1, only host and prefix differ."""
        return add_legacy(box, "/api/v2/chat", "/api/v2")

    def guard(self, call: Call, route: Route, /) -> None:
        """Check the access token, then the account's limit. Source: README Z2 and Z6."""
        refuse_gone_prefix(call, "/api/v2")
        if route.open_:
            return
        scheme, _, token = call.request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if token:
            call.box.stats.count_token(token)
        scopes = call.box.oauth.find_scopes(token=token, fixed=call.box.config.access_token, now_s=call.now_s)
        if scheme.lower() != "bearer" or scopes is None:
            raise Problem(401, "Unauthorized", "A valid Chat access token is needed as Authorization: Bearer.")
        if ("read" if call.request.method in ("GET", "HEAD") else "write") not in scopes:
            raise Problem(403, "Forbidden", "The access token does not have the scope for this call.")
        switches = call.box.switches
        limit, endpoint = switches.limit_per_minute, _name_endpoint(call, route)
        wait_s = call.box.limiter.take(now_s=call.now_s, limit=limit, endpoint=endpoint)
        if wait_s > 0:
            retry = ("Retry-After", str(max(1, math.ceil(wait_s))))
            headers = (retry, *_build_limit_headers(call, route))
            raise LimitReached(429, switches.limit_body, "Too many requests.", headers=headers)
        if len(call.request.body) > LARGEST_BODY:
            raise Problem(413, "Content Too Large", f"A body has at most {LARGEST_BODY} bytes.")

    def render_problem(self, box: Box, problem: Problem, /) -> Response:
        """Answer `{"error","description"}`, the recorded keys of a 401. Source: README Z6.

        The switch `error_body` chooses the body of other statuses, as none is recorded.
        """
        if isinstance(problem, LimitReached):
            return build_error_page(status=429, body=problem.error, headers=list(problem.headers))
        shape = "json" if problem.status == 401 else box.switches.error_body
        if shape in ("text", "html"):
            return build_error_page(status=problem.status, body=shape, headers=list(problem.headers))
        if shape == "short":
            return respond_json({"error": problem.error}, status=problem.status, headers=problem.headers)
        return super().render_problem(box, problem)


def _name_endpoint(call: Call, route: Route) -> str:
    """Return the endpoint whose calls are counted together, "" for the whole account. Source: README Z0.5."""
    return f"{route.method} {route.template}" if call.box.switches.limit_scope == "endpoint" else ""


def _build_limit_headers(call: Call, route: Route) -> list[tuple[str, str]]:
    """Return the limit headers of the Ticketing API while switched on. Source: README Z6."""
    limit = call.box.switches.limit_per_minute
    if call.box.switches.limit_headers == "none" or not limit or route.open_:
        return []
    left, reset_s = call.box.limiter.count_left(now_s=call.now_s, limit=limit, endpoint=_name_endpoint(call, route))
    return [("X-Rate-Limit", str(limit)), ("X-Rate-Limit-Remaining", str(left)), ("ratelimit-reset", str(reset_s))]


def _add_limit_headers(route: Route) -> Handler:
    """Return the route's handler with the limit headers added to its response."""

    def answer(call: Call) -> Response:
        response = route.handler(call)
        response.headers.extend(_build_limit_headers(call, route))
        return response

    return answer


def refuse_visitor_list(call: Call) -> Response:
    """Refuse the request: there is no list of visitors. Source: README Z3.1 (404 or 405: unknown, so a switch)."""
    if call.box.switches.visitor_list_status == 405:
        raise Problem(405, "Method Not Allowed", "Visitors cannot be listed.", headers=(("Allow", "POST, OPTIONS"),))
    raise Problem(404, "Not Found", "Nothing lives at this path.")


def create_visitor(call: Call) -> Response:
    """Add a visitor without `external_id`: only a Zendesk JWT can set one. Source: README Z3.1."""
    body = call.read_json()
    if "name" not in body and "display_name" in body:  # an old public script sends this name and is accepted
        body["name"] = body["display_name"]
    world = call.box.world
    visitor = ZendeskVisitor(id=world.mint_visitor_id(), name="", created_s=int(call.now_s))
    _copy_writable(visitor, body)
    if not visitor.name:
        visitor.name = f"Visitor {world.rng.randrange(10_000_000, 99_999_999)}"
    world.put_visitor(visitor)
    return respond_json(build_visitor(visitor, switches=call.box.switches), status=201)


def show_visitor(call: Call) -> Response:
    """Answer the visitor by an ID in either form; the ID in the answer may differ. Source: README Z3.3."""
    return respond_json(build_visitor(_find_visitor(call), switches=call.box.switches))


def update_visitor(call: Call) -> Response:
    """Change name, e-mail, phone or notes. Source: README Z3.1 (`id` in the body is refused)."""
    visitor, body = _find_visitor(call), call.read_json()
    if "id" in body:
        raise Problem(call.box.switches.put_id_status, "Bad Request", "The body must not contain id.")
    if "external_id" in body and call.box.switches.put_external_id == "refuse":
        raise Problem(400, "Bad Request", "external_id is read-only.")
    _copy_writable(visitor, body)
    return respond_json(build_visitor(visitor, switches=call.box.switches))


def list_chats(call: Call) -> Response:
    """Answer the newest chats, 40 a page, or the chats named by `ids` as a map. Source: README Z4.1."""
    params, world, switches = call.request.parse_query(), call.box.world, call.box.switches
    if "ids" in params:
        return _show_chats_by_id(call, params["ids"])
    page = world.list_newest(before=_parse_cursor(params.get("cursor")), limit=PAGE + 1)
    next_url = None
    if len(page) > PAGE:
        page = page[:PAGE]
        mark = urlsafe_b64encode(f"{page[-1].start_s}|{page[-1].id}".encode()).decode().rstrip("=")
        next_url = f"{call.base}/chats?{urlencode({'cursor': mark})}"
    chats = [build_chat(world, chat, switches=switches) for chat in page]
    before = {"prev_url": None} if switches.prev_url else {}
    count = len(world.by_start) if switches.list_count == "total" else len(chats)
    return respond_json({"chats": chats, "count": count, **before, "next_url": next_url})


def show_chat(call: Call) -> Response:
    """Answer one chat, unless it is deleted."""
    return respond_json(build_chat(call.box.world, _find_chat(call), switches=call.box.switches))


def create_chat(call: Call) -> Response:
    """Add an offline message, as scripts that fill an account do. Source: README Z4.1."""
    body, world, now_s = call.read_json(), call.box.world, int(call.now_s)
    visitor_body = body.pop("visitor", None) or {}
    if not isinstance(visitor_body, dict):
        raise Problem(400, "Bad Request", "visitor must be an object.")
    if not isinstance(body.get("message", ""), str):
        raise Problem(400, "Bad Request", "message must be text.")
    start_s = _parse_start_time(body.pop("timestamp", None), now_s)
    visitor = world.find_visitor(str(visitor_body.get("id", "")))
    if visitor is None:
        visitor_id = to_dot_form(str(visitor_body.get("id") or world.mint_visitor_id()))
        visitor = world.put_visitor(ZendeskVisitor(id=visitor_id, name="", created_s=now_s))
        _copy_writable(visitor, visitor_body)
    ended = body.get("type") == HELD
    chat = Chat(
        id=world.mint_chat_id(start_s=start_s), visitor_id=visitor.id, start_s=start_s, end_s=start_s if ended else 0,
        update_s=now_s, kind=HELD if ended else OFFLINE, details=_pick_details(body) or None,
    )  # fmt: skip
    world.put_chat(chat)
    return respond_json(build_chat(world, chat, switches=call.box.switches), status=201)


def update_chat(call: Call) -> Response:
    """Change a chat; nested names are flat, as `visitor.notes`. The export shows it again. Source: README Z4.1."""
    chat, body, world = _find_chat(call), call.read_json(), call.box.world
    visitor_part = {name.partition(".")[2]: value for name, value in body.items() if name.startswith("visitor.")}
    visitor = world.find_visitor(chat.visitor_id)
    if visitor is not None:
        _copy_writable(visitor, visitor_part)
    details = _pick_details({name: value for name, value in body.items() if "." not in name and name != "visitor"})
    chat.details = (chat.details or {}) | details or None
    world.touch(chat, update_s=max(int(call.now_s), chat.update_s))
    return respond_json(build_chat(world, chat, switches=call.box.switches))


def delete_chat(call: Call) -> Response:
    """Delete one chat; whether the export still shows it is unknown, so a switch."""
    _delete(call, _find_chat(call))
    return Response(status=204)


def delete_chats(call: Call) -> Response:
    """Delete the chats named by `ids`; unknown IDs are ignored."""
    ids = _parse_ids(call.request.parse_query().get("ids", ""))
    for chat_id in ids:
        chat = call.box.world.chats.get(chat_id)
        if chat is not None and not chat.deleted:
            _delete(call, chat)
    return Response(status=204)


def _find_visitor(call: Call) -> ZendeskVisitor:
    """Return the visitor of the path. Raises: Problem 404."""
    visitor = call.box.world.find_visitor(call.params["visitor_id"])
    if visitor is None:
        raise Problem(404, "Not Found", "There is no such visitor.")
    return visitor


def _find_chat(call: Call) -> Chat:
    """Return the chat of the path. Raises: Problem 404."""
    chat = call.box.world.chats.get(call.params["chat_id"])
    if chat is None or chat.deleted or chat.raw is not None:
        raise Problem(404, "Not Found", "There is no such chat.")
    return chat


def _copy_writable(visitor: ZendeskVisitor, body: dict[str, Any]) -> None:
    """Copy the writable fields; null empties one. Raises: Problem 400 when one is not text."""
    for name in WRITABLE:
        value = body.get(name, getattr(visitor, name))
        if value is not None and not isinstance(value, str):
            raise Problem(400, "Bad Request", f"{name} must be text.")
    for name in WRITABLE:
        if name in body:
            setattr(visitor, name, body[name] or "")


def _pick_details(body: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that a client may set on a chat, without those that the account sets."""
    own = {"id", "type", "timestamp", "end_timestamp", "update_timestamp", "deleted"}
    return {name: value for name, value in body.items() if name not in own}


def _parse_start_time(value: Any, now_s: int) -> int:
    """Parse a creation time, ISO text or epoch seconds. Raises: Problem 400."""
    if value is None:
        return now_s
    try:
        seconds = parse_time(value) if isinstance(value, str) else int(value)
    except (ValueError, TypeError, OverflowError):
        raise Problem(400, "Bad Request", "timestamp is not a time.") from None
    if not 0 <= seconds <= now_s + 300:
        raise Problem(400, "Bad Request", "timestamp must lie in the past.")
    return seconds


def _parse_cursor(text: str | None) -> tuple[int, str] | None:
    """Parse the list's cursor. Raises: Problem 400 when it is invalid."""
    if not text:
        return None
    try:
        start, _, chat_id = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition("|")
        return int(start), chat_id
    except ValueError:
        raise Problem(400, "Bad Request", "cursor is not valid.") from None


def _parse_ids(text: str) -> list[str]:
    """Split the `ids` parameter. Raises: Problem 400 when it holds no ID or more than 50."""
    ids = [part.strip() for part in text.split(",") if part.strip()]
    if not 1 <= len(ids) <= MOST_IDS:
        raise Problem(400, "Bad Request", f"ids must name 1 to {MOST_IDS} chats.")
    return ids


def _show_chats_by_id(call: Call, text: str) -> Response:
    """Answer the bulk form, `docs` by ID, without unknown IDs."""
    world, docs = call.box.world, {}
    for chat_id in _parse_ids(text):
        chat = world.chats.get(chat_id)
        if chat is not None and not chat.deleted:
            docs[chat_id] = build_chat(world, chat, switches=call.box.switches)
    return respond_json({"docs": docs, "count": len(docs)})


def _delete(call: Call, chat: Chat) -> None:
    """Delete a chat; the export shows the deletion or forgets the chat, by switch."""
    call.box.world.hide(chat)
    if call.box.switches.deleted_in_export:
        call.box.world.touch(chat, update_s=max(int(call.now_s), chat.update_s))
    else:
        call.box.world.forget(chat)


def _build_routes(*items: tuple[str, str, Callable[[Call], Response]]) -> list[Route]:
    """Return routes for rows of method, template and handler."""
    return [Route(method, template, handler) for method, template, handler in items]


ROUTES = [
    Route("GET", "/visitors", refuse_visitor_list, open_=True),
    *_build_routes(
        ("POST", "/visitors", create_visitor),
        ("GET", "/visitors/{visitor_id}", show_visitor),
        ("PUT", "/visitors/{visitor_id}", update_visitor),
        ("GET", "/chats", list_chats),
        ("POST", "/chats", create_chat),
        ("DELETE", "/chats", delete_chats),
        ("GET", "/chats/search", search_chats),
        ("GET", "/chats/{chat_id}", show_chat),
        ("PUT", "/chats/{chat_id}", update_chat),
        ("DELETE", "/chats/{chat_id}", delete_chat),
    ),
    *EXPORT_ROUTES, *BAN_ROUTES, *LIST_ROUTES, *OAUTH_ROUTES,
]  # fmt: skip
