"""The widget's side of Zendesk Messaging: who a browser is signed in as, by JWT. No conversations.

Not a documented API: the real widget has its own protocol; this imitates whom a token signs in (README Z8).
"""

from __future__ import annotations

import secrets

from sandbox.http1 import Response, json_response
from sandbox.problem import Problem
from sandbox.routing import Call, Route, Table, refuse_foreign_origin
from sandbox.world.box import Box
from sandbox.zendesk.judge import Verdict
from sandbox.zendesk.messaging_judge import judge_messaging

COOKIE = "sandbox_messaging"


class MessagingService:
    """`/messaging/…`: JSON in and out; the cookie names the browser."""

    name = "messaging"

    def __init__(self) -> None:
        self.table = Table([
            Route("POST", "/login", log_in), Route("POST", "/logout", log_out), Route("GET", "/me", show_me),
            Route("POST", "/judge", judge_only),
        ])  # fmt: skip

    def prefixes(self, _box: Box, /) -> tuple[str, ...]:
        return ("/messaging",)

    def guard(self, call: Call, _route: Route, /) -> None:
        """Refuse pages of other sites."""
        refuse_foreign_origin(call.request)

    def word(self, _box: Box, problem: Problem, /) -> Response:
        """Answer `{"error":{"code","description"}}`, as Messaging does."""
        body = {"error": {"code": problem.error, "description": problem.description}}
        return json_response(body, status=problem.status, headers=problem.headers)


def log_in(call: Call) -> Response:
    """Sign the browser in as the user of the JWT in `jwt`.

    A refusal is 401 in Zendesk's words, which give no reason; `sandbox` names the rule. The browser stays signed in.
    """
    verdict = _judge(call, call.json().get("jwt"))
    if verdict.reason:
        error = {"code": "invalid_auth", "description": "Invalid JWT"}
        told = {"reason": verdict.reason, "description": verdict.sentence}
        return json_response({"error": error, "sandbox": told}, status=401)
    book, key = call.box.messaging, secrets.token_urlsafe(18)
    book.take(verdict.claims)
    book.sessions[key] = verdict.claims["external_id"]
    cookie = ("Set-Cookie", f"{COOKIE}={key}; Path=/; HttpOnly; SameSite=Lax")
    return json_response({"user": book.users[verdict.claims["external_id"]]}, headers=[cookie])


def log_out(call: Call) -> Response:
    """Sign the browser out."""
    call.box.messaging.sessions.pop(call.request.cookies().get(COOKIE, ""), None)
    gone = ("Set-Cookie", f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
    return json_response({"user": None}, headers=[gone])


def show_me(call: Call) -> Response:
    """Answer the user of the browser, null when signed out."""
    book = call.box.messaging
    return json_response({"user": book.users.get(book.sessions.get(call.request.cookies().get(COOKIE, ""), ""))})


def judge_only(call: Call) -> Response:
    """Check a JWT without signing in; the status is always 200, `ok` is the result."""
    verdict = _judge(call, call.json().get("jwt"))
    words = {"reason": verdict.reason, "description": verdict.sentence, "notes": list(verdict.notes)}
    return json_response({"ok": not verdict.reason, **words})


def _judge(call: Call, token: object) -> Verdict:
    book, keys = call.box.messaging, call.box.config.messaging_keys
    return judge_messaging(token=token, keys=keys, now_s=call.now_s, id_of_email=book.id_of_email)
