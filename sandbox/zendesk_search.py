"""Zendesk Chat's search over chats: a small part of its Lucene-like language. Source: README Z4.1."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from sandbox.box import utc_epoch
from sandbox.faults import Switches
from sandbox.http1 import Response, json_response
from sandbox.routing import Call, Problem, number
from sandbox.state import Chat, World, iso
from sandbox.zendesk_shapes import chat_json

PAGE = 40
LAST_PAGE = 251  # Source: README Z4.1, deep paging stops after 251 pages with HTTP 400.
LATEST_EPOCH_S = 9_999_999_999
TERM = re.compile(r'(\w+):(\[[^\]]*\]|"[^"]*"|\S+)|"([^"]*)"|(\S+)')
RANGE = re.compile(r"^\[\s*(\S+)\s+TO\s+(\S+)\s*\]$")

Test = Callable[[Chat], bool]
PLAIN = Switches()


def search_chats(call: Call) -> Response:
    """Will answer summaries, newest first, 40 a page with `next_url`; a page past the 251st is refused."""
    params = call.request.params()
    page = number(params, "page", default=1, low=1, high=10**9)
    if page > LAST_PAGE:
        raise Problem(400, "Bad Request", "Search does not page deeper than 251 pages; narrow the query.")
    if not params.get("q", "").strip():
        raise Problem(400, "Bad Request", "q is needed.")
    world = call.box.world
    window, tests = read_query(params["q"], world=world)
    found = world.started_between(low_s=window[0], high_s=window[1])
    for test in tests:
        found = [chat for chat in found if test(chat)]
    part = found[(page - 1) * PAGE : page * PAGE]
    more = len(found) > page * PAGE
    next_url = f"{call.base}/chats/search?{urlencode({'q': params['q'], 'page': page + 1})}" if more else None
    results = [_summary(call, chat) for chat in part]
    return json_response({"results": results, "count": len(found), "next_url": next_url})


def read_query(text: str, *, world: World) -> tuple[tuple[int, int], list[Test]]:
    """Will answer the window of start times in epoch seconds and the further tests, all of which must hold.

    Raises: Problem 400 for a field nobody knows or a range that is none.
    """
    window = (0, LATEST_EPOCH_S)
    tests: list[Test] = []
    for name, value, phrase, word in TERM.findall(text):
        if name == "timestamp":
            window = _range(value)
        elif name:
            tests.append(_test(name, value.strip('"'), world))
        elif phrase or (word and word != "AND"):
            if word in ("OR", "NOT"):
                raise Problem(400, "Bad Request", "Only AND joins terms here.")
            tests.append(_words(phrase or word, world))
    return window, tests


def _range(value: str) -> tuple[int, int]:
    """Will read `[A TO B]`, times without zone as UTC, both ends included, `*` for open."""
    found = RANGE.match(value)
    if not found:
        raise Problem(400, "Bad Request", "A time range looks like [2026-01-01T00:00:00 TO 2026-01-02T00:00:00].")
    try:
        low, high = (None if end == "*" else utc_epoch(end) for end in found.groups())
    except ValueError:
        raise Problem(400, "Bad Request", "A time range holds a time nobody can read.") from None
    return low or 0, LATEST_EPOCH_S if high is None else high


def _test(name: str, value: str, world: World) -> Test:
    """Will answer the test of one `field:value`."""
    if name == "end_timestamp":
        low, high = _range(value)
        return lambda chat: chat.end_s != 0 and low <= chat.end_s <= high
    if name == "type":
        return lambda chat: chat.kind == value
    if name == "visitor_email":
        return lambda chat: _visitor_text(world, chat, "email").lower() == value.lower()
    if name == "visitor_name":
        return lambda chat: value.lower() in _visitor_text(world, chat, "name").lower()
    if name == "rating":
        return lambda chat: _shown(world, chat).get("rating") == value
    raise Problem(400, "Bad Request", f"{name} is not a field of the search.")


def _words(words: str, world: World) -> Test:
    """Will answer the test of a bare word or a quoted phrase: in the visitor's name, e-mail, or the text."""
    wanted = words.lower()
    return lambda chat: (
        wanted in _preview(world, chat).lower()
        or any(wanted in _visitor_text(world, chat, part).lower() for part in ("name", "email"))
    )


def _visitor_text(world: World, chat: Chat, part: str) -> str:
    """Will answer one field of the chat's visitor, `""` when nobody knows them."""
    visitor = world.visitors.get(world.canonical_id(chat.visitor_id))
    return "" if visitor is None else str(getattr(visitor, part))


def _shown(world: World, chat: Chat) -> dict[str, Any]:
    """Will answer the chat as it would be shown, under the default switches."""
    from_rest = chat_json(world, chat, switches=PLAIN)
    return from_rest if isinstance(from_rest, dict) else {}


def _preview(world: World, chat: Chat) -> str:
    """Will answer the first words of a chat."""
    shown = _shown(world, chat)
    history = shown.get("history")
    lines = history if isinstance(history, list) else []  # a planted record may hold anything
    messages = [item.get("msg", "") for item in lines if isinstance(item, dict)]
    return str(shown.get("message") or next((text for text in messages if text), ""))[:100]


def _summary(call: Call, chat: Chat) -> dict[str, Any]:
    """Will answer one result; the chat itself is at its `url`."""
    return {
        "id": chat.id, "type": chat.kind, "timestamp": iso(chat.start_s), "preview": _preview(call.box.world, chat),
        "url": f"{call.base}/chats/{chat.id}",
    }  # fmt: skip
