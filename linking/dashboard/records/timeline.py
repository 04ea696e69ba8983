"""The timeline of a visitor or a player, with all events or those of one kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.translation import gettext_lazy as _

from linking.dashboard.shell.parts import Event, Text

PARAMETER = "events"
# A shorter timeline needs no filter.
CHOICE_FROM = 5
_KINDS: Mapping[str, Text] = MappingProxyType(
    {
        "chats": _("Chats"),
        "tokens": _("Tokens"),
        "links": _("Links"),
        "conflicts": _("Conflicts"),
        "record": _("Record in Zendesk"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindChoice:
    """One kind of events to show alone; `count` is how many there are."""

    word: Text
    url: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The events to show, newest first, and the kinds to choose from, if there are enough events."""

    events: list[Event]
    kinds: tuple[KindChoice, ...]


def build_timeline(events: list[Event], *, kind: str, own_url: str) -> Timeline:
    """Return the timeline of a record whose page stands at `own_url`, which has a query.

    A `kind` that no event has shows all events.
    """
    chosen_kind = kind if any(event.kind == kind for event in events) else ""
    counts = {kind: sum(event.kind == kind for event in events) for kind in _KINDS}
    present_kinds = [kind for kind in _KINDS if counts[kind]]
    kinds = [KindChoice(word=_("All"), url=f"{own_url}#timeline", count=len(events), is_chosen=not chosen_kind)]
    kinds += [
        KindChoice(
            word=_KINDS[kind],
            url=f"{own_url}&{PARAMETER}={kind}#timeline",
            count=counts[kind],
            is_chosen=kind == chosen_kind,
        )
        for kind in present_kinds
    ]
    is_worth_it = len(events) >= CHOICE_FROM and len(present_kinds) > 1
    shown_events = [event for event in events if event.kind == chosen_kind] if chosen_kind else events
    return Timeline(events=shown_events, kinds=tuple(kinds) if is_worth_it else ())
