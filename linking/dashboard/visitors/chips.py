"""The tabs and filter chips of the visitors list, and links to other results where it is empty."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.shell.parts import VISITOR_STATES, Text
from linking.dashboard.shell.sources import describe_waiting_list
from linking.dashboard.visitors.filters import LINKED_TODAY, NO_EMAIL, SIGNED_IN, TO_CHECK, VisitorFilters
from linking.models import Integration
from linking.search import find

WAYS_COUNT_CAP = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One choice: its words, its address, and whether it is chosen."""

    word: Text
    url: str
    is_chosen: bool = False
    value: str = ""


def list_ways_on(filters: VisitorFilters, *, sees_contact: bool) -> tuple[Choice, ...]:
    """Return links to other results for a search that found nothing."""
    if not filters.q:
        return ()
    ways = []
    search_alone = VisitorFilters(q=filters.q)
    if filters.is_filtered_beside_search:
        ways.append(Choice(word=_("Search without the other filters"), url=search_alone.build_address()))
    waiting = (
        0
        if filters.is_waiting_list
        else find.count_up_to_cap(
            find.list_waiting_users(query=filters.query, sees_contact=sees_contact), cap=WAYS_COUNT_CAP
        ).number
    )
    if waiting:
        word = ngettext(
            "%d player who signed in and has no chat yet", "%d players who signed in and have no chat yet", waiting
        )
        ways.append(Choice(word=word % waiting, url=VisitorFilters(q=filters.q, state=SIGNED_IN).build_address()))
    return tuple(ways)


def list_state_choices(filters: VisitorFilters) -> list[Choice]:
    """Return the tabs: every state, then the players who have no chat yet."""
    states = ((key, state.word) for key, state in VISITOR_STATES.items())
    words = [("", _("All")), *states, (SIGNED_IN, describe_waiting_list()[0])]
    # The other list has no such order and no such filters.
    any_order, of_users = {"ordering": ""}, {"ordering": "", "only": ""}
    return [
        Choice(
            word=word,
            url=filters.build_address(state=key, **(of_users if key == SIGNED_IN else any_order)),
            is_chosen=filters.state == key,
            value=key,
        )
        for key, word in words
    ]


def list_chips(filters: VisitorFilters, *, integrations: list[Integration]) -> list[Choice]:
    """Return the active filters, each with the address of the list without it."""
    names = {integration.slug: integration.name for integration in integrations}
    chips = []
    if filters.q:
        chips.append(Choice(word=_("Search: %s") % filters.q[:60], url=filters.build_address(q="")))
    if filters.integration:
        name = names.get(filters.integration, filters.integration)
        chips.append(Choice(word=_("Integration: %s") % name, url=filters.build_address(integration="")))
    if filters.only:
        chips.append(Choice(word=_name_only_filters()[filters.only], url=filters.build_address(only="")))
    if filters.seen:
        chips.append(Choice(word=format_seen(filters.seen), url=filters.build_address(seen="")))
    return chips


def _name_only_filters() -> dict[str, str]:
    return {
        LINKED_TODAY: _("Linked in the last 24 hours"),
        TO_CHECK: _("With an open conflict"),
        NO_EMAIL: _("Without an e-mail address"),
    }


def format_seen(days: str) -> str:
    """Return a number of days, one of `SEEN_DAYS`, as a filter in words."""
    return ngettext("Seen in the last %s day", "Seen in the last %s days", int(days)) % days
