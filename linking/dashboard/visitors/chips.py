"""The filter chips of the visitors list: each names a filter, says its value, and holds the links that change it.

They are plain links, so a filter applies at a click, with scripts and without; only the days are a form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.shell.parts import TRUST_STATES, VISITOR_STATES, Text
from linking.dashboard.shell.times import format_day
from linking.dashboard.visitors.filters import (
    LINKED_TODAY,
    NO,
    NO_EMAIL,
    SEEN_DAYS,
    SIGNED_IN,
    TO_CHECK,
    TRUSTS,
    YES,
    VisitorFilters,
    parse_day,
)
from linking.models import Integration, Label
from linking.search import find

WAYS_COUNT_CAP = 99
SEARCH_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One choice: its words, its address, and whether it is chosen."""

    word: Text
    url: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One filter: `word` names it, `value` is its value in words or "" for any, `clear_url` the list without it.

    One without `choices` can only be removed, unless it `has_days`: then it holds the form with the two days.
    """

    key: str
    word: Text
    value: Text = ""
    clear_url: str = ""
    choices: tuple[Choice, ...] = ()
    has_days: bool = False


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


def list_chips(
    filters: VisitorFilters, *, integrations: list[Integration], labels: Sequence[Label]
) -> tuple[Chip, ...]:
    """Return the chips from left to right: first those that can only be removed, then one for each filter."""
    carried = {label.low_name: label.name for label in labels}
    labelled = (_build_chip(filters, "label", _("Label"), carried),) if labels else ()
    names = {integration.slug: integration.name for integration in integrations}
    several = (_build_chip(filters, "integration", _("Integration"), names),) if len(names) > 1 else ()
    seen = _build_chip(filters, "seen", _("Seen"), {days: format_days(days) for days in SEEN_DAYS})
    if filters.is_waiting_list:
        return (*_list_fixed(filters), seen, *several, *labelled, _build_days_chip(filters))
    states = {str(key): state.word for key, state in VISITOR_STATES.items()}
    trusts = {key: TRUST_STATES[key].word for key in TRUSTS}
    return (
        *_list_fixed(filters),
        _build_chip(filters, "state", _("State"), states),
        seen,
        *several,
        _build_chip(filters, "trust", _("Trust"), trusts),
        _build_chip(filters, "banned", _("Banned"), {YES: _("Yes"), NO: _("No")}),
        *labelled,
        _build_days_chip(filters),
    )


def _list_fixed(filters: VisitorFilters) -> tuple[Chip, ...]:
    """Return the chips of the search text and of what a view narrows."""
    chips = []
    if filters.q:
        value = filters.q[:SEARCH_SHOWN_CHARACTERS]
        chips.append(Chip(key="q", word=_("Search"), value=value, clear_url=filters.build_address(q="")))
    if filters.only:
        value = _name_only_filters()[filters.only]
        chips.append(Chip(key="only", word=_("Only"), value=value, clear_url=filters.build_address(only="")))
    return tuple(chips)


def _build_chip(filters: VisitorFilters, key: str, word: str, words: Mapping[str, Text]) -> Chip:
    chosen = getattr(filters, key)
    return Chip(
        key=key,
        word=word,
        value=words.get(chosen, chosen),
        clear_url=filters.build_address(**{key: ""}) if chosen else "",
        choices=tuple(
            Choice(word=value_word, url=filters.build_address(**{key: value}), is_chosen=value == chosen)
            for value, value_word in words.items()
        ),
    )


def _build_days_chip(filters: VisitorFilters) -> Chip:
    is_chosen = bool(filters.seen_from or filters.seen_to)
    return Chip(
        key="days",
        word=_("Date range"),
        value=_describe_days(filters),
        clear_url=filters.build_address(seen_from="", seen_to="") if is_chosen else "",
        has_days=True,
    )


def _describe_days(filters: VisitorFilters) -> str:
    first, last = parse_day(filters.seen_from), parse_day(filters.seen_to)
    values = {"first": format_day(first) if first else "", "last": format_day(last) if last else ""}
    if first and last:
        return _("%(first)s to %(last)s") % values
    if first:
        return _("since %(first)s") % values
    return _("until %(last)s") % values if last else ""


def _name_only_filters() -> dict[str, str]:
    return {
        LINKED_TODAY: _("linked in the last 24 hours"),
        TO_CHECK: _("with an open conflict"),
        NO_EMAIL: _("without an e-mail address"),
    }


def format_days(days: str) -> str:
    """Return a number of days, one of `SEEN_DAYS`, in words."""
    return ngettext("last day", "last %(days)s days", int(days)) % {"days": days}
