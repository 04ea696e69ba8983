"""The imitated Zendesk account: visitors, chats and bans, with sorted indices for fast pages."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

ACCOUNT_ID = 7_700_123
LATEST_EPOCH_S = 9_999_999_999  # in the year 2286
TOKEN_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
AFTER_ANY_ID = "\U0010ffff"  # sorts after every ID that a path can hold

# Source: README Z3.3, `^[0-9]+([.-][A-Za-z0-9]+)?$`; control calls may add others, so this only matches the dash.
DASHED_ID = re.compile(r"^([0-9]+)-([A-Za-z0-9]+)$")


@dataclass(slots=True)
class ZendeskVisitor:
    """One visitor; `created_s` in epoch seconds, `""` for unknown values, `gone` makes a read answer 404."""

    id: str
    name: str
    email: str = ""
    phone: str = ""
    notes: str = ""
    created_s: int = 0
    banned: bool = False
    external_id: Any = ""
    gone: bool = False


@dataclass(slots=True)
class Chat:
    """One chat or offline message; times in epoch seconds. Fields missing in `details` are derived when it is shown.

    `raw` holds a record to show exactly as given, in a one-item list so that it can be `null`.
    """

    id: str
    visitor_id: str
    start_s: int
    end_s: int
    update_s: int
    kind: str = "chat"
    deleted: bool = False
    details: dict[str, Any] | None = None
    raw: list[Any] | None = None


@dataclass(slots=True)
class Ban:
    """One ban, of a visitor or of an address (`kind` is Zendesk's `type`); old ones have no `created_s`."""

    id: int
    kind: str
    subject: str
    reason: str = ""
    visitor_name: str = ""
    created_s: int | None = None


def format_time(epoch_s: float) -> str:
    """Return the UTC time in Zendesk's form, `2026-01-02T03:04:05Z`."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_dot_form(visitor_id: str) -> str:
    """Return the REST form of a visitor ID: the dashboard's dash becomes a dot."""
    return DASHED_ID.sub(r"\1.\2", visitor_id)


@dataclass(slots=True)
class World:
    """All records of one account. Callers must hold the sandbox's lock."""

    visitors: dict[str, ZendeskVisitor] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    by_external: dict[str, str] = field(default_factory=dict)
    chats: dict[str, Chat] = field(default_factory=dict)
    by_update: list[tuple[int, str]] = field(default_factory=list)
    by_start: list[tuple[int, str]] = field(default_factory=list)
    bans: dict[int, Ban] = field(default_factory=dict)
    rng: Random = field(default_factory=lambda: Random(0))

    def mint_token(self, *, length: int = 14) -> str:
        """Return random letters and digits, the same for the same calls on the same world."""
        return "".join(self.rng.choices(TOKEN_ALPHABET, k=length))

    def mint_visitor_id(self) -> str:
        """Return an unused visitor ID in dot form."""
        return f"{ACCOUNT_ID}.{self.mint_token()}"

    def mint_chat_id(self, *, start_s: float) -> str:
        """Return an unused chat ID, `YYMM.account.token`."""
        return f"{datetime.fromtimestamp(start_s, UTC):%y%m}.{ACCOUNT_ID}.{self.mint_token()}"

    def find_canonical_id(self, visitor_id: str) -> str:
        """Return the visitor's current ID, for an ID in dot or dash form or one that was merged."""
        if visitor_id not in self.visitors:
            visitor_id = to_dot_form(visitor_id)
        return self.aliases.get(visitor_id, visitor_id)

    def find_visitor(self, visitor_id: str) -> ZendeskVisitor | None:
        """Return the visitor by any of its IDs, or None when it is unknown or gone."""
        visitor = self.visitors.get(self.find_canonical_id(visitor_id))
        return None if visitor is None or visitor.gone else visitor

    def put_visitor(self, visitor: ZendeskVisitor) -> ZendeskVisitor:
        """Add or replace a visitor."""
        before = self.visitors.get(visitor.id)
        if before is not None and self.by_external.get(str(before.external_id)) == visitor.id:
            del self.by_external[str(before.external_id)]
        self.visitors[visitor.id] = visitor
        if visitor.external_id not in ("", None):
            self.by_external.setdefault(str(visitor.external_id), visitor.id)
        return visitor

    def put_alias(self, *, alias: str, canonical: str) -> None:
        """Make `alias`, and every ID that led to it, lead to `canonical`."""
        joined = self.visitors.pop(alias, None)
        if joined is not None and self.by_external.get(str(joined.external_id)) == alias:
            self.by_external[str(joined.external_id)] = canonical
        for known, target in self.aliases.items():
            if target == alias:
                self.aliases[known] = canonical
        self.aliases[alias] = canonical

    def put_chat(self, chat: Chat) -> Chat:
        """Add or replace a chat in both indices."""
        before = self.chats.get(chat.id)
        if before is not None:
            _discard(self.by_update, (before.update_s, before.id))
            _discard(self.by_start, (before.start_s, before.id))
        self.chats[chat.id] = chat
        insort(self.by_update, (chat.update_s, chat.id))
        if chat.raw is None:
            insort(self.by_start, (chat.start_s, chat.id))
        return chat

    def touch(self, chat: Chat, *, update_s: int) -> None:
        """Move a chat to a new update time, so that the export shows it again."""
        _discard(self.by_update, (chat.update_s, chat.id))
        chat.update_s = update_s
        insort(self.by_update, (chat.update_s, chat.id))

    def hide(self, chat: Chat) -> None:
        """Remove a deleted chat from lists and search; the export may still show it."""
        chat.deleted = True
        _discard(self.by_start, (chat.start_s, chat.id))

    def forget(self, chat: Chat) -> None:
        """Remove a chat everywhere, also from the export."""
        _discard(self.by_update, (chat.update_s, chat.id))
        _discard(self.by_start, (chat.start_s, chat.id))
        del self.chats[chat.id]

    def load(self, *, visitors: list[ZendeskVisitor], chats: list[Chat]) -> None:
        """Add many records and sort each index once."""
        for visitor in visitors:
            self.visitors[visitor.id] = visitor
            if visitor.external_id:
                self.by_external.setdefault(str(visitor.external_id), visitor.id)
        self.chats.update({chat.id: chat for chat in chats})
        self.by_update = sorted((chat.update_s, chat.id) for chat in self.chats.values())
        self.by_start = sorted((chat.start_s, chat.id) for chat in self.chats.values() if chat.raw is None)

    def list_updated(self, *, start_s: int, start_id: str, limit: int, inclusive: bool) -> list[Chat]:
        """Return up to `limit` chats in order of (update time, id).

        Without `start_id` from `start_s` on; with it after (`start_s`, `start_id`), or from there when inclusive.
        Source: Zendesk Chat, incremental export.
        """
        if start_id and not inclusive:
            first = bisect_right(self.by_update, (start_s, start_id))
        else:
            first = bisect_left(self.by_update, (start_s, start_id))
        return [self.chats[chat_id] for _, chat_id in self.by_update[first : first + limit]]

    def list_newest(self, *, before: tuple[int, str] | None, limit: int) -> list[Chat]:
        """Return up to `limit` chats that started before the cursor, newest first."""
        last = len(self.by_start) if before is None else bisect_left(self.by_start, before)
        page = self.by_start[max(0, last - limit) : last]
        return [self.chats[chat_id] for _, chat_id in reversed(page)]

    def list_started(self, *, low_s: int, high_s: int) -> list[Chat]:
        """Return the chats that started from `low_s` to `high_s`, newest first."""
        first = bisect_left(self.by_start, (low_s, ""))
        last = bisect_right(self.by_start, (high_s, AFTER_ANY_ID))
        return [self.chats[chat_id] for _, chat_id in reversed(self.by_start[first:last])]


def _discard(index: list[tuple[int, str]], key: tuple[int, str]) -> None:
    """Remove `key` from a sorted index if it is there."""
    place = bisect_left(index, key)
    if place < len(index) and index[place] == key:
        del index[place]
