"""The JSON of visitors, chats and bans. Fields that a generated chat lacks are derived from its ID, always the same."""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

from sandbox.world.faults import Switches
from sandbox.world.state import ACCOUNT_ID, Ban, Chat, World, ZendeskVisitor, format_time

AGENTS = (("1180021", "Ana Ruiz"), ("1180034", "Ben Okoro"), ("1180047", "Chiyo Tan"))
DEPARTMENTS = ((40311, "Payments"), (40312, "Accounts"))
BROWSERS = (("Chrome", "Windows"), ("Firefox", "Linux"), ("Safari", "Mac OS"), ("Chrome", "Android"))
PLACES = (
    ("Lisbon", "Lisbon", "PT", "Portugal"),
    ("Osaka", "Osaka", "JP", "Japan"),
    ("Accra", "Greater Accra", "GH", "Ghana"),
)
QUESTIONS = (
    "My purchase has not arrived.",
    "How do I link my account?",
    "I was charged twice.",
    "The game key says used.",
)
CORE_FIELDS = frozenset({"id", "type", "timestamp", "end_timestamp", "update_timestamp", "deleted", "visitor"})
FIELD_LIST = re.compile(r"chats\(([^()]*)\)")


def build_visitor(visitor: ZendeskVisitor, *, switches: Switches) -> dict[str, Any]:
    """Return the full visitor; `created` is epoch seconds, or ISO 8601 by switch.

    Source: README Z3.2 (recorded answers have an integer although the documentation says string).
    """
    created = format_time(visitor.created_s) if switches.created_as == "iso" else visitor.created_s
    record: dict[str, Any] = {
        "id": visitor.id, "name": visitor.name, "email": visitor.email, "phone": visitor.phone, "notes": visitor.notes,
        "banned": visitor.banned, "created": created,
    }  # fmt: skip
    if visitor.external_id != "":
        record["external_id"] = visitor.external_id
    elif switches.unlinked_as != "missing":
        record["external_id"] = None if switches.unlinked_as == "null" else ""
    return record


def build_embedded_visitor(world: World, chat: Chat, *, switches: Switches) -> dict[str, Any] | None:
    """Return the five fields of a visitor inside a chat: never `external_id`, `created` or `banned`.

    The ID stays that of the chat, also after the visitor was merged into another.
    """
    if switches.embedded_visitor == "null":
        return None
    known = world.visitors.get(world.find_canonical_id(chat.visitor_id))
    if known is None:
        return {"id": chat.visitor_id, "name": "", "email": "", "phone": "", "notes": ""}
    return {"id": chat.visitor_id, "name": known.name, "email": known.email, "phone": known.phone, "notes": known.notes}


def build_chat(world: World, chat: Chat, *, switches: Switches, fields: frozenset[str] | None = None) -> Any:
    """Return the chat, whole or with the named fields only; unknown names are ignored."""
    if chat.raw is not None:
        return chat.raw[0]
    record = _build_core(world, chat, switches=switches)
    if fields is None or not fields <= CORE_FIELDS:
        record |= _build_rest(world, chat) if chat.kind == "chat" else _build_rest_of_offline(chat)
    if chat.details:
        record |= chat.details
    return record if fields is None else {name: value for name, value in record.items() if name in fields}


def parse_fields(text: str | None) -> frozenset[str] | None:
    """Parse the export's `fields`: None means all; without a usable name only IDs are shown.

    Source: README Z4.2, `chats(*)` or `chats(id,visitor,…)`.
    """
    match = FIELD_LIST.search(text or "")
    if not match:
        return frozenset({"id"})
    names = frozenset(name.strip() for name in match.group(1).split(","))
    return None if "*" in names else names


def build_ban(ban: Ban, *, switches: Switches) -> dict[str, Any]:
    """Return a ban; an old one has no `created_at`, as recorded, or null, as documented."""
    record: dict[str, Any] = {"id": ban.id, "type": ban.kind, "reason": ban.reason}
    if ban.kind == "visitor":
        record |= {"visitor_id": ban.subject, "visitor_name": ban.visitor_name}
    else:
        record["ip_address"] = ban.subject
    if ban.created_s is not None:
        record["created_at"] = format_time(ban.created_s)
    elif switches.old_ban_created == "null":
        record["created_at"] = None
    return record


def _build_core(world: World, chat: Chat, *, switches: Switches) -> dict[str, Any]:
    """Return the fields that pollers request; cheap to build."""
    record: dict[str, Any] = {
        "id": chat.id, "type": chat.kind, "timestamp": format_time(chat.start_s),
        "update_timestamp": format_time(chat.update_s), "deleted": chat.deleted,
    }  # fmt: skip
    if switches.embedded_visitor != "missing":
        record["visitor"] = build_embedded_visitor(world, chat, switches=switches)
    if chat.kind == "chat" and chat.end_s:
        record["end_timestamp"] = format_time(chat.end_s)
    return record


def _build_session(chat: Chat, mark: int) -> dict[str, Any]:
    """Return the browser session; the dates of every third offline message end in `+00:00Z`, as recorded once."""
    browser, platform = BROWSERS[mark % len(BROWSERS)]
    city, region, country_code, country = PLACES[mark % len(PLACES)]
    start, end = format_time(chat.start_s - 60), format_time(max(chat.end_s, chat.start_s) + 30)
    if chat.kind == "offline_msg" and mark % 3 == 0:
        start, end = start.replace("Z", "+00:00Z"), end.replace("Z", "+00:00Z")
    return {
        "id": f"{format_time(chat.start_s)[2:10].replace('-', '')}.{ACCOUNT_ID}.{chat.id[-14:]}", "browser": browser,
        "platform": platform, "user_agent": f"Mozilla/5.0 ({platform}) {browser}/99.0",
        "ip": f"192.0.2.{mark % 254 + 1}", "city": city, "region": region, "country_code": country_code,
        "country_name": country, "start_date": start, "end_date": end,
    }  # fmt: skip


def _build_common(chat: Chat, mark: int) -> dict[str, Any]:
    """Return the fields that chats and offline messages share; null departments and tickets are common."""
    department = DEPARTMENTS[mark % 2] if mark % 3 == 0 else (None, None)
    return {
        "session": _build_session(chat, mark), "department_id": department[0], "department_name": department[1],
        "tags": ["purchase"] if mark % 4 == 0 else [], "zendesk_ticket_id": mark % 90_000 if mark % 5 == 0 else None,
        "unread": False, "webpath": [{"timestamp": format_time(chat.start_s - 40), "title": "Shop", "from": "", "to": "https://shop.example/"}],
    }  # fmt: skip


def _build_rest(world: World, chat: Chat) -> dict[str, Any]:
    """Return the remaining fields of a chat."""
    mark = crc32(chat.id.encode())
    agent_id, agent_name = AGENTS[mark % len(AGENTS)]
    duration = max(0, chat.end_s - chat.start_s)
    rest = _build_common(chat, mark) | {
        "agent_ids": [agent_id], "agent_names": [agent_name], "duration": duration,
        "count": {"visitor": 1, "agent": 1, "total": 2},
        "response_time": {"first": mark % 60, "avg": mark % 60 + 0.5, "max": mark % 60 + 1} if mark % 7 else None,
        "rating": ("good", "bad")[mark % 2] if mark % 6 == 0 else None, "comment": None, "started_by": "visitor",
        "triggered": False, "missed": False, "triggered_response": None, "proactive": False,
        "referrer_search_terms": "", "referrer_search_engine": "", "conversions": [], "engagements": [],
    }  # fmt: skip
    if "history" not in (chat.details or {}):
        rest["history"] = _build_history(world, chat, record=rest | (chat.details or {}), agent=(agent_id, agent_name))
    return rest


def _build_rest_of_offline(chat: Chat) -> dict[str, Any]:
    """Return the remaining fields of an offline message: text instead of history, no end, duration or counts."""
    mark = crc32(chat.id.encode())
    return _build_common(chat, mark) | {"message": QUESTIONS[mark % len(QUESTIONS)]}


def _build_history(world: World, chat: Chat, *, record: dict[str, Any], agent: tuple[str, str]) -> list[dict[str, Any]]:
    """Return a short transcript that fits the tags, rating and comment of the chat; keys vary by type and sender.

    `channel` has the dash form of the visitor's ID, times have microseconds. Source: README Z4.3, `history`.
    """
    known = world.visitors.get(world.find_canonical_id(chat.visitor_id))
    visitor = known.name if known else "Visitor"
    items: list[dict[str, Any]] = [
        {"type": "chat.memberjoin", "name": visitor,
         "department_id": record["department_id"], "department_name": record["department_name"]},
        {"type": "chat.msg", "name": visitor, "msg": QUESTIONS[crc32(chat.id.encode()) % len(QUESTIONS)],
         "msg_id": str(chat.start_s * 1000 + 5000), "options": "", "sender_type": "Visitor"},
        {"type": "chat.memberjoin", "name": agent[1]},
        {"type": "chat.msg", "name": agent[1], "msg": "Let me look at that for you.", "options": "",
         "sender_type": "Agent", "agent_id": int(agent[0])},
    ]  # fmt: skip
    if record["tags"]:
        items.append({"type": "chat.tag", "name": agent[1], "tags": [], "new_tags": record["tags"]})
    items += [
        {"type": f"chat.{kind}", "name": visitor, kind: None, f"new_{kind}": record[kind]}
        for kind in ("rating", "comment")
        if record[kind]
    ]
    items.append({"type": "chat.memberleave", "name": visitor})
    channel = "#supportchat:" + chat.visitor_id.replace(".", "-", 1)
    for place, item in enumerate(items):
        stamp = format_time(chat.start_s + 5 * place).replace("Z", ".120000Z")
        item |= {"timestamp": stamp, "channel": channel, "index": place}
    return items
