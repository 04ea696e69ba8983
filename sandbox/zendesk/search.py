"""Zendesk Chat's search over chats: its fields and their meaning. Source: README Z4.1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlencode

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, read_number
from sandbox.world.box import parse_time
from sandbox.world.faults import Switches
from sandbox.world.state import LATEST_EPOCH_S, Chat, World, format_time
from sandbox.zendesk.lucene import BadQuery, Either, Every, Node, Not, Range, Term, parse, parse_range
from sandbox.zendesk.shapes import build_chat

PAGE = 40  # Source: README Z4.1, 40 chats a page.
LAST_PAGE = 251  # Source: README Z4.1, pages after the 251st answer HTTP 400.
EVER = (0, LATEST_EPOCH_S)
TIMES: dict[str, Callable[[Chat], int]] = {
    "timestamp": lambda chat: chat.start_s,
    "end_timestamp": lambda chat: chat.end_s,
    "update_timestamp": lambda chat: chat.update_s,
}
VISITOR_FIELDS = {"visitor_email": "email", "visitor_name": "name"}
CHAT_FIELDS = ("id", "rating", "comment", "tags", "department_name", "agent_names", "zendesk_ticket_id", "started_by")

Test = Callable[[Chat], bool]
DEFAULTS = Switches()


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A compiled query: a chat matches when it started within `window` (epoch seconds) and passes `test`."""

    test: Test
    window: tuple[int, int] = EVER


def search_chats(call: Call) -> Response:
    """Answer summaries, newest first, 40 a page with `next_url`. Raises: Problem 400 for a page past the 251st."""
    params = call.request.parse_query()
    page = read_number(params, "page", default=1, low=1, high=10**9)
    if page > LAST_PAGE:
        raise Problem(400, "Bad Request", "Search does not page deeper than 251 pages; narrow the query.")
    if not params.get("q", "").strip():
        raise Problem(400, "Bad Request", "q is needed.")
    world = call.box.world
    try:
        query = _compile(parse(params["q"]), world, call.box.switches)
    except BadQuery as error:
        raise Problem(400, "Bad Request", str(error)) from None
    in_time = world.list_started(low_s=query.window[0], high_s=query.window[1])
    matches = [chat for chat in in_time if query.test(chat)]
    part = matches[(page - 1) * PAGE : page * PAGE]
    more = len(matches) > page * PAGE
    next_url = f"{call.base}/chats/search?{urlencode({'q': params['q'], 'page': page + 1})}" if more else None
    results = [_build_summary(call, chat) for chat in part]
    return respond_json({"results": results, "count": len(matches), "next_url": next_url})


def _compile(node: Node, world: World, switches: Switches) -> CompiledQuery:
    """Compile a query or a part of it. Raises: Problem 400 for an unknown field."""
    if isinstance(node, Term):
        return _compile_term(node, world, switches)
    if isinstance(node, Not):
        test = _compile(node.part, world, switches).test
        return CompiledQuery(lambda chat: not test(chat))
    parts = [_compile(part, world, switches) for part in node.parts]
    tests = [part.test for part in parts]
    if isinstance(node, Either):
        return CompiledQuery(lambda chat: any(test(chat) for test in tests))
    assert isinstance(node, Every)
    window = (max(part.window[0] for part in parts), min(part.window[1] for part in parts))
    return CompiledQuery(lambda chat: all(test(chat) for test in tests), window)


def _compile_term(term: Term, world: World, switches: Switches) -> CompiledQuery:
    """Compile one term. Raises: Problem 400."""
    name, value = term.field, term.value.lower()
    if not name:
        return CompiledQuery(_compile_words(value, world))
    if name in TIMES:
        low, high = _parse_times(parse_range(term.value))
        time_of = TIMES[name]
        window = (low, high) if name == "timestamp" else EVER
        return CompiledQuery(lambda chat: time_of(chat) != 0 and low <= time_of(chat) <= high, window)
    if name == "type":
        return CompiledQuery(lambda chat: chat.kind == value)
    if name == "visitor_external_id" and switches.search_external_id:
        return CompiledQuery(lambda chat: _read_visitor_field(world, chat, "external_id") == term.value)
    if name in VISITOR_FIELDS:
        part = VISITOR_FIELDS[name]
        return CompiledQuery(
            lambda chat: _is_match(_read_visitor_field(world, chat, part), value, anywhere=part == "name")
        )
    if name in CHAT_FIELDS:
        return CompiledQuery(
            lambda chat: _is_match(_build_plain_record(world, chat).get(name), value, anywhere=name == "comment")
        )
    raise Problem(400, "Bad Request", f"{name} is not a field of the search.")


def _parse_times(span: Range | None) -> tuple[int, int]:
    """Return the first and last second of a range of times; without a zone they are UTC. Raises: Problem 400."""
    if span is None:
        raise Problem(400, "Bad Request", "A time range looks like [2026-01-01T00:00:00 TO 2026-01-02T00:00:00].")
    try:
        low, high = (None if end == "*" else parse_time(end) for end in (span.low, span.high))
    except ValueError:
        raise Problem(400, "Bad Request", "A time range holds a time nobody can read.") from None
    first = EVER[0] if low is None else low + (not span.with_low)
    return first, EVER[1] if high is None else high - (not span.with_high)


def _is_match(value: Any, pattern: str, *, anywhere: bool) -> bool:
    """Return whether a value, or one of a list, matches, ignoring case; `*` and `?` are wildcards."""
    if isinstance(value, list):
        return any(_is_match(item, pattern, anywhere=anywhere) for item in value)
    text = "" if value is None else str(value).lower()
    if "*" in pattern or "?" in pattern:
        return fnmatchcase(text, pattern.replace("[", "[[]"))
    return bool(text) and (pattern in text if anywhere else pattern == text)


def _compile_words(words: str, world: World) -> Test:
    """Return the test for a lower-case word or phrase: in the visitor's name, e-mail or the text."""
    return lambda chat: (
        _is_match(_build_preview(world, chat), words, anywhere=True)
        or any(_is_match(_read_visitor_field(world, chat, part), words, anywhere=True) for part in ("name", "email"))
    )


def _read_visitor_field(world: World, chat: Chat, part: str) -> str:
    """Return one field of the chat's visitor, `""` when the visitor is unknown."""
    visitor = world.visitors.get(world.find_canonical_id(chat.visitor_id))
    value = None if visitor is None else getattr(visitor, part)
    return "" if value is None else str(value)


def _build_plain_record(world: World, chat: Chat) -> dict[str, Any]:
    """Return the chat as shown under the default switches."""
    from_rest = build_chat(world, chat, switches=DEFAULTS)
    return from_rest if isinstance(from_rest, dict) else {}


def _build_preview(world: World, chat: Chat) -> str:
    """Return the first words of a chat."""
    record = _build_plain_record(world, chat)
    history = record.get("history")
    lines = history if isinstance(history, list) else []  # a raw record may hold anything
    messages = [item.get("msg", "") for item in lines if isinstance(item, dict)]
    return str(record.get("message") or next((text for text in messages if text), ""))[:100]


def _build_summary(call: Call, chat: Chat) -> dict[str, Any]:
    """Return one result; its `url` leads to the chat."""
    return {
        "id": chat.id, "type": chat.kind, "timestamp": format_time(chat.start_s),
        "preview": _build_preview(call.box.world, chat), "url": f"{call.base}/chats/{chat.id}",
    }  # fmt: skip
