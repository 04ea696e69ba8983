"""The filters that can be typed into the search box, as in `state:linked trust:proven nadia`.

A word that names no filter, or no value of it, stays text, because it may be a player's name; `hints.py` says so.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from linking.dashboard.visitors.filters import (
    NO,
    SEEN_DAYS,
    SIGNED_IN,
    TO_CHECK,
    TRUSTS,
    YES,
    VisitorFilters,
    parse_day,
)
from linking.models import VisitorState
from linking.monitoring import status
from linking.notes import labels


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedFilter:
    """One word that becomes a filter: the filter's field, and how a typed value is read; "" for one that is unknown.

    `hint` is the sentence for an unknown value.
    """

    field: str
    read: Callable[[str], str]
    hint: str | Promise


def _read_word(words: Mapping[str, str], value: str) -> str:
    return words.get(value.lower(), "")


def _read_day(value: str) -> str:
    return value if parse_day(value) else ""


def _read_integration(value: str) -> str:
    # The list's own cost; asked only where somebody types this filter.
    return next((one.slug for one in status.list_integrations() if one.slug == value.lower()), "")


def _read_label(value: str) -> str:
    # A name of several words is typed with a mark for its blanks, which would end the filter.
    names = [label.low_name for label in labels.list_labels()]
    return next((name for name in names if value.lower() in (name, name.replace(" ", "_"), name.replace(" ", "-"))), "")


def _one_of(*words: str, **more: str) -> Callable[[str], str]:
    return partial(_read_word, {word: word for word in words} | more)


_AFTER_A_DAY = _("After from: and to: write a day such as 2026-11-30.")
TYPED_FILTERS: Mapping[str, TypedFilter] = MappingProxyType(
    {
        "state": TypedFilter(
            field="state",
            read=_one_of(*VisitorState, SIGNED_IN),
            hint=_("After state: write linked, anonymous, pending, gone or signed_in."),
        ),
        "trust": TypedFilter(
            field="trust", read=_one_of(*TRUSTS), hint=_("After trust: write proven, claimed or disputed.")
        ),
        "banned": TypedFilter(
            field="banned",
            read=_one_of(YES, NO),
            hint=_("After banned: write yes or no."),
        ),
        "seen": TypedFilter(
            field="seen",
            read=_one_of(*SEEN_DAYS, today="1", day="1", week="7", month="30"),
            hint=_("After seen: write today, week or month."),
        ),
        "from": TypedFilter(field="seen_from", read=_read_day, hint=_AFTER_A_DAY),
        "to": TypedFilter(field="seen_to", read=_read_day, hint=_AFTER_A_DAY),
        "integration": TypedFilter(
            field="integration",
            read=_read_integration,
            hint=_("After integration: write its short name, as it stands in the address of its set-up page."),
        ),
        "label": TypedFilter(
            field="label",
            read=_read_label,
            hint=_("After label: write the name of a label, with _ for a blank."),
        ),
        "has": TypedFilter(field="only", read=_one_of(conflict=TO_CHECK), hint=_("After has: write conflict.")),
    }
)
_WORD = re.compile(rf"(?<!\S)({'|'.join(TYPED_FILTERS)}):(\S+)", re.IGNORECASE)


def extract_typed_filters(filters: VisitorFilters) -> VisitorFilters:
    """Return `filters` with `state:linked` and the like moved from the search text into the filter they name."""
    read = {word[0]: found for word in _WORD.finditer(filters.q) if (found := _read(word))}
    if not read:
        return filters
    rest = _WORD.sub(lambda word: "" if word[0] in read else word[0], filters.q)
    return replace(filters, q=" ".join(rest.split()), cursor="", first="", **dict(read.values()))


def _read(word: re.Match[str]) -> tuple[str, str] | None:
    typed = TYPED_FILTERS[word[1].lower()]
    value = typed.read(word[2])
    return (typed.field, value) if value else None
