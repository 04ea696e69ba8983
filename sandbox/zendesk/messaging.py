"""The widget's side of Zendesk Messaging: who a browser is signed in as, by JWT. No conversations.

Not a documented API: the real widget has its own protocol; this imitates whom a token signs in (README Z8).
"""

from __future__ import annotations

import secrets

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route, Service, Table
from sandbox.world.box import Box
from sandbox.zendesk.judge import Judgement
from sandbox.zendesk.messaging_judge import judge_messaging

MESSAGING_COOKIE = "sandbox_messaging"


class MessagingService(Service):
    """`/messaging/…`: JSON in and out; the cookie names the browser."""

    name = "messaging"
    prefixes = ("/messaging",)

    def __init__(self) -> None:
        self.table = Table([
            Route("POST", "/login", log_in), Route("POST", "/logout", log_out), Route("GET", "/me", show_me),
            Route("POST", "/judge", check_token),
        ])  # fmt: skip

    def render_problem(self, _box: Box, problem: Problem, /) -> Response:
        """Answer `{"error":{"code","description"}}`, as Messaging does."""
        body = {"error": {"code": problem.error, "description": problem.description}}
        return respond_json(body, status=problem.status, headers=problem.headers)


def log_in(call: Call) -> Response:
    """Sign the browser in as the user of the JWT in `jwt`.

    A refusal is 401 in Zendesk's words, which give no reason; `sandbox` names the rule. The browser stays signed in.
    """
    judgement = _judge(call, call.read_json().get("jwt"))
    if judgement.reason:
        error = {"code": "invalid_auth", "description": "Invalid JWT"}
        rule = {"reason": judgement.reason, "description": judgement.sentence}
        return respond_json({"error": error, "sandbox": rule}, status=401)
    book, key = call.box.messaging, secrets.token_urlsafe(18)
    book.add_user(judgement.claims)
    book.sessions[key] = judgement.claims["external_id"]
    cookie = ("Set-Cookie", f"{MESSAGING_COOKIE}={key}; Path=/; HttpOnly; SameSite=Lax")
    return respond_json({"user": book.users[judgement.claims["external_id"]]}, headers=[cookie])


def log_out(call: Call) -> Response:
    """Sign the browser out."""
    call.box.messaging.sessions.pop(call.request.parse_cookies().get(MESSAGING_COOKIE, ""), None)
    gone = ("Set-Cookie", f"{MESSAGING_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
    return respond_json({"user": None}, headers=[gone])


def show_me(call: Call) -> Response:
    """Answer the user of the browser, null when signed out."""
    book = call.box.messaging
    return respond_json(
        {"user": book.users.get(book.sessions.get(call.request.parse_cookies().get(MESSAGING_COOKIE, ""), ""))}
    )


def check_token(call: Call) -> Response:
    """Check a JWT without signing in; the status is always 200, `ok` is the result."""
    judgement = _judge(call, call.read_json().get("jwt"))
    words = {"reason": judgement.reason, "description": judgement.sentence, "notes": list(judgement.notes)}
    return respond_json({"ok": not judgement.reason, **words})


def _judge(call: Call, token: object) -> Judgement:
    book, keys = call.box.messaging, call.box.config.messaging_keys
    return judge_messaging(token=token, keys=keys, now_s=call.now_s, id_of_email=book.id_of_email)
