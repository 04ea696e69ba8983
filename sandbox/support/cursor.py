"""The incremental feeds: users and tickets by cursor, the sample, and the older call by time. Source: README M4, M5."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route
from sandbox.support.people import SandboxUser
from sandbox.support.shapes import build_ticket, build_user

MOST_PER_PAGE = 1_000
SAMPLE_SIZE = 50
Position = tuple[int, int]  # (epoch second of the change, ID of the record)


def list_users_by_cursor(call: Call) -> Response:
    """Answer a page of users in order of change. Only `end_of_stream` says that it is the last. Source: README M4."""
    params, book = call.request.parse_query(), call.box.support
    position = _read_position(call, params)
    if book.switches.empty_pages:
        book.switches.empty_pages -= 1
        return _respond_page(call, "users", [], position=position, is_last=False, params=params)
    size = min(_read_page_size(params), book.switches.page_at_most)
    until_s = call.now_s - book.switches.hold_back_s
    if book.switches.repeat_cursor and "cursor" in params:
        position, size = (position[0], position[1] - 1), max(size, 2)
    users, is_last = book.people.list_changed(after=position, until_s=until_s, limit=size)
    if users:
        position = (users[-1].updated_s, users[-1].id)
    shown = _build_users(call, users)
    return _respond_page(call, "users", shown, position=position, is_last=is_last, params=params)


def list_tickets_by_cursor(call: Call) -> Response:
    """Answer a page of tickets in order of change, with `include=users` their requesters. Source: README M5."""
    params, book = call.request.parse_query(), call.box.support
    position, until_s = _read_position(call, params), call.now_s - book.switches.hold_back_s
    tickets = sorted(
        (ticket for ticket in book.people.tickets.values() if position < (ticket.updated_s, ticket.id)),
        key=lambda ticket: (ticket.updated_s, ticket.id),
    )
    tickets = [ticket for ticket in tickets if ticket.updated_s <= until_s]
    page = tickets[: _read_page_size(params)]
    if page:
        position = (page[-1].updated_s, page[-1].id)
    shown = [build_ticket(ticket, base=find_base(call)) for ticket in page]
    is_last = len(page) == len(tickets)
    beside: dict[str, Any] = {}
    if "users" in params.get("include", "").split(","):
        owners = [book.people.users[user_id] for user_id in sorted({ticket.requester_id for ticket in page})]
        beside = {"users": _build_users(call, owners)}
    return _respond_page(call, "tickets", shown, position=position, is_last=is_last, params=params, beside=beside)


def list_users_by_time(call: Call) -> Response:
    """Answer users from `start_time` on; `end_time` is the last one's, so a page can repeat or loop."""
    return _respond_by_time(call, size=MOST_PER_PAGE, name="users.json")


def show_sample(call: Call) -> Response:
    """Answer at most 50 users from `start_time` on, for trying things out."""
    return _respond_by_time(call, size=SAMPLE_SIZE, name="users/sample.json")


def find_base(call: Call) -> str:
    """Return the absolute URL of the API."""
    return f"{call.base}/api/v2"


def _respond_by_time(call: Call, *, size: int, name: str) -> Response:
    params, book = call.request.parse_query(), call.box.support
    start_s = _read_start(call, params)
    until_s = call.now_s - book.switches.hold_back_s
    users, is_last = book.people.list_changed(after=(start_s, -1), until_s=until_s, limit=size)
    end_s = users[-1].updated_s if users else start_s
    return respond_json({
        "users": _build_users(call, users), "next_page": f"{find_base(call)}/incremental/{name}?start_time={end_s}",
        "count": len(users), "end_of_stream": is_last, "end_time": end_s,
    })  # fmt: skip


def _build_users(call: Call, users: list[SandboxUser]) -> list[dict[str, Any]]:
    base, keeps = find_base(call), call.box.support.switches.deleted_keeps_external_id
    return [build_user(user, base=base, keeps_external_id=keeps) for user in users]


def _respond_page(
    call: Call,
    name: str,
    records: list[dict[str, Any]],
    *,
    position: Position,
    is_last: bool,
    params: dict[str, str],
    beside: dict[str, Any] | None = None,
) -> Response:
    """Answer the records with the cursor behind them."""
    cursor = encode_cursor(position, generation=call.box.support.cursor_generation)
    query = {"cursor": cursor} | {key: params[key] for key in ("per_page", "include") if key in params}
    url = f"{find_base(call)}/incremental/{name}/cursor.json?{urlencode(query)}"
    page = {"after_cursor": cursor, "after_url": url, "before_cursor": None, "before_url": None}
    return respond_json({name: records, **(beside or {}), **page, "end_of_stream": is_last})


def encode_cursor(position: Position, *, generation: int) -> str:
    """Return the opaque cursor, in the form of the documented sample. Source: README M4, `1576613539.0||467|`."""
    text = f"{position[0]}.0||{position[1]}|{generation or ''}"
    return urlsafe_b64encode(text.encode()).decode()


def _read_position(call: Call, params: dict[str, str]) -> Position:
    """Return the position of the cursor, else of `start_time`; the cursor wins when both are sent (README M4: U).

    Raises: Problem for a cursor that is unreadable or was refused by a control call.
    """
    if "cursor" not in params:
        return _read_start(call, params), -1
    book = call.box.support
    try:
        time_text, _, id_text, generation = urlsafe_b64decode(params["cursor"]).decode().split("|")
        position = int(time_text.removesuffix(".0")), int(id_text)
    except ValueError:
        position, generation = (0, 0), "unreadable"
    if generation != str(book.cursor_generation or ""):
        raise Problem(book.switches.refused_cursor_status, "InvalidValue", "The cursor is not valid.")
    return position


def _read_start(call: Call, params: dict[str, str]) -> int:
    """Return `start_time`. Raises: Problem 422 when it is missing, no number, or too young. Source: README M4."""
    text, young_s = params.get("start_time", ""), call.box.support.switches.young_start_s
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise Problem(422, "InvalidValue", "start_time is needed, in epoch seconds.")
    if int(text) > call.now_s - young_s:
        age = "5 minutes" if young_s == 300 else "1 minute"
        raise Problem(422, "InvalidValue", f"Too recent start_time. Use a start_time older than {age}")
    return int(text)


def _read_page_size(params: dict[str, str]) -> int:
    text = params.get("per_page", "")
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else MOST_PER_PAGE
    return min(size, MOST_PER_PAGE) or MOST_PER_PAGE


ROUTES = [
    Route("GET", "/api/v2/incremental/users/cursor", list_users_by_cursor),
    Route("GET", "/api/v2/incremental/users/sample", show_sample),
    Route("GET", "/api/v2/incremental/users", list_users_by_time),
    Route("GET", "/api/v2/incremental/tickets/cursor", list_tickets_by_cursor),
]
