"""What the visitors list was asked for: everything is in the address, so that a link shows the same list."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from linking.finding import DEFAULT_ORDERING, UnknownFilter

# Users who signed in and were not seen in Chat yet; a state of the list, not of a visitor.
SIGNED_IN = "signed_in"
SEEN_DAYS = ("1", "7", "30")
WAITING_ORDERING = "-last_authenticated_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The list's filters as the address gives them; "" means any. `seen` is a number of days as text."""

    q: str = ""
    state: str = ""
    integration: str = ""
    seen: str = ""
    ordering: str = ""
    cursor: str = ""

    @property
    def is_waiting_list(self) -> bool:
        """Whether Login users are asked for, not visitors."""
        return self.state == SIGNED_IN

    @property
    def order(self) -> str:
        """The ordering in force."""
        return WAITING_ORDERING if self.is_waiting_list else self.ordering or DEFAULT_ORDERING

    @property
    def is_filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.q or self.state or self.integration or self.seen)

    @property
    def is_search_alone(self) -> bool:
        """Whether a text was searched for and nothing else was chosen, as the search box at the top does."""
        return bool(self.q) and self == Asked(q=self.q)

    def address(self, **changes: Any) -> str:
        """Return the query string with `changes`; without a cursor unless one is given, as it belongs to one list."""
        changed = replace(self, **({"cursor": ""} | changes))
        named = {name: getattr(changed, name) for name in self.__slots__}
        return "?" + urlencode({name: value for name, value in named.items() if value})


def read_asked(query: QueryDict) -> Asked:
    """Return what the address asks for.

    Raises: UnknownFilter for a `seen` that is none; the other filters are checked where they are used.
    """
    asked = Asked(**{name: query.get(name, "").replace("\x00", "") for name in Asked.__slots__})
    if asked.seen and asked.seen not in SEEN_DAYS:
        raise UnknownFilter(name="seen", message=f"seen must be one of: {', '.join(SEEN_DAYS)} (days).")
    return asked
