"""Zendesk Chat's visitors and chats as records of ours, read leniently: what cannot be read is a value, not a crash.

This is the boundary at which the vendor's words become ours: past it nobody says `external_id` but for the text as it
was read, and everything a visitor wrote has been cleaned.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypedDict

from linking.core.states import ChatKind, ChatRating
from linking.core.text import (
    NAME_MAX_CHARACTERS,
    NOTES_MAX_CHARACTERS,
    PHONE_MAX_CHARACTERS,
    clean_block,
    clean_email,
    clean_line,
)
from linking.core.user_ids import user_id_flaw, user_id_text

ID_MAX_CHARACTERS = 255
RAW_MAX_CHARACTERS = 2_000
JUNK_MAX_CHARACTERS = 100
TAGS_MAX = 20
TAG_MAX_CHARACTERS = 50
DEPARTMENT_MAX_CHARACTERS = 100
_LENGTH_MAX_S = 30 * 86_400  # a chat that lasts longer than a month is a clock or a unit gone wrong
_TICKET_MAX = 2**63 - 1
_OFFLINE_TYPE = "offline_msg"  # Source: fact sheet 4.3, as are the ratings
_RATINGS = frozenset(ChatRating)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_EPOCH_S = 4_102_444_800  # 2100-01-01; anything later is milliseconds or nonsense
# Source: fact sheet 3.3. Documented ids are digits, a dot and letters; records made through the API carry others.
_ID = re.compile(r"(?!\.+\Z)[A-Za-z0-9._:~-]{1,255}\Z")
# Source: fact sheet 3.3, the form of ids that Zendesk gives out itself.
_OWN_ID = re.compile(r"[0-9]+\.[A-Za-z0-9]+\Z")
_DASHED = re.compile(r"([0-9]+)-")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorRecord:
    """One visitor as Zendesk answered, cleaned: a visitor of Chat or an end user of Support.

    `user_id` is what the visitor's `external_id` says, "" when it says nothing or nothing that can be a user ID; in
    the latter case `junk` shows the text for people, escaped and clipped, and `junk_reason` is a machine word.
    `has_external_id` is False where the answer had no such field at all. `created_at` is None where unreadable.
    `changed_at` is when Zendesk last changed the record, None where it does not say. `is_case_blind`: user IDs that
    differ in upper and lower case only are one to whoever wrote the record.
    """

    visitor_id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    notes: str = ""
    is_banned: bool = False
    created_at: datetime | None = None
    user_id: str = ""
    junk: str = ""
    junk_reason: str = ""
    has_external_id: bool = True
    changed_at: datetime | None = None
    is_case_blind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedVisitor:
    """The visitor as a chat carries it: no identity, no creation time, no ban."""

    visitor_id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRecord:
    """One chat or offline message of the export; `updated_at` is its place in the feed. `visitor` may be null.

    What was said in it is not read. `started_at` and `length_s` are None, `rating` and `department` "" where the record
    does not say; `ticket_id` is the Support ticket made from it.
    """

    chat_id: str
    updated_at: datetime
    is_deleted: bool = False
    visitor: EmbeddedVisitor | None = None
    kind: ChatKind = ChatKind.CHAT
    started_at: datetime | None = None
    length_s: int | None = None
    rating: str = ""
    department: str = ""
    tags: tuple[str, ...] = ()
    ticket_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that cannot be read: its id or a digest, why, and its text clipped to 2,000 characters."""

    key: str
    reason: str
    raw: str


class Contact(TypedDict):
    """What a visitor said of itself, cleaned."""

    name: str
    email: str
    phone: str
    notes: str


def dot_form(visitor_id: str) -> str:
    """Return the form that REST answers with (`7700123.ab3X`): the dash of dashboards becomes a dot."""
    return _DASHED.sub(r"\1.", visitor_id, count=1) if _DASHED.match(visitor_id) else visitor_id


def can_answer_for(*, visitor_id: str, asked_id: str) -> bool:
    """Return whether an answer under `visitor_id` can be meant for whom was asked about.

    Zendesk joins visitors and then answers with another id of its own making. Anything else is a field gone wrong,
    and believing it would make one visitor of everybody.
    """
    return visitor_id == dot_form(asked_id) or is_own_form(visitor_id)


def is_own_form(visitor_id: str) -> bool:
    """Return whether an id has the form of those that Zendesk gives out itself."""
    return _OWN_ID.match(visitor_id) is not None


def id_text(value: object) -> str:
    """Return an id as text, numbers as decimals, or "" when it cannot be one."""
    text = user_id_text(value)
    return text if isinstance(text, str) and _ID.match(text) else ""


def parse_visitor(raw: object) -> VisitorRecord | Unreadable:
    """Return the visitor that the vendor's JSON value describes. Unknown fields are ignored.

    Source: developer.zendesk.com, Chat API, Visitors (2025-05-12), and recorded answers.
    """
    if not isinstance(raw, dict):
        return unreadable(raw, reason="The visitor is not an object.")
    visitor_id = dot_form(id_text(raw.get("id")))
    if not visitor_id:
        return unreadable(raw, reason="The visitor's id cannot be read.")
    user_id, junk, junk_reason = _identity(raw.get("external_id"))
    return VisitorRecord(
        visitor_id=visitor_id,
        **read_contact(raw),
        is_banned=raw.get("banned") is True,
        created_at=parse_time(raw.get("created")),
        user_id=user_id,
        junk=junk,
        junk_reason=junk_reason,
        has_external_id="external_id" in raw,
    )


def parse_chat(raw: object, *, fallback_at: datetime, latest_at: datetime | None = None) -> ChatRecord | Unreadable:
    """Return the chat of one export record.

    Args:
        fallback_at: stands in for an update time that is missing or unreadable.
        latest_at: times after this one are not believed; None for no such bound.

    Source: developer.zendesk.com, Chat API, Incremental export, and recorded answers (older ones lack the time).
    """
    if not isinstance(raw, dict):
        return unreadable(raw, reason="The chat is not an object.")
    chat_id = id_text(raw.get("id"))
    if not chat_id:
        return unreadable(raw, reason="The chat's id cannot be read.")
    if "visitor" not in raw:
        return unreadable(raw, reason="The chat does not name its visitor, although that was asked for.")
    visitor = raw.get("visitor")
    embedded = None
    if visitor is not None:
        if not isinstance(visitor, dict) or not id_text(visitor.get("id")):
            return unreadable(raw, reason="The chat's visitor cannot be read.")
        embedded = EmbeddedVisitor(visitor_id=dot_form(id_text(visitor.get("id"))), **read_contact(visitor))
    updated_at, started_at = (
        at if at is not None and (latest_at is None or at <= latest_at) else None
        for at in (parse_time(raw.get("update_timestamp")), parse_time(raw.get("timestamp")))
    )
    rating = raw.get("rating")
    return ChatRecord(
        chat_id=chat_id,
        updated_at=updated_at or started_at or fallback_at,
        is_deleted=raw.get("deleted") is True,
        visitor=embedded,
        kind=_find_kind(raw),
        started_at=started_at,
        length_s=_read_length(raw, started_at=started_at),
        rating=rating if isinstance(rating, str) and rating in _RATINGS else "",
        department=clean_line(raw.get("department_name"), max_characters=DEPARTMENT_MAX_CHARACTERS),
        tags=_read_tags(raw.get("tags")),
        ticket_id=_read_ticket(raw.get("zendesk_ticket_id")),
    )


def _find_kind(raw: Mapping[str, Any]) -> ChatKind:
    if raw.get("type") == _OFFLINE_TYPE:
        return ChatKind.OFFLINE
    return ChatKind.MISSED if raw.get("missed") is True else ChatKind.CHAT


def _read_length(raw: Mapping[str, Any], *, started_at: datetime | None) -> int | None:
    """Return a chat's length in seconds: the vendor's figure, else its end less its start; None for neither."""
    seconds = raw.get("duration")
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        ended_at = parse_time(raw.get("end_timestamp"))
        if ended_at is None or started_at is None:
            return None
        seconds = int((ended_at - started_at).total_seconds())
    return seconds if 0 <= seconds <= _LENGTH_MAX_S else None


def _read_tags(value: object) -> tuple[str, ...]:
    """Return the first tags, cleaned, each once."""
    if not value or not isinstance(value, list):
        return ()
    tags = (clean_line(tag, max_characters=TAG_MAX_CHARACTERS) for tag in value[: 2 * TAGS_MAX])
    return tuple(dict.fromkeys(tag for tag in tags if tag))[:TAGS_MAX]


def _read_ticket(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= _TICKET_MAX else None


def parse_time(value: object) -> datetime | None:
    """Return the UTC moment that epoch seconds or ISO 8601 text names; None for anything else.

    An offset *and* a Z (`+00:00Z`) has been recorded; text without a zone is UTC.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _EPOCH + timedelta(seconds=value) if 0 <= value < _LATEST_EPOCH_S else None
    if not isinstance(value, str) or len(value) > 40:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return parse_time(int(text))
    if text.endswith("Z") and ("+" in text or text.count("-") > 2):
        text = text[:-1]
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if 0 <= (found - _EPOCH).total_seconds() < _LATEST_EPOCH_S else None


def read_contact(raw: Mapping[str, Any]) -> Contact:
    """Return `name`, `email`, `phone` and `notes` of a vendor's object, cleaned; "" for what it does not say."""
    return {
        "name": clean_line(raw.get("name"), max_characters=NAME_MAX_CHARACTERS),
        "email": clean_email(raw.get("email")),
        "phone": clean_line(raw.get("phone"), max_characters=PHONE_MAX_CHARACTERS),
        "notes": clean_block(raw.get("notes"), max_characters=NOTES_MAX_CHARACTERS),
    }


def describe_junk(value: object) -> str:
    """Return a value that can be no user ID as text for people, escaped and clipped."""
    text = user_id_text(value)
    shown = _json(text)
    is_plain = isinstance(text, str) and text.isascii() and text.isprintable()
    return (shown[1:-1] if is_plain else shown)[:JUNK_MAX_CHARACTERS]


def unreadable(raw: object, *, reason: str) -> Unreadable:
    """Return the value that stands for a record nobody can read."""
    text = _json(raw)
    key = id_text(raw.get("id")) if isinstance(raw, dict) else ""
    return Unreadable(key=key or sha256(text.encode()).hexdigest()[:32], reason=reason, raw=text[:RAW_MAX_CHARACTERS])


def _identity(value: object) -> tuple[str, str, str]:
    """Return (user_id, junk as shown, junk's machine word); absent, null and "" say nothing at all."""
    if value is None or value == "":
        return "", "", ""
    text = user_id_text(value)
    flaw = user_id_flaw(text)
    if not flaw and isinstance(text, str):
        return text, "", ""
    return "", describe_junk(value), flaw


def _json(raw: object) -> str:
    # ASCII: NUL, lone surrogates and direction marks come out as harmless escapes that every database can keep.
    try:
        return json.dumps(raw, sort_keys=True, default=str)
    except RecursionError:
        # What could just be read may be too deep to be written, further down in the program.
        return '"nested too deeply"'
