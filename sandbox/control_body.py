"""Reads and checks the bodies of control calls."""

from __future__ import annotations

from typing import Any

from sandbox.problem import Problem
from sandbox.routing import Call
from sandbox.world.box import parse_time
from sandbox.world.state import LATEST_EPOCH_S


def read_items(call: Call) -> list[dict[str, Any]]:
    """Return the body's records: one object, or several under `items`. Raises: Problem 400."""
    body = call.read_json()
    items = body["items"] if set(body) == {"items"} else [body]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Problem(400, "Bad Request", "items must be a list of objects.")
    return items


def read_text(item: dict[str, Any], name: str) -> str:
    """Return a required text. Raises: Problem 400."""
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise Problem(400, "Bad Request", f"{name} is needed, as text.")
    return value


def read_time(value: Any) -> int:
    """Parse epoch seconds or ISO 8601. Raises: Problem 400."""
    try:
        seconds = parse_time(value) if isinstance(value, str) else int(value)
    except (ValueError, TypeError, OverflowError):
        seconds = -1
    if not 0 <= seconds <= LATEST_EPOCH_S:
        raise Problem(400, "Bad Request", "A time is epoch seconds or ISO 8601, after 1970 and before 2287.")
    return seconds


def refuse_unknown(body: dict[str, Any], known: set[str] | frozenset[str]) -> None:
    """Raise Problem 400 naming unknown keys, so that a misspelt key is not ignored."""
    unknown = sorted(set(body) - known)
    if unknown:
        raise Problem(400, "Bad Request", f"Unknown keys: {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
