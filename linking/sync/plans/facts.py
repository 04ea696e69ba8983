"""The records that the sync's plans read and make; see core/reconcile.py for the plans."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple

from linking.clients.zendesk_records import EmbeddedVisitor
from linking.core.states import ConflictKind, VisitorState


class LookupPriority(IntEnum):
    """Who is asked about first; within a rank the newest chat comes first."""

    IDENTIFIED = 0  # carries the e-mail address or name of a user we signed a token for
    NEW = 1
    AGAIN = 2
    REVERIFY = 3  # nothing happened; the answer is merely old


class Verb(StrEnum):
    """What happens to a visitor's link."""

    NONE = "none"
    OPEN = "open"
    CONFIRM = "confirm"
    RELINK = "relink"
    END = "end"
    KEEP = "keep"  # left as it is until asked once more


class VisitorFacts(NamedTuple):
    """What is kept about a visitor, as far as the plans read or change it. A tuple, because each record makes two or
    three, and a frozen dataclass takes four times as long to make.

    `first_seen_at`, `last_seen_at`: update times of the oldest and newest chat known. `checked_activity_at`: what
    `last_seen_at` was when the visitor was last asked about. `lookup_due_at`: when to ask next, None for "no need".
    """

    visitor_id: str
    first_seen_at: datetime
    last_seen_at: datetime
    last_chat_id: str = ""
    state: VisitorState = VisitorState.PENDING
    name: str = ""
    email: str = ""
    phone: str = ""
    notes: str = ""
    checked_at: datetime | None = None
    checked_activity_at: datetime | None = None
    lookup_due_at: datetime | None = None
    lookup_rank: int = LookupPriority.NEW
    lookup_attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenVisitor:
    """One visitor as the chats of a page show it; `contact` is taken from the newest of them."""

    contact: EmbeddedVisitor
    first_seen_at: datetime
    last_seen_at: datetime
    last_chat_id: str

    @property
    def visitor_id(self) -> str:
        """The id the chats carry, in dot form."""
        return self.contact.visitor_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlan:
    """Visitors to add and visitors whose kept facts change; whoever is in neither needs no write."""

    added: tuple[VisitorFacts, ...]
    changed: tuple[VisitorFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Something for a person to look at. The same `subject` seen again is the same question."""

    kind: ConflictKind
    subject: str
    user_id: str = ""
    other_user_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkBefore:
    """A visitor's links before the answer: the open one's user, former users, and users joined in from another id.

    `parted_user_ids` are users a person decided to keep apart from the visitor. `is_shared_device` is whether a person
    decided that several users share the visitor's device.
    """

    open_user_id: str = ""
    former_user_ids: frozenset[str] = frozenset()
    joined_user_ids: frozenset[str] = frozenset()
    parted_user_ids: frozenset[str] = frozenset()
    is_shared_device: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPlan:
    """What one answer changes: the visitor's facts, its link, and what disagrees."""

    facts: VisitorFacts
    verb: Verb
    user_id: str = ""
    disagreements: tuple[Disagreement, ...] = ()
