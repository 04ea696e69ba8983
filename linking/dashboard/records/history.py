"""What the pages of visitors and players share: link history, conflicts, and the events of the timeline."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.dashboard.records.why import describe_end, describe_evidence, describe_sign_in, name_run
from linking.dashboard.shell.parts import (
    NEVER_SIGNED_IN,
    SIGNED_IN,
    TRUST_STATES,
    Badge,
    Event,
    IDText,
    Text,
    split_id,
)
from linking.dashboard.shell.rows import Reader, build_user_url, build_visitor_url
from linking.dashboard.shell.sources import find_words, name_source
from linking.models import Conflict, ConflictState, Decision, LoginUser, Visitor, VisitorLink

OPEN_CONFLICT = Badge(word=gettext_lazy("Open"), icon="alert-circle", tone="warn")
DECIDED_CONFLICT = Badge(word=gettext_lazy("Decided"), icon="circle-check", tone="quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """One link of the history; `ended` is why it ended, "" while it is open. Only an open link has a `trust`.

    `source` as in `VisitorRow`.
    """

    key: str
    user: IDText
    user_url: str
    visitor: IDText
    visitor_url: str
    name: str
    trust: Badge | None
    ban: Badge | None
    source: Text
    call: str
    run: str
    first_seen_at: datetime
    last_confirmed_at: datetime
    ended_at: datetime | None
    ended: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a conflict: a player, and whether they ever signed in through Login.

    It has no word of trust, because that is what the conflict is about.
    """

    user: IDText
    url: str
    name: str
    sign_in: Badge
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRow:
    """One conflict with both sides and the sync that found it."""

    key: str
    number: int
    kind: Text
    sentence: Text
    state: Badge
    visitor: IDText
    visitor_url: str
    visitor_name: str
    sides: tuple[Side, ...]
    subject: str
    run: str
    integration: str
    first_seen_at: datetime
    last_seen_at: datetime
    decision: str
    decided_by: str
    decided_at: datetime | None
    is_open: bool
    is_flagged: bool


def build_link_row(link: VisitorLink, *, reader: Reader) -> LinkRow:
    """Return the row of a link from `with_disputes`, with its visitor, integration, user and evidence run loaded."""
    integration = link.visitor.integration
    slug, words = integration.slug, find_words(integration.zendesk_product)
    return LinkRow(
        key=f"l{link.pk}",
        user=split_id(reader.mask_id(link.login_user.user_id)),
        user_url=build_user_url(user_id=reader.find_user_key(link.login_user), integration=slug),
        visitor=split_id(link.visitor.visitor_id),
        visitor_url=build_visitor_url(visitor_id=link.visitor.visitor_id, integration=slug),
        name=reader.mask_words(link.visitor.name),
        trust=TRUST_STATES.get(link.trust),
        ban=words.ban if link.visitor.is_banned else None,
        source=name_source(integration.zendesk_product),
        call=describe_evidence(link=link),
        run=name_run(link=link),
        first_seen_at=link.first_seen_at,
        last_confirmed_at=link.last_confirmed_at,
        ended_at=link.ended_at,
        ended=describe_end(link=link),
    )


def build_conflict_row(conflict: Conflict, *, reader: Reader) -> ConflictRow:
    """Return the row of a conflict whose visitor, users, integration and decider are loaded."""
    slug = conflict.integration.slug
    users = [user for user in (conflict.login_user, conflict.other_user) if user is not None]
    is_open = conflict.state == ConflictState.OPEN
    return ConflictRow(
        key=f"c{conflict.pk}",
        number=conflict.pk,
        kind=conflict.get_kind_display(),
        sentence=find_words(conflict.integration.zendesk_product).conflicts[conflict.kind],
        state=OPEN_CONFLICT if is_open else DECIDED_CONFLICT,
        visitor=split_id(conflict.visitor.visitor_id),
        visitor_url=build_visitor_url(visitor_id=conflict.visitor.visitor_id, integration=slug),
        visitor_name=reader.mask_words(conflict.visitor.name),
        sides=tuple(build_side(user, slug=slug, reader=reader) for user in users),
        subject=_find_subject(conflict, reader=reader),
        run=_("sync no. %s") % conflict.evidence_run_id if conflict.evidence_run_id else "",
        integration=conflict.integration.name,
        first_seen_at=conflict.first_seen_at,
        last_seen_at=conflict.last_seen_at,
        decision=describe_decision(conflict.decision),
        decided_by=conflict.decided_by.get_username() if conflict.decided_by else "",
        decided_at=conflict.decided_at,
        is_open=is_open,
        is_flagged=conflict.flagged_at is not None,
    )


def describe_decision(decision: str) -> str:
    """Return a decision in words; "" for none, the stored word for one that this version does not know."""
    return str(Decision(decision).label) if decision in Decision.values else decision


def list_visitor_events(
    *, visitor: Visitor, links: Iterable[VisitorLink], conflicts: Iterable[Conflict], reader: Reader
) -> list[Event]:
    """Return the events of a visitor, newest first, as the reader may see them."""
    events = []
    if visitor.last_chat_id:  # a visitor without one was looked up before its first chat ended
        events.append(Event(at=visitor.last_seen_at, kind="chats", title=_("Last chat seen"), icon="clock"))
        events.append(Event(at=visitor.first_seen_at, kind="chats", title=_("First chat seen"), icon="clock"))
    if visitor.created_at:
        events.append(Event(at=visitor.created_at, kind="record", title=_("Created in Zendesk"), icon="circle-dashed"))
    if visitor.checked_at:
        events.append(Event(at=visitor.checked_at, kind="record", title=_("Updated"), icon="refresh"))
    if visitor.gone_at:
        events.append(Event(at=visitor.gone_at, kind="record", title=_("Deleted in Zendesk"), icon="trash-x"))
    events += [
        event for link in links for event in list_link_events(link, with_name=reader.mask_id(link.login_user.user_id))
    ]
    events += list_conflict_events(conflicts)
    return sort_newest_first(events)


def list_link_events(link: VisitorLink, *, with_name: str) -> list[Event]:
    """Return the beginning and the end of a link; `with_name` is the other side."""
    events = [Event(at=link.first_seen_at, kind="links", title=_("Linked"), text=with_name, icon="link")]
    if link.ended_at:
        text = f"{with_name} · {describe_end(link=link)}"
        events.append(Event(at=link.ended_at, kind="links", title=_("Link ended"), text=text, icon="link-off"))
    return events


def list_conflict_events(conflicts: Iterable[Conflict]) -> list[Event]:
    """Return when conflicts were found."""
    return [
        Event(
            at=conflict.first_seen_at,
            kind="conflicts",
            title=_("Conflict found"),
            text=conflict.get_kind_display(),
            icon="alert-triangle",
        )
        for conflict in conflicts
    ]


def list_user_events(
    *, players: Sequence[LoginUser], links: Iterable[VisitorLink], conflicts: Iterable[Conflict]
) -> list[Event]:
    """Return the events of a player, newest first; `players` are the same person in several integrations."""
    events = []
    for user in players:
        build = partial(Event, kind="tokens", icon="key", text=user.integration.name if len(players) > 1 else "")
        if user.first_authenticated_at:
            events.append(build(at=user.first_authenticated_at, title=_("First token issued")))
        if user.last_authenticated_at and user.tokens_issued > 1:
            events.append(build(at=user.last_authenticated_at, title=_("Last token issued")))
    events += [event for link in links for event in list_link_events(link, with_name=link.visitor.visitor_id)]
    events += list_conflict_events(conflicts)
    return sort_newest_first(events)


def sort_newest_first(events: list[Event]) -> list[Event]:
    """Return `events` in the order a timeline shows them."""
    return sorted(events, key=lambda event: event.at, reverse=True)


def build_side(user: LoginUser, *, slug: str, reader: Reader) -> Side:
    """Return a user as one side of a conflict."""
    return Side(
        user=split_id(reader.mask_id(user.user_id)),
        url=build_user_url(user_id=reader.find_user_key(user), integration=slug),
        name=reader.mask_words(user.name) or reader.mask_email(user.email),
        sign_in=SIGNED_IN if user.is_verified else NEVER_SIGNED_IN,
        sentence=describe_sign_in(user=user),
    )


def _find_subject(conflict: Conflict, *, reader: Reader) -> str:
    # After the machine word comes what the conflict is about, such as the junk ID or the e-mail address.
    return reader.mask_id(conflict.subject.partition("|")[2])
