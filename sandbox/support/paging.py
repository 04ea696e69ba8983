"""Pages of Support's lists: by cursor with `meta` and `links`, or by number with an end. Source: README M3."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call

MOST_PER_PAGE = 100
LAST_BY_OFFSET = 10_000  # Source: README M3, seen in recorded answers


class Listable(Protocol):
    """A record with a number as ID."""

    id: int


T = TypeVar("T", bound=Listable)


def read_pairs(call: Call) -> list[tuple[str, str]]:
    """Return the query's parameters in order, repeated ones too."""
    return parse_qsl(call.request.query, keep_blank_values=True)


def respond_list(
    call: Call, name: str, *, iterate: Callable[[int], Iterator[T]], count: int, build: Callable[[T], dict[str, Any]]
) -> Response:
    """Answer one page of a list. `iterate(after_id)` yields the records behind an ID, in order of ID."""
    params = dict(read_pairs(call))
    if any(key.startswith("page[") for key in params):
        return _respond_by_cursor(call, name, params, iterate=iterate, build=build)
    return _respond_by_number(call, name, params, records=iterate(0), count=count, build=build)


def _respond_by_cursor(
    call: Call,
    name: str,
    params: dict[str, str],
    *,
    iterate: Callable[[int], Iterator[T]],
    build: Callable[[T], dict[str, Any]],
) -> Response:
    size = _read_number(params.get("page[size]", ""), default=MOST_PER_PAGE, high=MOST_PER_PAGE)
    try:
        after_id = int(urlsafe_b64decode(params["page[after]"])) if "page[after]" in params else 0
    except ValueError:
        raise Problem(400, "InvalidCursor", "The cursor is not valid.") from None
    page = list(islice(iterate(after_id), size + 1))
    shown, has_more = page[:size], len(page) > size
    after = _encode(shown[-1].id) if shown else None
    before = _encode(shown[0].id) if shown else None
    meta = {"has_more": has_more, "after_cursor": after, "before_cursor": before}
    links = {"prev": None, "next": _build_url(call, {"page[after]": after}) if has_more and after else None}
    return respond_json({name: [build(record) for record in shown], "meta": meta, "links": links})


def _respond_by_number(
    call: Call,
    name: str,
    params: dict[str, str],
    *,
    records: Iterator[T],
    count: int,
    build: Callable[[T], dict[str, Any]],
) -> Response:
    size = _read_number(params.get("per_page", ""), default=MOST_PER_PAGE, high=MOST_PER_PAGE)
    number = _read_number(params.get("page", ""), default=1, high=10**9)
    if number * size > LAST_BY_OFFSET:
        sentence = f"Only the first {LAST_BY_OFFSET} records are available by page number. Use cursor pagination."
        raise Problem(400, "InvalidPaginationDepth", sentence)
    shown = list(islice(records, (number - 1) * size, number * size))
    following = _build_url(call, {"page": str(number + 1)}) if count > number * size else None
    before = _build_url(call, {"page": str(number - 1)}) if number > 1 else None
    body = {name: [build(record) for record in shown], "next_page": following, "previous_page": before, "count": count}
    return respond_json(body)


def _build_url(call: Call, changes: dict[str, str]) -> str:
    """Return this call's absolute URL with changed parameters."""
    pairs = [(name, value) for name, value in read_pairs(call) if name not in changes]
    return f"{call.request.build_origin()}{call.request.path}?{urlencode([*pairs, *changes.items()])}"


def _read_number(text: str, *, default: int, high: int) -> int:
    """Return a number from 1 to `high`, `default` for anything that is none."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else default
    return min(number, high) or default


def _encode(record_id: int) -> str:
    return urlsafe_b64encode(str(record_id).encode()).decode()
