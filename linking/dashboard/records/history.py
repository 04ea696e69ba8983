"""What the pages of visitors and players share: link history and conflicts."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.dashboard.records.why import (
    describe_decision,
    describe_end,
    describe_evidence,
    describe_sign_in,
    name_run,
)
from linking.dashboard.shell.parts import (
    NEVER_SIGNED_IN,
    SIGNED_IN,
    TRUST_STATES,
    Badge,
    IDText,
    Text,
    split_id,
)
from linking.dashboard.shell.rows import Reader, build_user_url, build_visitor_url
from linking.dashboard.shell.sources import find_words, name_source
from linking.models import Conflict, ConflictState, LoginUser, VisitorLink

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
