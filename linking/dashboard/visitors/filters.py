"""The filters of the visitors list: all of them are in the address, so that a link shows the same list."""

import re
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from linking.models import VisitorState
from linking.search import Query, UnknownFilter, find, parse_query

# Players who signed in and have no chat yet; a state of the list, not of a visitor.
SIGNED_IN = "signed_in"
SEEN_DAYS = ("1", "7", "30")
LINKED_TODAY, TO_CHECK, NO_EMAIL = "linked_today", "to_check", "no_email"
ONLY = (LINKED_TODAY, TO_CHECK, NO_EMAIL)
SEEN_WORDS = {"today": "1", "day": "1", "week": "7", "month": "30"} | {days: days for days in SEEN_DAYS}
_FILTER_WORD = re.compile(r"(?<!\S)(state|seen):(\S+)", re.IGNORECASE)
PLACE_MAX_DIGITS = 12
WAITING_ORDERING = "-last_authenticated_at"


@dataclass(frozen=True, kw_only=True)
class VisitorFilters:
    """The list's filters as the address gives them; "" means any.

    `seen` is a number of days as text, `only` one of `ONLY`; `first` is the place of the page's first row, as text,
    which a cursor does not hold.
    """

    q: str = ""
    state: str = ""
    integration: str = ""
    seen: str = ""
    only: str = ""
    ordering: str = ""
    cursor: str = ""
    first: str = ""

    @cached_property
    def query(self) -> Query:
        """The search text `q`, parsed once."""
        return parse_query(self.q)

    @property
    def is_waiting_list(self) -> bool:
        """Whether the list shows players who have no chat yet, instead of visitors."""
        return self.state == SIGNED_IN

    @property
    def order(self) -> str:
        """The ordering in force."""
        return WAITING_ORDERING if self.is_waiting_list else self.ordering or find.DEFAULT_ORDERING

    @property
    def names(self) -> list[str]:
        """The names of the active filters; the audit stores these, and never the search text."""
        return sorted(name for name in ("q", "state", "integration", "seen", "only") if getattr(self, name))

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is active."""
        return bool(self.names)

    @property
    def is_filtered_beside_search(self) -> bool:
        """Whether any filter but the search text is active."""
        return replace(self, q="").is_filtered

    @property
    def is_search_alone(self) -> bool:
        """Whether the search text is the only filter, as from the search box at the top."""
        return bool(self.q) and self == VisitorFilters(q=self.q)

    def build_address(self, **changes: Any) -> str:
        """Return the query string with `changes`; without a given cursor it has none, as each list has its own."""
        changed = replace(self, **({"cursor": "", "first": ""} | changes))
        parameters = {name: getattr(changed, name) for name in NAMES}
        return "?" + urlencode({name: value for name, value in parameters.items() if value})


NAMES = tuple(field.name for field in fields(VisitorFilters))


def parse_filters(query: QueryDict) -> VisitorFilters:
    """Return the filters of an address.

    Raises: UnknownFilter for an unknown `seen` or `only`; the other filters are checked where they are used.
    """
    filters = VisitorFilters(**{name: query.get(name, "").replace("\x00", "") for name in NAMES})
    if filters.seen and filters.seen not in SEEN_DAYS:
        raise UnknownFilter(name="seen", message=_("seen must be one of: %s (days).") % ", ".join(SEEN_DAYS))
    if filters.only and (filters.only not in ONLY or filters.is_waiting_list):
        raise UnknownFilter(
            name="only", message=_("only must be one of: %s, and applies to visitors only.") % ", ".join(ONLY)
        )
    is_place = filters.first.isascii() and filters.first.isdecimal() and len(filters.first) <= PLACE_MAX_DIGITS
    return filters if is_place else replace(filters, first="")


def extract_inline_filters(filters: VisitorFilters) -> VisitorFilters:
    """Return `filters` with `state:linked` or `seen:week` moved from the search text into the filter it names.

    A word that names no state and no time stays text, because it may be a player's name.
    """
    words = dict(pair for word in _FILTER_WORD.finditer(filters.q) if (pair := _parse_filter_word(word)))
    if not words:
        return filters
    rest = _FILTER_WORD.sub(lambda word: "" if _parse_filter_word(word) else word[0], filters.q)
    return replace(filters, q=" ".join(rest.split()), cursor="", first="", **words)


def _parse_filter_word(word: re.Match[str]) -> tuple[str, str] | None:
    name, value = word[1].lower(), word[2].lower()
    if name == "seen":
        return (name, SEEN_WORDS[value]) if value in SEEN_WORDS else None
    return (name, value) if value in tuple(VisitorState) or value == SIGNED_IN else None
