"""What narrows the visitors list, in words and addresses: tabs, chips, and the ways on where nothing fits."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.shell.parts import VISITOR_STATES, WAITING, Text
from linking.dashboard.visitors.filters import LINKED_TODAY, NO_EMAIL, SIGNED_IN, TO_CHECK, VisitorFilters
from linking.models import Integration
from linking.search import find

WAYS_COUNT_CAP = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing to choose: its words, where choosing it leads, whether it is chosen."""

    word: Text
    url: str
    is_chosen: bool = False
    value: str = ""


def ways_on(asked: VisitorFilters, *, sees_contact: bool) -> tuple[Choice, ...]:
    """Return where else to look for what was searched and not found."""
    if not asked.q:
        return ()
    ways = []
    alone = VisitorFilters(q=asked.q)
    if asked.is_filtered_beside_search:
        ways.append(Choice(word=_("Search without the other filters"), url=alone.address()))
    waiting = (
        0
        if asked.is_waiting_list
        else find.count_up_to_cap(
            find.list_waiting_users(query=asked.query, sees_contact=sees_contact), cap=WAYS_COUNT_CAP
        ).number
    )
    if waiting:
        word = ngettext(
            "%d user who signed in and is not in Chat yet", "%d users who signed in and are not in Chat yet", waiting
        )
        ways.append(Choice(word=word % waiting, url=VisitorFilters(q=asked.q, state=SIGNED_IN).address()))
    return tuple(ways)


def state_choices(asked: VisitorFilters) -> list[Choice]:
    """Return the tabs: every state, then the users who are not in Chat yet."""
    words = [("", _("All")), *((key, state.word) for key, state in VISITOR_STATES.items()), (SIGNED_IN, WAITING.word)]
    # The order of one list, and what narrows visitors, mean nothing to the other.
    any_order, of_users = {"ordering": ""}, {"ordering": "", "only": ""}
    return [
        Choice(
            word=word,
            url=asked.address(state=key, **(of_users if key == SIGNED_IN else any_order)),
            is_chosen=asked.state == key,
            value=key,
        )
        for key, word in words
    ]


def chips_of(asked: VisitorFilters, *, integrations: list[Integration]) -> list[Choice]:
    """Return the filters that are set, each with the list without it."""
    names = {one.slug: one.name for one in integrations}
    chips = []
    if asked.q:
        chips.append(Choice(word=_("Search: %s") % asked.q[:60], url=asked.address(q="")))
    if asked.integration:
        name = names.get(asked.integration, asked.integration)
        chips.append(Choice(word=_("Integration: %s") % name, url=asked.address(integration="")))
    if asked.only:
        chips.append(Choice(word=_only_words()[asked.only], url=asked.address(only="")))
    if asked.seen:
        chips.append(Choice(word=format_seen(asked.seen), url=asked.address(seen="")))
    return chips


def _only_words() -> dict[str, str]:
    return {
        LINKED_TODAY: _("Linked in the last 24 hours"),
        TO_CHECK: _("With an open conflict"),
        NO_EMAIL: _("Without an e-mail address"),
    }


def format_seen(days: str) -> str:
    """Return a number of days, one of `SEEN_DAYS`, as a filter in words."""
    return ngettext("Seen in the last %s day", "Seen in the last %s days", int(days)) % days
