"""Zendesk Support of a Messaging account under `/support`: routes, credentials, limits, and the shapes of errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from zlib import crc32

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Handler, Route, Service, Table
from sandbox.support import cursor, oauth, panel, users
from sandbox.support.limits import build_refusal
from sandbox.world.box import Box

API = "/api/v2"


class ClassLimitReached(Problem):
    """The calls of a class are used up; the switch `limit_body` chooses the body."""


class SupportTable(Table):
    """Routes with and without the ending `.json`. Source: README M3, both work."""

    def find(self, *, segments: list[str]) -> tuple[dict[str, Route], dict[str, str]] | None:
        """Return the routes at this path, whether or not it ends in `.json`."""
        return super().find(segments=[*segments[:-1], segments[-1].removesuffix(".json")] if segments else segments)


class SupportService(Service):
    """`/support/api/v2/…` and `/support/oauth/…`. Chat's calls are unknown paths here. Source: README M1."""

    name = "support"
    prefixes = ("/support",)

    def __init__(self) -> None:
        routes = [
            *cursor.ROUTES,
            *users.ROUTES,
            *oauth.ROUTES,
            *panel.ROUTES,
            Route("GET", f"{API}/users/me", show_me, open_=True),
        ]
        self.table = SupportTable([_decorate(route) if route.template.startswith(API) else route for route in routes])

    def guard(self, call: Call, route: Route, /) -> None:
        """Check the credentials, then the limit of the call's class. Source: README M7 and M8."""
        if route.open_:
            return
        need = oauth.find_need(call, route)
        oauth.require_caller(call, need)
        _take_request(call, need.class_)

    def render_problem(self, box: Box, problem: Problem, /) -> Response:
        """Answer an error in Support's shape for its status. Source: README M7, the table of failures."""
        if isinstance(problem, ClassLimitReached):
            return build_refusal(body=problem.error, headers=list(problem.headers))
        word, sentence = problem.error, problem.description
        if problem.status == 404 and word == "Not Found":
            word, sentence = "InvalidEndpoint", "Not found"
        body: dict[str, object] = {"error": word, "description": sentence}
        if word.startswith(("invalid_", "unsupported_")):
            body = {"error": word, "error_description": sentence}
        elif problem.status == 401:
            body = {"error": word}
        elif problem.status == 403 and box.support.switches.forbidden_body == "object":
            body = {"error": {"title": word, "message": sentence}}
        return respond_json(body, status=problem.status, headers=problem.headers)


def show_me(call: Call) -> Response:
    """Answer who the credentials are: 200 without any, too. Source: README M3."""
    _take_request(call, "account")
    try:
        token = oauth.read_token(call)
        if token is not None and oauth.find_owner(call, token) is None:
            raise Problem(401, "invalid_token", oauth.TOKEN_REFUSED)
    except Problem:
        if call.box.support.switches.bad_token_at_me == "refuse":
            raise
        token = None
    if token is not None and not token.has_any(frozenset({"read", "users:read"})):
        raise Problem(403, "Forbidden", oauth.NO_ACCESS)
    return users.show_me(call, token)


def _take_request(call: Call, class_: str) -> None:
    """Count the call. Raises: ClassLimitReached with `Retry-After` and the headers of the class."""
    book = call.box.support
    wait_s = book.limiter.take(class_=class_, now_s=call.now_s, switches=book.switches)
    if wait_s > 0:
        headers = book.limiter.build_headers(class_=class_, now_s=call.now_s, switches=book.switches)
        retry = ("Retry-After", str(max(1, math.ceil(wait_s))))
        raise ClassLimitReached(429, book.switches.limit_body, "Too many requests.", headers=(retry, *headers))


def _decorate(route: Route) -> Route:
    """Return the route with the headers of every answer: limits, version, ETag, a cookie. Source: README M3 and M8."""
    return replace(route, handler=_add_headers(route, route.handler))


def _add_headers(route: Route, handler: Handler) -> Callable[[Call], Response]:
    def answer(call: Call) -> Response:
        try:
            response = handler(call)
        except ClassLimitReached:
            raise
        except Problem as problem:
            problem.headers = (*problem.headers, *_build_headers(call, route))
            raise
        tag = ("ETag", f'W/"{crc32(response.body):08x}"')
        cookie = ("Set-Cookie", "_zendesk_session=sandbox; path=/; HttpOnly; SameSite=Lax")
        response.headers += [*_build_headers(call, route), tag, cookie]
        return response

    return answer


def _build_headers(call: Call, route: Route) -> list[tuple[str, str]]:
    book, class_ = call.box.support, oauth.find_need(call, route).class_
    headers = book.limiter.build_headers(class_=class_, now_s=call.now_s, switches=book.switches)
    return [*headers, ("X-Zendesk-API-Version", "v2")]
