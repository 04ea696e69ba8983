"""The widget's side of Zendesk Messaging: who a browser is signed in as, by JWT, and its conversation.

Not a documented API: the real widget has its own protocol; this imitates whom a token signs in (README Z8), and what
a conversation does to the stores of people (README M2).
"""

from __future__ import annotations

from typing import Any

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route, Service, Table
from sandbox.support.conversations import find_session_user, hand_over, open_session, sign_in, write
from sandbox.support.people import AddressOwners, MessagingUser
from sandbox.world.box import Box
from sandbox.zendesk.judge import Judgement
from sandbox.zendesk.messaging_judge import judge_messaging

MESSAGING_COOKIE = "sandbox_messaging"
LONGEST_TEXT = 4000  # characters of one message
GONE = ("Set-Cookie", f"{MESSAGING_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")


class MessagingService(Service):
    """`/messaging/…`: JSON in and out; the cookie names the browser."""

    name = "messaging"
    prefixes = ("/messaging",)

    def __init__(self) -> None:
        self.table = Table([
            Route("POST", "/connect", connect), Route("POST", "/login", log_in), Route("POST", "/logout", log_out),
            Route("GET", "/me", show_me), Route("POST", "/judge", check_token),
            Route("GET", "/messages", read_messages), Route("POST", "/messages", send_message),
            Route("POST", "/hand_over", request_person),
        ])  # fmt: skip

    def render_problem(self, _box: Box, problem: Problem, /) -> Response:
        """Answer `{"error":{"code","description"}}`, as Messaging does."""
        body = {"error": {"code": problem.error, "description": problem.description}}
        return respond_json(body, status=problem.status, headers=problem.headers)


def connect(call: Call) -> Response:
    """Open the widget: the browser's user, a new anonymous one at first."""
    key, user = open_session(call.box.support, key=_read_key(call), now_s=call.now_s)
    return respond_json(describe_user(call, user), headers=[_build_cookie(key)])


def log_in(call: Call) -> Response:
    """Sign the browser in as the user of the JWT in `jwt`.

    A refusal is 401 in Zendesk's words, which give no reason, or 409 when the address is another external ID's (README
    M2.2); `sandbox` names the rule. The browser stays as it is, so its conversation is anonymous.
    """
    judgement = _judge(call, call.read_json().get("jwt"))
    if judgement.reason:
        rule = {"reason": judgement.reason, "description": judgement.sentence}
        status = 409 if judgement.reason == "email_taken" else 401
        error = {"code": "invalid_auth", "description": "Invalid JWT"}
        return respond_json({"error": error, "sandbox": rule}, status=status)
    key, user = sign_in(call.box.support, key=_read_key(call), claims=judgement.claims, now_s=call.now_s)
    return respond_json({"user": _show(user), **describe_user(call, user)}, headers=[_build_cookie(key)])


def log_out(call: Call) -> Response:
    """Sign the browser out; its next user is a new one."""
    call.box.support.messaging.sessions.pop(_read_key(call), None)
    return respond_json({"user": None}, headers=[GONE])


def show_me(call: Call) -> Response:
    """Answer the user of the browser, null when signed out or anonymous."""
    user = find_session_user(call.box.support, _read_key(call))
    return respond_json({"user": _show(user) if user is not None and user.authenticated else None})


def check_token(call: Call) -> Response:
    """Check a JWT without signing in; the status is always 200, `ok` is the result."""
    judgement = _judge(call, call.read_json().get("jwt"))
    words = {"reason": judgement.reason, "description": judgement.sentence, "notes": list(judgement.notes)}
    return respond_json({"ok": not judgement.reason, **words})


def read_messages(call: Call) -> Response:
    """Answer the browser's conversation."""
    return respond_json(describe_user(call, _find_user(call)))


def send_message(call: Call) -> Response:
    """Add a message; the first one opens a conversation, and without a bot hands it to agents."""
    text = call.read_json().get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
        raise Problem(400, "bad_request", f"text is needed, at most {LONGEST_TEXT} characters.")
    user = _find_user(call)
    write(call.box.support, user, text=text, now_s=call.now_s)
    return respond_json(describe_user(call, user), status=201)


def request_person(call: Call) -> Response:
    """Hand the conversation to agents, who get a ticket of it. Raises: Problem 409 when there is none to hand over."""
    user = _find_user(call)
    if not hand_over(call.box.support, user, now_s=call.now_s):
        raise Problem(409, "conversation", "There is no conversation that a person does not have already.")
    return respond_json(describe_user(call, user))


def describe_user(call: Call, user: MessagingUser) -> dict[str, Any]:
    """Return the user and its conversation as JSON-ready values; `support_user_id` and `ticket_id` null without."""
    last = user.conversations[-1] if user.conversations else None
    people = call.box.support.people
    ticket = people.tickets.get(last.ticket_id) if last else None
    return {
        "authenticated": user.authenticated, "messaging_user_id": user.id, "name": user.name or f"Web User {user.id}",
        "external_id": user.external_id, "is_talking": last is not None,
        "is_handed_over": last is not None and last.is_handed_over,
        "support_user_id": str(ticket.requester_id) if ticket else None,
        "ticket_id": str(ticket.id) if ticket else None, "messages": last.messages if last else [],
    }  # fmt: skip


def _show(user: MessagingUser) -> dict[str, Any]:
    shown = {"external_id": user.external_id, "name": user.name or None, "email": user.email}
    return shown | {"email_verified": user.email_verified if user.email else None}


def _read_key(call: Call) -> str:
    return call.request.parse_cookies().get(MESSAGING_COOKIE, "")


def _build_cookie(key: str) -> tuple[str, str]:
    return "Set-Cookie", f"{MESSAGING_COOKIE}={key}; Path=/; HttpOnly; SameSite=Lax"


def _find_user(call: Call) -> MessagingUser:
    """Return the browser's user. Raises: Problem 404 before `connect`."""
    user = find_session_user(call.box.support, _read_key(call))
    if user is None:
        raise Problem(404, "session", "There is no such session; connect first.")
    return user


def _judge(call: Call, token: object) -> Judgement:
    book, keys = call.box.support, call.box.config.messaging_keys
    owners = AddressOwners(support=book.people, messaging=book.messaging)
    return judge_messaging(token=token, keys=keys, now_s=call.now_s, id_of_email=owners)
