"""Rows of the conflicts list, and flags: plain records, masked for agents, that cost a template no query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.dashboard.shell.parts import Badge, IDText, Text, split_id
from linking.dashboard.shell.rows import Reader, build_user_url, build_visitor_url
from linking.models import Conflict, ConflictFlag, ConflictKind, ConflictState, Decision, LoginUser

OPEN_CONFLICT = Badge(word=gettext_lazy("Open"), icon="alert-circle", tone="warn")
DECIDED_CONFLICT = Badge(word=gettext_lazy("Decided"), icon="circle-check", tone="quiet")
FLAGGED = Badge(word=gettext_lazy("Flagged"), icon="flag", tone="accent")
# What to do, as on a button. One that opens a preview has its own words, in `BULK_WORDS`.
DECISION_ICONS: Mapping[str, str] = MappingProxyType(
    {
        Decision.KEEP: "link",
        Decision.SHARED_DEVICE: "users",
        Decision.UNLINK: "link-off",
        Decision.IGNORE: "eye-off",
        Decision.UNDO: "history",
    }
)
BULK_WORDS: Mapping[str, Text] = MappingProxyType(
    {
        Decision.KEEP: gettext_lazy("Keep link…"),
        Decision.SHARED_DEVICE: gettext_lazy("Mark as shared device…"),
        Decision.UNLINK: gettext_lazy("Unlink player A…"),
        Decision.IGNORE: gettext_lazy("Ignore…"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerRow:
    """One player of a conflict; `label` and `letter` tell the two apart, "" where there is one."""

    label: Text
    letter: str
    name: str
    user: IDText
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One conflict as the list shows it.

    `received` is an invalid user ID, "" for other kinds. `owner` is a name, "" for nobody; `can_be_taken` is whether
    the reader may take it with one press. `decision` is what was decided, "" while it is open.
    """

    key: str
    number: int
    url: str
    kind: Text
    integration: str
    visitor_name: str
    visitor: IDText
    visitor_url: str
    players: tuple[PlayerRow, ...]
    received: str
    found_at: datetime
    owner: str
    owner_id: int
    is_mine: bool
    state: Badge
    is_flagged: bool
    decision: str
    decided_by: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRow:
    """One flag; `can_be_removed` by the reader."""

    number: int
    by: str
    reason: str
    at: datetime
    can_be_removed: bool


def build_queue_row(conflict: Conflict, *, reader: Reader, person_id: int, query: str) -> QueueRow:
    """Return the row of a conflict whose visitor, users, integration, decider and owner are loaded.

    Args:
        query: the list's query string, which the conflict's page keeps.
    """
    slug = conflict.integration.slug
    return QueueRow(
        key=f"c{conflict.pk}",
        number=conflict.pk,
        url=reverse("conflict", args=[conflict.pk]) + query,
        kind=conflict.get_kind_display(),
        integration=conflict.integration.name,
        visitor_name=reader.mask_words(conflict.visitor.name),
        visitor=split_id(conflict.visitor.visitor_id),
        visitor_url=build_visitor_url(visitor_id=conflict.visitor.visitor_id, integration=slug),
        players=build_players(conflict, reader=reader),
        received=find_received(conflict, reader=reader) if conflict.kind == ConflictKind.JUNK_EXTERNAL_ID else "",
        found_at=conflict.first_seen_at,
        owner=conflict.owner.get_username() if conflict.owner else "",
        owner_id=conflict.owner_id or 0,
        is_mine=conflict.owner_id == person_id,
        state=OPEN_CONFLICT if conflict.state == ConflictState.OPEN else DECIDED_CONFLICT,
        is_flagged=conflict.flagged_at is not None,
        decision=describe_decision(conflict.decision),
        decided_by=conflict.decided_by.get_username() if conflict.decided_by else "",
        decided_at=conflict.decided_at,
    )


def build_players(conflict: Conflict, *, reader: Reader) -> tuple[PlayerRow, ...]:
    """Return the players of a conflict, the one it was linked to when it was found first."""
    users = [user for user in (conflict.login_user, conflict.other_user) if user is not None]
    names = ((_("Player A"), "A"), (_("Player B"), "B")) if len(users) > 1 else (("", ""),)
    slug = conflict.integration.slug
    return tuple(
        PlayerRow(
            label=label,
            letter=letter,
            name=name_player(user, reader=reader),
            user=split_id(reader.mask_id(user.user_id)),
            url=build_user_url(user_id=reader.find_user_key(user), integration=slug),
        )
        for (label, letter), user in zip(names, users, strict=False)
    )


def name_player(user: LoginUser, *, reader: Reader) -> str:
    """Return what a reader calls a player: the name, else the address, else the ID."""
    return reader.mask_words(user.name) or reader.mask_email(user.email) or reader.mask_id(user.user_id)


def find_received(conflict: Conflict, *, reader: Reader) -> str:
    """Return what a conflict is about, such as the invalid ID or the e-mail address."""
    # It comes after the machine word.
    return reader.mask_id(conflict.subject.partition("|")[2])


def describe_decision(decision: str) -> str:
    """Return a decision in words; "" for none, the stored word for one that this version does not know."""
    return str(Decision(decision).label) if decision in Decision.values else decision


def build_flag_rows(
    flags: Iterable[ConflictFlag], *, reader: Reader, person_id: int, may_remove_any: bool
) -> tuple[FlagRow, ...]:
    """Return the rows of flags. A lead may have written an address into the reason."""
    return tuple(
        FlagRow(
            number=flag.pk,
            by=flag.by_name,
            reason=reader.mask_words(flag.reason),
            at=flag.at,
            can_be_removed=may_remove_any or flag.by_id == person_id,
        )
        for flag in flags
    )
