"""Path templates, and the argument of handlers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.http1 import Request, Response, respond_json
from sandbox.problem import Problem
from sandbox.world.box import Box

DEEPEST_BODY = 64  # levels; a stored record must be writable again inside a list of records


@dataclass(frozen=True, slots=True)
class Call:
    """One routed request: `params` of the path by name, `now_s` the epoch second, `base` the service's absolute URL."""

    box: Box
    request: Request
    params: dict[str, str]
    now_s: float
    base: str

    def read_json(self) -> dict[str, Any]:
        """Return the body as a JSON object; an empty body is an empty object.

        Raises: Problem 400 when the body is not a JSON object.
        """
        if not self.request.body.strip():
            return {}
        try:
            payload = json.loads(self.request.body, parse_constant=_parse_finite, parse_float=_parse_finite)
        except (ValueError, RecursionError):
            raise Problem(400, "Bad Request", "The body is not JSON.") from None
        if not isinstance(payload, dict):
            raise Problem(400, "Bad Request", "The body must be a JSON object.")
        if _is_deeper_than(payload, DEEPEST_BODY):
            raise Problem(400, "Bad Request", f"The body is nested deeper than {DEEPEST_BODY} levels.")
        return payload


def _parse_finite(text: str) -> float:
    """Parse a finite number. Raises: ValueError for NaN, Infinity and 1e999, which JSON answers cannot hold."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _is_deeper_than(payload: Any, most: int) -> bool:
    """Return whether lists and objects are nested more than `most` levels deep, without recursion."""
    level, depth = [payload], 0
    while level:
        depth += 1
        if depth > most:
            return True
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
    return False


Handler = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """A method, a template such as `/visitors/{visitor_id}`, and its handler; `open_` routes need no credential."""

    method: str
    template: str
    handler: Handler
    open_: bool = False


class Table:
    """Routes by template. A literal part wins over a named one, so `/agents/me` is not the agent called `me`."""

    def __init__(self, routes: list[Route]) -> None:
        self._by_length: dict[int, list[tuple[list[str], dict[str, Route]]]] = {}
        for route in sorted(routes, key=lambda route: route.template.count("{")):
            parts = route.template.split("/")[1:]
            group = self._by_length.setdefault(len(parts), [])
            methods = next((routes for template, routes in group if template == parts), None)
            if methods is None:
                methods = {}
                group.append((parts, methods))
            methods[route.method] = route

    def find(self, *, segments: list[str]) -> tuple[dict[str, Route], dict[str, str]] | None:
        """Return the routes at this path by method, and the values of its named parts; None for an unknown path."""
        for parts, methods in self._by_length.get(len(segments), ()):
            named: dict[str, str] = {}
            for part, segment in zip(parts, segments, strict=True):
                if part.startswith("{") and segment:
                    named[part[1:-1]] = segment
                elif part != segment:
                    break
            else:
                return methods, named
        return None


def refuse_foreign_origin(request: Request) -> None:
    """Raise Problem 403 when the Origin header names another site."""
    origin = request.headers.get("origin")
    if origin is not None and origin.split("://")[-1] != request.headers.get("host", ""):
        raise Problem(403, "Forbidden", "Only this program's own pages may call this.")


class Service:
    """One imitated service: its paths, who may call it, and the shape of its errors."""

    name: str
    table: Table
    prefixes: tuple[str, ...] = ()  # the longest first

    def list_prefixes(self, _box: Box, /) -> tuple[str, ...]:
        """Return the current path prefixes, the longest first."""
        return self.prefixes

    def guard(self, call: Call, _route: Route, /) -> None:
        """Refuse pages of other sites. Others raise Problem for a caller they refuse: 401 first, then 429."""
        refuse_foreign_origin(call.request)

    def render_problem(self, _box: Box, problem: Problem, /) -> Response:
        """Return `{"error","description"}`, or the error response in the vendor's shape."""
        body = {"error": problem.error, "description": problem.description}
        return respond_json(body, status=problem.status, headers=problem.headers)


def read_number(params: dict[str, str], name: str, *, default: int, low: int, high: int) -> int:
    """Return a whole number of the query, or `default` when it is absent.

    Raises: Problem 400 when it is not a number or out of range.
    """
    text = params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high):
        raise Problem(400, "Bad Request", f"{name} must be a whole number from {low} to {high}.")
    return int(text)
