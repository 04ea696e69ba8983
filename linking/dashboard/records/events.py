"""The events of a visitor's or a player's timeline: one line each, in words, with a place in the order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from types import MappingProxyType

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from linking.core.states import ChatKind, ChatRating
from linking.dashboard.records.refresh_state import LastRefresh
from linking.dashboard.records.refusals import RefusalsPanel
from linking.dashboard.records.why import describe_decision, describe_end
from linking.dashboard.shell.links_out import build_ticket_address
from linking.dashboard.shell.parts import Text
from linking.dashboard.shell.rows import Reader, build_visitor_url
from linking.dashboard.shell.sources import find_words
from linking.models import (
    BlockedUser,
    Conflict,
    ConflictDecision,
    Decision,
    LoginUser,
    TokenDay,
    Visitor,
    VisitorChat,
    VisitorLink,
)
from linking.search import ChatPlace

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)  # stored times of last tokens are rounded to it
_LATEST_US = 4_102_444_800_000_000  # 2100-01-01


class EventSource(IntEnum):
    """Where an event comes from: the second part of its place. Of one moment, the higher ones stand above."""

    CHAT = 0
    FIRST_CHAT = 1
    LAST_CHAT = 2
    CREATED = 3
    UPDATED = 4
    GONE = 5
    REFRESHED = 6
    LINKED = 7
    LINK_ENDED = 8
    CONFLICT = 9
    DECISION = 10
    FIRST_TOKEN = 11
    LAST_TOKEN = 12
    BLOCKED = 13
    REFUSED = 14
    TOKENS_OF_DAY = 15


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """The place of an event in a timeline: its time, and what decides between events of one moment."""

    at: datetime
    source: int
    number: int

    def encode(self) -> str:
        """Return the place as text for an address."""
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.source}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a timeline. `kind` is one of `chats tokens refusals links conflicts record`.

    `facts` are short words after the title, `tags` those of a chat. `url` leads out to Zendesk, and `record_url` to a
    record here whose name is `record`.
    """

    place: Place
    kind: str
    title: Text
    icon: str
    text: Text = ""
    facts: tuple[Text, ...] = ()
    tags: tuple[str, ...] = ()
    url: str = ""
    record: Text = ""
    record_url: str = ""


_CHAT_TITLES: Mapping[str, Text] = MappingProxyType(
    {
        ChatKind.CHAT: gettext_lazy("Chat"),
        ChatKind.MISSED: gettext_lazy("Missed chat"),
        ChatKind.OFFLINE: gettext_lazy("Offline message"),
    }
)
_CHAT_ICONS: Mapping[str, str] = MappingProxyType(
    {ChatKind.CHAT: "message", ChatKind.MISSED: "bell", ChatKind.OFFLINE: "mail"}
)
_RATINGS: Mapping[str, Text] = MappingProxyType(
    {ChatRating.GOOD: gettext_lazy("rated good"), ChatRating.BAD: gettext_lazy("rated bad")}
)


def parse_place(text: str) -> Place | None:
    """Return the place that `Place.encode` made `text` of, None for anything else."""
    parts = text.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        return None
    at_us, source, number = (int(part) for part in parts)
    return Place(at=_EPOCH + at_us * _MICROSECOND, source=source, number=number) if at_us <= _LATEST_US else None


def find_chat_place(place: Place | None) -> ChatPlace | None:
    """Return the chats that stand below `place`, as `history.list_chats` takes it."""
    if place is None:
        return None
    return ChatPlace(at=place.at, key=place.number if place.source == EventSource.CHAT else None)


def build_chat_event(chat: VisitorChat, *, reader: Reader, with_visitor: bool) -> Event:
    """Return a chat as a line; its visitor and integration are loaded. `with_visitor` names the visitor."""
    visitor, integration = chat.visitor, chat.visitor.integration
    ticket_url = (
        build_ticket_address(subdomain=integration.zendesk_subdomain, ticket_id=chat.ticket_id)
        if chat.ticket_id
        else ""
    )
    words = find_words(integration.zendesk_product)
    facts = (describe_length(chat.length_s), _RATINGS.get(chat.rating, ""), reader.mask_words(chat.department))
    return Event(
        place=Place(at=chat.started_at, source=EventSource.CHAT, number=chat.pk),
        kind="chats",
        title=_CHAT_TITLES.get(chat.kind, _CHAT_TITLES[ChatKind.CHAT]),
        icon=_CHAT_ICONS.get(chat.kind, "message"),
        facts=tuple(fact for fact in facts if fact),
        tags=tuple(reader.mask_words(tag) for tag in chat.tags),
        text=_("Ticket no. %s") % chat.ticket_id if ticket_url else "",
        url=ticket_url or words.build_address(subdomain=integration.zendesk_subdomain, visitor_id=visitor.visitor_id),
        record=(reader.mask_words(visitor.name) or visitor.visitor_id) if with_visitor else "",
        record_url=build_visitor_url(visitor_id=visitor.visitor_id, integration=integration.slug)
        if with_visitor
        else "",
    )


def describe_length(length_s: int | None) -> str:
    """Return a chat's length in words; "" where it is not known."""
    if length_s is None:
        return ""
    if length_s < 60:
        return ngettext("%(number)d second", "%(number)d seconds", length_s) % {"number": length_s}
    hours, minutes = divmod(length_s // 60, 60)
    if not hours:
        return _("%(minutes)d min") % {"minutes": minutes}
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}


def list_record_events(visitor: Visitor, *, refresh: LastRefresh | None) -> list[Event]:
    """Return what happened to a visitor's record in Zendesk."""
    moments = [
        (visitor.created_at, EventSource.CREATED, _("Created in Zendesk"), "circle-dashed"),
        (visitor.checked_at, EventSource.UPDATED, _("Updated from Zendesk"), "refresh"),
        (visitor.gone_at, EventSource.GONE, _("Deleted in Zendesk"), "trash-x"),
    ]
    events = [
        Event(place=Place(at=at, source=source, number=visitor.pk), kind="record", title=title, icon=icon)
        for at, source, title, icon in moments
        if at is not None
    ]
    if refresh is not None:
        place = Place(at=refresh.at, source=EventSource.REFRESHED, number=visitor.pk)
        title = _("Refreshed from Zendesk by hand")
        events.append(Event(place=place, kind="record", title=title, text=refresh.text, icon="refresh"))
    return events


def list_seen_events(visitor: Visitor) -> list[Event]:
    """Return when a visitor's first and last chat were seen, for chats from before zdbridge stored them."""
    if not visitor.last_chat_id:
        return []
    moments = [
        (visitor.first_seen_at, EventSource.FIRST_CHAT, _("First chat seen")),
        (visitor.last_seen_at, EventSource.LAST_CHAT, _("Last chat seen")),
    ]
    return [
        Event(place=Place(at=at, source=source, number=visitor.pk), kind="chats", title=title, icon="message")
        for at, source, title in moments
    ]


def list_link_events(links: Iterable[VisitorLink], *, reader: Reader, of_visitor: bool) -> list[Event]:
    """Return when links began and ended. `of_visitor`: the other side is the player; else it is the visitor."""
    events = []
    for link in links:
        other = _name_player(link.login_user, reader=reader) if of_visitor else _name_visitor(link, reader=reader)
        began = Place(at=link.first_seen_at, source=EventSource.LINKED, number=link.pk)
        events.append(Event(place=began, kind="links", title=_("Linked"), text=other, icon="link"))
        if link.ended_at:
            ended = Place(at=link.ended_at, source=EventSource.LINK_ENDED, number=link.pk)
            facts = (describe_end(link=link),)
            events.append(
                Event(place=ended, kind="links", title=_("Link ended"), text=other, facts=facts, icon="link-off")
            )
    return events


def list_conflict_events(conflicts: Iterable[Conflict], *, decisions: Iterable[ConflictDecision]) -> list[Event]:
    """Return when conflicts were found, and what was decided about them by whom."""
    kinds = {conflict.pk: conflict.get_kind_display() for conflict in conflicts}
    events = [
        Event(
            place=Place(at=conflict.first_seen_at, source=EventSource.CONFLICT, number=conflict.pk),
            kind="conflicts",
            title=_("Conflict found"),
            text=kinds[conflict.pk],
            icon="alert-triangle",
        )
        for conflict in conflicts
    ]
    return events + [
        Event(
            place=Place(at=decision.at, source=EventSource.DECISION, number=decision.pk),
            kind="conflicts",
            title=_describe_deed(decision),
            text=kinds.get(decision.conflict_id, ""),
            icon="arrow-back-up" if decision.verdict == Decision.UNDO else "check",
        )
        for decision in decisions
    ]


def list_token_events(players: Sequence[LoginUser], *, days: Sequence[TokenDay]) -> list[Event]:
    """Return the tokens of a player: the first one, then those of each day, then the last one if its day is not stored.

    `players` are the same person in several integrations.
    """
    events = []
    for user in players:
        where = user.integration.name if len(players) > 1 else ""
        own_days = [day for day in days if day.login_user_id == user.pk]
        events += [_build_token_day(day, where=where) for day in own_days if not _is_first_token_alone(day, user)]
        moments = [(user.first_authenticated_at, EventSource.FIRST_TOKEN, _("First token issued"))]
        if user.tokens_issued > 1 and not own_days:
            moments.append((user.last_authenticated_at, EventSource.LAST_TOKEN, _("Last token issued")))
        events += [
            Event(place=Place(at=at, source=source, number=user.pk), kind="tokens", title=title, text=where, icon="key")
            for at, source, title in moments
            if at is not None
        ]
    return events


def list_refusal_events(panel: RefusalsPanel) -> list[Event]:
    """Return the refused tokens of a player; the panel below the timeline says more of each."""
    return [
        Event(
            place=Place(at=line.at, source=EventSource.REFUSED, number=number),
            kind="refusals",
            title=_("Token refused"),
            text=line.sentence,
            icon="circle-x",
        )
        for number, line in enumerate((*panel.newest, *panel.others))
    ]


def list_block_events(blocks: Iterable[BlockedUser]) -> list[Event]:
    """Return since when a player gets no tokens, and by whom."""
    return [
        Event(
            place=Place(at=block.blocked_at, source=EventSource.BLOCKED, number=block.pk),
            kind="tokens",
            title=_("Blocked by %(person)s") % {"person": block.blocked_by},
            text=block.integration.name,
            icon="ban",
        )
        for block in blocks
    ]


def _build_token_day(day: TokenDay, *, where: str) -> Event:
    title = ngettext("%(number)d token issued", "%(number)d tokens issued", day.tokens) % {"number": day.tokens}
    return Event(
        place=Place(at=day.last_at, source=EventSource.TOKENS_OF_DAY, number=day.pk),
        kind="tokens",
        title=title,
        text=where,
        facts=(_("that day, the last one at this time"),) if day.tokens > 1 else (),
        icon="key",
    )


def _is_first_token_alone(day: TokenDay, user: LoginUser) -> bool:
    first_at = user.first_authenticated_at
    return day.tokens == 1 and first_at is not None and abs(day.last_at - first_at) < _MINUTE


def _describe_deed(decision: ConflictDecision) -> str:
    values = {"person": decision.by_name, "decision": describe_decision(decision.verdict)}
    if decision.verdict == Decision.UNDO:
        return _("%(person)s undid the decision") % values
    return _("%(person)s decided: %(decision)s") % values


def _name_player(user: LoginUser, *, reader: Reader) -> str:
    return reader.mask_words(user.name) or reader.mask_email(user.email) or reader.mask_id(user.user_id)


def _name_visitor(link: VisitorLink, *, reader: Reader) -> str:
    return reader.mask_words(link.visitor.name) or link.visitor.visitor_id
