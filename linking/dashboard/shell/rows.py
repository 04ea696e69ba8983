"""Rows of the lists: plain records, masked for agents, that cost a template no query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from urllib.parse import quote, urlencode

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse

from linking.accounts import roles
from linking.conflicts import find as find_conflicts
from linking.core.masking import mask_block, mask_email, mask_id, mask_phone, mask_text
from linking.core.trust import Trust
from linking.dashboard.notes.chips import LabelChip, build_chips
from linking.dashboard.shell.parts import NOT_LINKED, TRUST_STATES, Badge, IDText, Text, choose_states, split_id
from linking.dashboard.shell.sources import find_words, name_source
from linking.models import Label, LoginUser, Visitor
from linking.notes import player_labels
from linking.search import find, history

# A token lives for five minutes, and the widget asks for the next one when it ends; the sixth minute is for the way and
# for sightings, which are written in batches. A page that was closed counts as open for that long.
PAGE_OPEN_FOR = timedelta(minutes=6)
LabelsByPlayer = Mapping[int, tuple[Label, ...]]
NO_LABELS: LabelsByPlayer = MappingProxyType({})
ChatsByVisitor = Mapping[int, history.ChatSum]
NO_CHATS: ChatsByVisitor = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorRow:
    """One visitor as a list shows it; `user` is None without an open link.

    `source` is the product, "" where all integrations have the same one. `subtitle` is what stands below the name: the
    address, or the name at Login where the address is the name already. `chats` and `last_chat_at` are None where no
    chat is stored, or the list does not show them.
    """

    key: str
    url: str
    name: str
    email: str
    subtitle: str
    states: tuple[Badge, ...]
    ban: Badge | None
    visitor: IDText
    user: IDText | None
    user_url: str
    integration: str
    source: Text
    last_seen_at: datetime
    labels: tuple[LabelChip, ...] = ()
    chats: int | None = None
    last_chat_at: datetime | None = None

    @property
    def state(self) -> Badge:
        """The first of `states`; nearly every row has one alone, and a loop costs a template more than its badge."""
        return self.states[0]

    @property
    def second_state(self) -> Badge | None:
        """The second of `states`, None where there is one alone."""
        return self.states[1] if len(self.states) > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """One player as a list shows it; `source` as in `VisitorRow`."""

    key: str
    url: str
    name: str
    email: str
    user: IDText
    integration: str
    source: Text
    first_authenticated_at: datetime | None
    last_authenticated_at: datetime | None
    tokens_issued: int
    is_page_open: bool
    labels: tuple[LabelChip, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The person who reads a page; `sees_contact` is false for agents, who see contact data masked."""

    sees_contact: bool

    def mask_email(self, text: str) -> str:
        """Return an e-mail address as this reader may see it."""
        return text if self.sees_contact else mask_email(text)

    def mask_phone(self, text: str) -> str:
        """Return a phone number as this reader may see it."""
        return text if self.sees_contact else mask_phone(text)

    def mask_words(self, text: str) -> str:
        """Return free text, which may hold an address, as this reader may see it."""
        return text if self.sees_contact else mask_text(text)

    def mask_block(self, text: str) -> str:
        """Return free text of several lines as this reader may see it."""
        return text if self.sees_contact else mask_block(text)

    def mask_id(self, text: str) -> str:
        """Return a user ID, which a site may have made of an address, as this reader may see it."""
        return text if self.sees_contact else mask_id(text)

    def find_user_key(self, user: LoginUser) -> str:
        """Return what names a user in an address: its ID, or a stand-in where this reader may not see that."""
        return user.user_id if self.mask_id(user.user_id) == user.user_id else find.make_stand_in(user)


def find_reader(request: HttpRequest) -> Reader:
    """Return the person who makes this request."""
    return Reader(sees_contact=roles.can_see_contact(request.user))


def build_visitor_url(*, visitor_id: str, integration: str) -> str:
    """Return the address of a visitor's page; the integration is named because two may know one ID."""
    return build_record_url("visitor", visitor_id, integration=integration)


def build_user_url(*, user_id: str, integration: str) -> str:
    """Return the address of a player's page."""
    return build_record_url("user", user_id, integration=integration)


def build_visitor_rows(
    visitors: Sequence[Visitor],
    *,
    reader: Reader,
    labels: LabelsByPlayer = NO_LABELS,
    chats: ChatsByVisitor = NO_CHATS,
) -> tuple[VisitorRow, ...]:
    """Return the rows of a page of visitors from `find.list_visitors`; one query where any has no link.

    `labels` are those of the visitors' players, from `find_row_labels`, and `chats` the visitors' own, where the rows
    show them.
    """
    # The word of trust of a linked visitor already says that a conflict is open.
    unlinked = [visitor for visitor in visitors if not visitor.open_links]  # type: ignore[attr-defined]
    in_conflict = find_conflicts.find_in_conflict(visitors=unlinked) if unlinked else frozenset()
    return tuple(
        _build_visitor_row(
            visitor,
            reader=reader,
            has_open_conflict=visitor.pk in in_conflict,
            labels=labels,
            chats=chats.get(visitor.pk),
        )
        for visitor in visitors
    )


def find_row_labels(records: Sequence[Visitor | LoginUser]) -> LabelsByPlayer:
    """Return the labels of the players on a page of visitors, or of players, by the players' keys; one query."""
    visitors = [record for record in records if isinstance(record, Visitor)]
    players = {link.login_user_id for visitor in visitors for link in visitor.open_links}  # type: ignore[attr-defined]
    players |= {record.pk for record in records if isinstance(record, LoginUser)}
    return player_labels.find_labels(player_keys=players)


def _build_visitor_row(
    visitor: Visitor, *, reader: Reader, has_open_conflict: bool, labels: LabelsByPlayer, chats: history.ChatSum | None
) -> VisitorRow:
    link = next(iter(visitor.open_links), None)  # type: ignore[attr-defined]
    user, trust = (link.login_user, link.trust) if link else (None, Trust.NONE)
    slug, words = visitor.integration.slug, find_words(visitor.integration.zendesk_product)
    name, email = reader.mask_words(visitor.name), reader.mask_email(visitor.email)
    return VisitorRow(
        key=f"v{visitor.pk}",
        url=build_visitor_url(visitor_id=visitor.visitor_id, integration=slug),
        name=name,
        email=email,
        subtitle=_choose_subtitle(name, email, reader.mask_words(user.name) if user else ""),
        states=choose_states(trust=trust, state=visitor.state, has_open_conflict=has_open_conflict),
        ban=words.ban if visitor.is_banned else None,
        visitor=split_id(visitor.visitor_id),
        user=split_id(reader.mask_id(user.user_id)) if user else None,
        user_url=build_user_url(user_id=reader.find_user_key(user), integration=slug) if user else "",
        integration=visitor.integration.name,
        source=name_source(visitor.integration.zendesk_product),
        last_seen_at=visitor.last_seen_at,
        labels=build_chips(labels.get(user.pk, ())) if user else (),
        chats=chats.number if chats else None,
        last_chat_at=chats.last_at if chats else None,
    )


def choose_user_state(user: LoginUser) -> Badge:
    """Return the badge of a user from `find.find_login_user`: how far to trust its link, or that it has none."""
    if not user.is_seen_in_chat:
        return find_words(user.integration.zendesk_product).waiting if user.is_verified else NOT_LINKED
    return TRUST_STATES[user.trust] if user.trust else NOT_LINKED


def build_user_row(user: LoginUser, *, reader: Reader, now: datetime, labels: LabelsByPlayer = NO_LABELS) -> UserRow:
    """Return the row of a player, its `integration` loaded; `labels` as in `build_visitor_rows`."""
    return UserRow(
        key=f"u{user.pk}",
        url=build_user_url(user_id=reader.find_user_key(user), integration=user.integration.slug),
        name=reader.mask_words(user.name),
        email=reader.mask_email(user.email),
        user=split_id(reader.mask_id(user.user_id)),
        integration=user.integration.name,
        source=name_source(user.integration.zendesk_product),
        first_authenticated_at=user.first_authenticated_at,
        last_authenticated_at=user.last_authenticated_at,
        tokens_issued=user.tokens_issued,
        is_page_open=is_page_open(last_authenticated_at=user.last_authenticated_at, now=now),
        labels=build_chips(labels.get(user.pk, ())),
    )


def is_page_open(*, last_authenticated_at: datetime | None, now: datetime) -> bool:
    """Return whether the page with the widget is open: it renews its token for as long as it is."""
    return last_authenticated_at is not None and now - last_authenticated_at <= PAGE_OPEN_FOR


@cache
def _find_prefix(name: str, _script_prefix: str) -> str:
    """Return what the address of each record begins with; a list has a hundred of them."""
    return reverse(name, args=["x"])[: -len("x/")]


def _choose_subtitle(name: str, *others: str) -> str:
    return next((other for other in others if other and other != name), "")


def build_record_url(name: str, record_id: str, *, integration: str = "") -> str:
    """Return the address of a record's page, `visitor` or `user`; without an integration it is whichever knows it."""
    # An ID is one step of the path, so a slash or `..` in it must be quoted, which `reverse` does not do.
    path = _find_prefix(name, get_script_prefix()) + quote(record_id, safe="") + "/"
    return f"{path}?{urlencode({'integration': integration})}" if integration else path
