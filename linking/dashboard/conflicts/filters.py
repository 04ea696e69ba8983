"""The filters of the conflicts list. All of them are in the address; the page of one conflict keeps them."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from linking.conflicts import queue
from linking.dashboard.shell.numbers import parse_key
from linking.models import ConflictKind, ConflictState
from linking.search import Query, QueryKind, UnknownFilter, find, parse_query

ME, NOBODY = "me", "nobody"
# A number of days: found within them, or waiting for longer.
AGES = ("1", "7", "30", "over-1", "over-7", "over-30")
OLDEST = "oldest"
Q_MAX_CHARACTERS = 200


@dataclass(frozen=True, kw_only=True)
class ConflictFilters:
    """The list's filters as the address gives them; "" means any.

    `owner` is `me`, `nobody` or a person's key, `flagged` is "1" or "", `order` is `oldest` or "" for the newest first.
    """

    q: str = ""
    state: str = ConflictState.OPEN
    kind: str = ""
    age: str = ""
    owner: str = ""
    flagged: str = ""
    integration: str = ""
    order: str = ""
    cursor: str = ""

    @cached_property
    def query(self) -> Query:
        """The search text `q`, parsed once."""
        return parse_query(self.q)

    @property
    def is_open_list(self) -> bool:
        """Whether the list shows conflicts that wait for a decision."""
        return self.state == ConflictState.OPEN

    @property
    def is_filtered(self) -> bool:
        """Whether any filter but the state is active."""
        return replace(self, state="", order="", cursor="") != ConflictFilters(state="")

    @property
    def ordering(self) -> str:
        """The ordering in force."""
        return queue.OLDEST_FIRST if self.order == OLDEST else queue.NEWEST_FIRST

    def build_address(self, **changes: Any) -> str:
        """Return the query string with `changes`, "" for the plain list; from the first page without a given cursor."""
        changed = replace(self, **({"cursor": ""} | changes))
        parameters = {name: getattr(changed, name) for name in NAMES}
        if parameters["state"] == ConflictState.OPEN:
            parameters["state"] = ""
        text = urlencode({name: value for name, value in parameters.items() if value})
        return f"?{text}" if text else ""

    def build_queue(self, *, person_id: int, sees_contact: bool, now: datetime) -> queue.QueueFilters:
        """Return what these filters ask of the conflicts, for the person who reads the page."""
        days = int(self.age.removeprefix("over-")) if self.age else 0
        edge = now - timedelta(days=days)
        return queue.QueueFilters(
            state=self.state,
            kind=self.kind,
            integration=self.integration,
            owner_id=self._find_owner_id(person_id=person_id),
            is_flagged=bool(self.flagged),
            found_since=edge if self.age and not self.age.startswith("over-") else None,
            found_before=edge if self.age.startswith("over-") else None,
            text=_build_text(self.query, sees_contact=sees_contact) if self.query.kind != QueryKind.EMPTY else None,
        )

    def _find_owner_id(self, *, person_id: int) -> int | None:
        if not self.owner:
            return None
        return {ME: person_id, NOBODY: queue.NOBODY}.get(self.owner) if not self.owner.isdigit() else int(self.owner)


NAMES = tuple(field.name for field in fields(ConflictFilters))


def parse_filters(query: QueryDict, *, slugs: Collection[str] | None = None) -> ConflictFilters:
    """Return the filters of an address.

    Args:
        slugs: of the integrations there are; None accepts any.

    Raises: UnknownFilter.
    """
    given = {name: str(query[name]) for name in NAMES if query.get(name)}
    given["q"] = given.get("q", "")[:Q_MAX_CHARACTERS]
    filters = ConflictFilters(**given)
    choices: tuple[tuple[str, Collection[str]], ...] = (
        ("state", ConflictState.values),
        ("kind", ["", *ConflictKind]),
        ("age", ["", *AGES]),
        ("flagged", ["", "1"]),
        ("order", ["", OLDEST]),
        ("integration", [filters.integration] if slugs is None else ["", *slugs]),
        ("owner", ["", ME, NOBODY, *([filters.owner] if parse_key(filters.owner) > 0 else [])]),
    )
    for name, known in choices:
        if getattr(filters, name) not in known:
            raise UnknownFilter(
                name=name,
                message=_("%(name)s must be one of: %(values)s.")
                % {"name": name, "values": ", ".join(filter(None, known))},
            )
    return filters


def read_filters(query: QueryDict) -> ConflictFilters:
    """Return the filters of an address that leads to something else; without them where they are damaged."""
    try:
        return parse_filters(query)
    except UnknownFilter:
        return ConflictFilters()


def _build_text(query: Query, *, sees_contact: bool) -> queue.SearchedText:
    """Return what to look for; a visitor that an ID or an address names is found by the search of visitors."""
    keys: list[int] = []
    if query.kind not in (QueryKind.TEXT, QueryKind.TICKET):
        visitors = find.list_visitors(sees_contact=sees_contact, query=query)
        keys = list(visitors.values_list("pk", flat=True)[: queue.NAMED_MAX])
    return queue.SearchedText(
        words=query.words,
        sees_contact=sees_contact,
        visitor_keys=tuple(keys),
        user_ids=query.user_ids,
        email=query.text if query.kind == QueryKind.EMAIL else "",
    )
