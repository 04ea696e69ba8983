"""The widget's side of Zendesk Chat: browser sessions, sign-in by Zendesk JWT, and running chats.

REST shows a chat once it has ended, as the real service does (README Z4). Not a documented API: the real
widget has its own protocol; this imitates the effect on visitors and chats (README Z3.3, Z7.1, Z7.4).
"""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route, Service, Table
from sandbox.world.books import LiveChat, Session
from sandbox.world.state import Chat, World, ZendeskVisitor, format_time
from sandbox.zendesk.judge import Judgement, judge
from sandbox.zendesk.shapes import AGENTS
from sandbox.zendesk.webhook import report_chat

WIDGET_COOKIE = "sandbox_widget"
LONGEST_TEXT = 4000  # characters of one message
REPLY = "Thanks for writing. A colleague will look into it."


class WidgetService(Service):
    """`/widget/…`: JSON in and out; the session key comes in the body, the query, or a cookie."""

    name = "widget"
    prefixes = ("/widget",)

    def __init__(self) -> None:
        self.table = Table([
            Route("POST", "/connect", connect), Route("POST", "/authenticate", authenticate),
            Route("GET", "/messages", read_messages), Route("POST", "/messages", send_message),
            Route("POST", "/end", end_chat), Route("POST", "/logout", log_out),
            Route("POST", "/offline", leave_message), Route("POST", "/judge", check_token),
        ])  # fmt: skip


def connect(call: Call) -> Response:
    """Open a session for this browser, or find its existing one. Raises: Problem 400 for a wrong account key."""
    body = call.read_json()
    if body.get("account_key", call.box.config.account_key) != call.box.config.account_key:
        raise Problem(400, "account_key", "There is no account with this account key.")
    key = _read_key(call, body)
    session = call.box.widget.sessions.get(key)
    if session is None:
        key = secrets.token_urlsafe(18)
        world = call.box.world
        number = world.rng.randrange(10_000_000, 99_999_999)
        visitor = ZendeskVisitor(id=world.mint_visitor_id(), name=f"Visitor {number}", created_s=int(call.now_s))
        session = Session(world.put_visitor(visitor).id)
        call.box.widget.sessions[key] = session
    cookie = ("Set-Cookie", f"{WIDGET_COOKIE}={key}; Path=/; HttpOnly; SameSite=Lax")
    return respond_json({"session": key, **_describe_session(call, session)}, headers=[cookie])


def authenticate(call: Call) -> Response:
    """Check the Zendesk JWT in `jwt` and sign the browser in; the status is always 200, `ok` is the result."""
    body = call.read_json()
    session = _find_session(call, body)
    judgement = _judge(call, body.get("jwt"))
    if not judgement.reason:
        judgement = _sign_in(call.box.world, session, judgement)
    return respond_json({**_describe_judgement(judgement), **_describe_session(call, session)})


def check_token(call: Call) -> Response:
    """Check a Zendesk JWT without signing in."""
    return respond_json(_describe_judgement(_judge(call, call.read_json().get("jwt"))))


def read_messages(call: Call) -> Response:
    """Answer the running chat."""
    return respond_json(_describe_session(call, _find_session(call, call.request.parse_query())))


def send_message(call: Call) -> Response:
    """Add a message, starting a chat if none runs."""
    body = call.read_json()
    session, text = _find_session(call, body), _read_text(body)
    now_s = int(call.now_s)
    if session.chat is None:
        session.chat = LiveChat(session.visitor_id, now_s)
    first = not session.chat.messages
    session.chat.messages.append({"from": "visitor", "text": text, "at": format_time(now_s)})
    if first:
        session.chat.messages.append({"from": "agent", "text": REPLY, "at": format_time(now_s)})
    return respond_json(_describe_session(call, session), status=201)


def end_chat(call: Call) -> Response:
    """End the running chat, so that REST shows it, and answer its ID, null without one."""
    session = _find_session(call, call.read_json())
    chat_id = _finish(call, session)
    return respond_json({"chat_id": chat_id, **_describe_session(call, session)})


def log_out(call: Call) -> Response:
    """End the chat and the session: the browser's next visitor is a new one. Source: README Z7.3."""
    key = _read_key(call, call.read_json())
    session = call.box.widget.sessions.pop(key, None)
    chat_id = _finish(call, session) if session else None
    gone = ("Set-Cookie", f"{WIDGET_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
    return respond_json({"chat_id": chat_id}, headers=[gone])


def leave_message(call: Call) -> Response:
    """Store an offline message of this browser; REST shows it at once."""
    body = call.read_json()
    session, text = _find_session(call, body), _read_text(body)
    world, now_s = call.box.world, int(call.now_s)
    chat = Chat(
        id=world.mint_chat_id(start_s=now_s), visitor_id=session.visitor_id, start_s=now_s, end_s=0, update_s=now_s,
        kind="offline_msg", details={"message": text},
    )  # fmt: skip
    return respond_json({"chat_id": world.put_chat(chat).id}, status=201)


def _read_text(body: dict[str, Any]) -> str:
    """Return the text of a message. Raises: Problem 400 when it is empty or too long."""
    text = body.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
        raise Problem(400, "Bad Request", f"text is needed, at most {LONGEST_TEXT} characters.")
    return text


def _read_key(call: Call, fields: dict[str, Any]) -> str:
    """Return the session key of the fields or the cookie, `""` without one."""
    return str(fields.get("session") or call.request.parse_cookies().get(WIDGET_COOKIE, ""))


def _find_session(call: Call, fields: dict[str, Any]) -> Session:
    """Return the caller's session. Raises: Problem 404 before `connect`."""
    session = call.box.widget.sessions.get(_read_key(call, fields))
    if session is None:
        raise Problem(404, "session", "There is no such widget session; connect first.")
    return session


def _judge(call: Call, token: object) -> Judgement:
    """Check a token by the account's current rules, and count the result."""
    switches = call.box.switches
    judgement = judge(
        token=token,
        secret=call.box.config.shared_secret,
        now_s=call.now_s,
        email_needed=switches.missing_email == "refuse",
        exp_needed=switches.missing_exp == "refuse",
    )
    call.box.stats.judged[judgement.reason or "accepted"] += 1
    return judgement


def _sign_in(world: World, session: Session, judgement: Judgement) -> Judgement:
    """Sign the visitor in as the user of the token, and merge it into the visitor who already is that user.

    Source: README Z3.3 (merging, an inference) and Z7.1 (`external_id` cannot change once set).
    """
    claims = judgement.claims
    visitor = world.find_visitor(session.visitor_id)
    if visitor is None:
        return Judgement("visitor_gone", "This browser's visitor does not exist any more; connect again.", claims)
    if visitor.external_id and visitor.external_id != claims["external_id"]:
        return Judgement("external_id_changed", "This visitor is someone else already; sign out first.", claims)
    known = world.find_visitor(world.by_external.get(claims["external_id"], ""))
    if known is not None and known.id != visitor.id:
        world.put_alias(alias=visitor.id, canonical=known.id)
        visitor = known
    visitor.external_id, visitor.name = claims["external_id"], claims["name"]
    visitor.email = claims.get("email") or ""
    world.put_visitor(visitor)
    session.visitor_id, session.authenticated = visitor.id, True
    return judgement


def _finish(call: Call, session: Session) -> str | None:
    """Turn the running chat into a record and return its ID. The chat keeps the visitor ID of its start."""
    live, session.chat = session.chat, None
    if live is None:
        return None
    world, now_s = call.box.world, int(call.now_s)
    agents = sum(line["from"] == "agent" for line in live.messages)
    total = len(live.messages)
    details = {
        "history": _build_transcript(world, live, now_s),
        "count": {"visitor": total - agents, "agent": agents, "total": total},
        "agent_ids": [AGENTS[0][0]], "agent_names": [AGENTS[0][1]], "tags": [], "rating": None,
    }  # fmt: skip
    chat = Chat(
        id=world.mint_chat_id(start_s=live.start_s), visitor_id=live.visitor_id, start_s=live.start_s, end_s=now_s,
        update_s=now_s, details=details,
    )  # fmt: skip
    report_chat(box=call.box, chat=chat)
    return world.put_chat(chat).id


def _build_transcript(world: World, live: LiveChat, now_s: int) -> list[dict[str, Any]]:
    """Return the messages, with the visitor's joining and leaving. Source: README Z4.3, `history`."""
    visitor = world.find_visitor(live.visitor_id)
    name = visitor.name if visitor else "Visitor"
    items: list[dict[str, Any]] = [{"type": "chat.memberjoin", "name": name, "at": format_time(live.start_s)}]
    for place, line in enumerate(live.messages):
        is_visitor = line["from"] == "visitor"
        who = (
            {"name": name, "sender_type": "Visitor", "msg_id": str(live.start_s * 1000 + place)}
            if is_visitor
            else {"name": AGENTS[0][1], "sender_type": "Agent", "agent_id": int(AGENTS[0][0])}
        )
        items.append({"type": "chat.msg", **who, "msg": line["text"], "options": "", "at": line["at"]})
    items.append({"type": "chat.memberleave", "name": name, "at": format_time(now_s)})
    channel = "#supportchat:" + live.visitor_id.replace(".", "-", 1)
    for place, item in enumerate(items):
        item |= {"timestamp": item.pop("at").replace("Z", ".000000Z"), "channel": channel, "index": place}
    return items


def _describe_session(call: Call, session: Session) -> dict[str, Any]:
    """Return the session as JSON-ready values."""
    visitor = call.box.world.find_visitor(session.visitor_id)
    messages = [] if session.chat is None else session.chat.messages
    known = {"visitor_id": session.visitor_id, "name": "", "email": "", "external_id": ""}
    if visitor is not None:
        known = {
            "visitor_id": visitor.id,
            "name": visitor.name,
            "email": visitor.email,
            "external_id": visitor.external_id,
        }
    return {
        "authenticated": session.authenticated,
        **known,
        "is_chatting": session.chat is not None,
        "messages": messages,
    }


def _describe_judgement(judgement: Judgement) -> dict[str, Any]:
    """Return the result as JSON-ready values."""
    words = {"reason": judgement.reason, "description": judgement.sentence}
    return {"ok": not judgement.reason, **words, "notes": list(judgement.notes)}
