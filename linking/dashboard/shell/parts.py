"""Small frozen records that several pages hand to their templates: states in words, IDs, facts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from linking.core.trust import Trust
from linking.models import ConflictKind, RunState, VisitorState

Text = str | Promise
# A longer ID may be cut in the middle; its end stays, because the IDs of one account differ there.
ID_TAIL_CHARACTERS = 6
ID_WHOLE_CHARACTERS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A state as a word, a symbol and a tone (`good warn bad quiet accent`), so never as a colour alone."""

    word: Text
    icon: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IDText:
    """An ID for one line: `head` may be cut by the page, `tail` never is; together they are `text`."""

    text: str
    head: str
    tail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A sentence with a symbol and a tone as in `Badge`; `text` may be safe HTML."""

    tone: str
    icon: str
    text: Text


VISITOR_STATES: Mapping[str, Badge] = MappingProxyType(
    {
        VisitorState.LINKED: Badge(word=_("Linked"), icon="link", tone="quiet"),
        VisitorState.ANONYMOUS: Badge(word=_("Anonymous"), icon="user-question", tone="quiet"),
        VisitorState.PENDING: Badge(word=_("Waiting for lookup"), icon="clock", tone="quiet"),
        VisitorState.GONE: Badge(word=_("Deleted in Zendesk"), icon="trash-x", tone="quiet"),
    }
)
# For people, green means proven and nothing else; amber means that a person must look at it.
TRUST_STATES: Mapping[str, Badge] = MappingProxyType(
    {
        Trust.PROVEN: Badge(word=_("Proven"), icon="shield-check", tone="good"),
        Trust.CLAIMED: Badge(word=_("Claimed"), icon="help-circle", tone="accent"),
        Trust.DISPUTED: Badge(word=_("Disputed"), icon="alert-triangle", tone="warn"),
    }
)
IN_CONFLICT = Badge(word=_("Open conflict"), icon="alert-circle", tone="warn")
BLOCKED = Badge(word=_("Blocked"), icon="ban", tone="bad")
PAGE_OPEN = Badge(word=_("Page open now"), icon="login-2", tone="accent")
NOT_LINKED = Badge(word=_("Not linked"), icon="link-off", tone="quiet")
SIGNED_IN = Badge(word=_("Signed in through Login"), icon="key", tone="quiet")
NEVER_SIGNED_IN = Badge(word=_("Never signed in through Login"), icon="circle-dashed", tone="quiet")
_WORST_FIRST = ("bad", "warn", "accent", "quiet", "good")

RUN_STATES: Mapping[str, Badge] = MappingProxyType(
    {
        RunState.RUNNING: Badge(word=_("Running"), icon="refresh", tone="accent"),
        RunState.COMPLETE: Badge(word=_("Complete"), icon="circle-check", tone="good"),
        RunState.STOPPED: Badge(word=_("Stopped early"), icon="alert-triangle", tone="warn"),
    }
)
CONFLICT_KINDS: Mapping[str, Text] = MappingProxyType(
    {
        ConflictKind.RELINKED: _("The visitor signed in as one player and later as another."),
        ConflictKind.SHARED_DEVICE: _("Several players signed in on what looks like one device."),
        ConflictKind.EMAIL_OF_ANOTHER_USER: _("The visitor entered the e-mail address of another player."),
        ConflictKind.ID_VARIANT: _("Two user IDs differ only in upper and lower case; Zendesk may treat them as one."),
        ConflictKind.JUNK_EXTERNAL_ID: _("The website sent an invalid user ID, so no link was made."),
        ConflictKind.WRONG_LINK: _("Someone in support decided that this visitor is not this player."),
    }
)


def split_id(text: str) -> IDText:
    """Return `text` in two halves."""
    if len(text) <= ID_WHOLE_CHARACTERS:
        return IDText(text=text, head=text, tail="")
    return IDText(text=text, head=text[:-ID_TAIL_CHARACTERS], tail=text[-ID_TAIL_CHARACTERS:])


def choose_states(*, trust: Trust, state: str, has_open_conflict: bool) -> tuple[Badge, ...]:
    """Return a visitor's badges: how far to trust its link, or without a link its `state` and whether a conflict is
    open."""
    if trust:
        return (TRUST_STATES[trust],)
    return (VISITOR_STATES[state], IN_CONFLICT) if has_open_conflict else (VISITOR_STATES[state],)


def find_worst_tone(states: Iterable[Badge]) -> str:
    """Return the tone that a card with several states takes."""
    return min((state.tone for state in states), key=_WORST_FIRST.index)
