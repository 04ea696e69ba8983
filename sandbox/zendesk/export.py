"""Zendesk Chat's incremental export, the feed a poller reads. Source: README Z4.2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route, read_number
from sandbox.world.state import LATEST_EPOCH_S
from sandbox.zendesk.shapes import build_chat, parse_fields

LARGEST_PAGE = 1000
LEAST_AGE_S = 300  # seconds; a start_time must be more than five minutes in the past


def export_chats(call: Call) -> Response:
    """Answer chats in order of (update time, ID) from the cursor on, always with a `next_page`.

    Raises: Problem 400 for a limit over 1000, a recent `start_time`, or parameters that are not numbers.
    """
    params, switches, world = call.request.parse_query(), call.box.switches, call.box.world
    limit = read_number(params, "limit", default=LARGEST_PAGE, low=1, high=LARGEST_PAGE)
    limit = min(limit, switches.export_page_at_most)
    start_s, start_id = _read_start(call, params), params.get("start_id", "")
    page = world.list_updated(
        start_s=start_s,
        start_id="" if switches.ignore_start_id else start_id,
        limit=limit,
        inclusive=switches.repeat_cursor,
    )
    last = page[-1] if page else None
    fields = parse_fields(params.get("fields"))
    chats = [build_chat(world, chat, switches=switches, fields=fields) for chat in page]
    end_s, end_id = (last.update_s, last.id) if last else (start_s, start_id)
    cursor: dict[str, Any] = {"end_time": end_s, "end_id": end_id}
    if not page and switches.empty_page_cursor != "keep":
        cursor = dict.fromkeys(cursor) if switches.empty_page_cursor == "null" else {}
    next_page = _build_next_page(call, feed="chats", limit=limit, end_s=end_s, end_id=end_id)
    return respond_json({"chats": chats, "count": len(chats), **cursor, "next_page": next_page})


def _read_start(call: Call, params: dict[str, str]) -> int:
    """Return `start_time` in epoch seconds. Raises: Problem 400."""
    start_s = read_number(params, "start_time", default=0, low=0, high=LATEST_EPOCH_S)
    if start_s >= call.now_s - LEAST_AGE_S:
        status = call.box.switches.young_start_status
        raise Problem(status, "Bad Request", "start_time must be more than five minutes in the past.")
    return start_s


def _build_next_page(call: Call, *, feed: str, limit: int, end_s: int, end_id: str) -> str:
    """Return the absolute URL of the next page, every value percent-encoded (`chats%28%2A%29`)."""
    params = call.request.parse_query()
    pairs: list[tuple[str, Any]] = [("fields", params["fields"])] if "fields" in params else []
    pairs += [("limit", limit), ("start_time", end_s)]
    pairs += [("start_id", end_id)] if end_id else []
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in pairs)
    return f"{call.base}/incremental/{feed}?{query}"


def make_empty_feed(feed: str) -> Callable[[Call], Response]:
    """Return the handler of a feed without records; its cursor never moves.

    `start_time` is in seconds, for `agent_timeline` in microseconds; both are accepted.
    """

    def answer(call: Call) -> Response:
        params = call.request.parse_query()
        limit = read_number(params, "limit", default=LARGEST_PAGE, low=1, high=LARGEST_PAGE)
        start = read_number(params, "start_time", default=0, low=0, high=LATEST_EPOCH_S * 1_000_000)
        start_id = params.get("start_id", "")
        next_page = _build_next_page(call, feed=feed, limit=limit, end_s=start, end_id=start_id)
        return respond_json({feed: [], "count": 0, "end_time": start, "end_id": start_id, "next_page": next_page})

    return answer


FEEDS = ("agent_timeline", "conversions", "department_events", "agent_events")
ROUTES = [
    Route("GET", "/incremental/chats", export_chats),
    *(Route("GET", f"/incremental/{feed}", make_empty_feed(feed)) for feed in FEEDS),
]
