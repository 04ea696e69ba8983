"""The filters of the visitors list: all of them are in the address, so that a link shows the same list."""

from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _

from linking.core.trust import Trust
from linking.search import Query, UnknownFilter, find, parse_query

# Players who signed in and have no chat yet; a state of the list, not of a visitor.
SIGNED_IN = "signed_in"
SEEN_DAYS = ("1", "7", "30")
LINKED_TODAY, TO_CHECK, NO_EMAIL = "linked_today", "to_check", "no_email"
ONLY = (LINKED_TODAY, TO_CHECK, NO_EMAIL)
TRUSTS = (Trust.PROVEN.value, Trust.CLAIMED.value, Trust.DISPUTED.value)
YES, NO = "yes", "no"
# A filter has a field here, a row in `typed_filters.py` and a chip in `chips.py`.
FILTERS = ("q", "state", "integration", "seen", "seen_from", "seen_to", "trust", "banned", "label", "only")
OF_VISITORS_ALONE = ("trust", "banned", "only")
PLACE_MAX_DIGITS = 12
DAY_CHARACTERS = len("2026-11-30")
WAITING_ORDERING = "-last_authenticated_at"


@dataclass(frozen=True, kw_only=True)
class VisitorFilters:
    """The list's filters as the address gives them; "" means any.

    `seen` is a number of days as text; `seen_from` and `seen_to` are days such as `2026-11-30`, both of them included,
    in the reader's time zone. `trust` is one of `TRUSTS`, `banned` is `YES` or `NO`, `label` is the name of a label in
    lower case, `only` is one of `ONLY`; `first` is the place of the page's first row, as text, which a cursor does not
    hold.
    """

    q: str = ""
    state: str = ""
    integration: str = ""
    seen: str = ""
    seen_from: str = ""
    seen_to: str = ""
    trust: str = ""
    banned: str = ""
    label: str = ""
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
        return sorted(name for name in FILTERS if getattr(self, name))

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

    def list_kept(self, *, besides: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return what a form that changes the filters `besides` must send along: names and values."""
        kept = (*FILTERS, "ordering")
        return [(name, getattr(self, name)) for name in kept if name not in besides and getattr(self, name)]

    def build_page_address(self, **changes: Any) -> str:
        """Return the query string of the same page with `changes`, "" where it has no parameter."""
        query = self.build_address(**({"cursor": self.cursor, "first": self.first} | changes))
        return "" if query == "?" else query


NAMES = tuple(field.name for field in fields(VisitorFilters))


def parse_filters(query: QueryDict) -> VisitorFilters:
    """Return the filters of an address.

    Raises: UnknownFilter for a value that is none; `state`, `integration`, `label` and `ordering` are checked where
    they are used.
    """
    filters = VisitorFilters(**{name: query.get(name, "").replace("\x00", "") for name in NAMES})
    _require_one_of(filters.seen, name="seen", known=SEEN_DAYS, message=_("seen must be one of: %s (days)."))
    _require_one_of(filters.trust, name="trust", known=TRUSTS, message=_("trust must be one of: %s."))
    _require_one_of(filters.banned, name="banned", known=(YES, NO), message=_("banned must be one of: %s."))
    only_message = _("only must be one of: %s, and applies to visitors only.")
    _require_one_of(filters.only, name="only", known=ONLY, message=only_message)
    for name in ("seen_from", "seen_to"):
        if (value := getattr(filters, name)) and parse_day(value) is None:
            raise UnknownFilter(name=name, message=_("%s must be a day such as 2026-11-30.") % name)
    if filters.is_waiting_list and any(getattr(filters, name) for name in OF_VISITORS_ALONE):
        raise UnknownFilter(name="state", message=_("%s apply to visitors only.") % ", ".join(OF_VISITORS_ALONE))
    is_place = filters.first.isascii() and filters.first.isdecimal() and len(filters.first) <= PLACE_MAX_DIGITS
    return filters if is_place else replace(filters, first="")


def parse_day(text: str) -> date | None:
    """Return the day that `text` writes as `2026-11-30`, None for any other text."""
    if len(text) != DAY_CHARACTERS:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # A day earlier or later could not be told in every time zone.
    return day if 1970 <= day.year <= 2200 else None


def find_since(filters: VisitorFilters, *, now: datetime) -> datetime | None:
    """Return the time from which on visitors of the list were last seen, None for any."""
    bounds = []
    if filters.seen:
        bounds.append(now - timedelta(days=int(filters.seen)))
    if day := parse_day(filters.seen_from):
        bounds.append(_start_of(day))
    return max(bounds, default=None)


def find_until(filters: VisitorFilters) -> datetime | None:
    """Return the time before which visitors of the list were last seen, None for any."""
    day = parse_day(filters.seen_to)
    return _start_of(day + timedelta(days=1)) if day else None


def _start_of(day: date) -> datetime:
    return make_aware(datetime.combine(day, time.min))


def _require_one_of(value: str, *, name: str, known: tuple[str, ...], message: str) -> None:
    if value and value not in known:
        raise UnknownFilter(name=name, message=message % ", ".join(known))
