"""The columns of the visitors list: their headings, which of them sort, and which a person hides.

A cookie holds the names of those that are not as they are at first.

The cells stand in templates/dashboard/visitors/_rows.html, in the same order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from linking.dashboard.accounts.theme import COOKIE_AGE_S, find_way_back
from linking.dashboard.shell.access import page
from linking.dashboard.shell.parts import Text
from linking.dashboard.shell.rows import Reader
from linking.dashboard.visitors.filters import VisitorFilters

COOKIE = "zdbridge_hidden_columns"
# The list always shows the name and the time.
OPTIONAL: Mapping[str, Text] = MappingProxyType(
    {
        "state": _("State"),
        "login": _("User ID"),
        "visitor": _("Visitor ID"),
        "integration": _("Integration"),
        "chats": _("Chats"),
        "last-chat": _("Last chat"),
    }
)
# When a visitor was last seen is mostly the time of the last chat.
HIDDEN_AT_FIRST = frozenset({"last-chat"})
OF_CHATS = ("chats", "last-chat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A heading; `sort` is `ascending`, `descending` or "" as `aria-sort` has it, `url` sorts by it ("" cannot).

    `key` is the name of a column that can be hidden, "" for the others.
    """

    word: Text
    key: str = ""
    url: str = ""
    sort: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnChoice:
    """One column that can be hidden, and whether it is shown."""

    key: str
    word: Text
    is_shown: bool


def list_columns(filters: VisitorFilters, *, has_several: bool, has_chats: bool, reader: Reader) -> tuple[Column, ...]:
    """Return the headings from left to right. `has_several` integrations; `has_chats`: one of them reads chats."""
    if filters.is_waiting_list:
        several = (Column(word=_("Integration")),) if has_several else ()
        plain = (Column(word=_("Player")), Column(word=_("User ID")), Column(word=_("Tokens")))
        return (*plain, *several, Column(word=_("Last signed in"), sort="descending"))
    # An order by masked names would reveal them.
    name = _build_sortable_column(filters, field="name", word=_("Visitor"), first="name")
    name = name if reader.sees_contact else Column(word=_("Visitor"))
    return (
        name,
        *(Column(word=OPTIONAL[key], key=key) for key in ("state", "login", "visitor")),
        *((Column(word=OPTIONAL["integration"], key="integration"),) if has_several else ()),
        *(Column(word=OPTIONAL[key], key=key) for key in OF_CHATS if has_chats),
        _build_sortable_column(filters, field="last_seen_at", word=_("Last seen"), first="-last_seen_at"),
    )


def _build_sortable_column(filters: VisitorFilters, *, field: str, word: Text, first: str) -> Column:
    is_sorted = filters.order.removeprefix("-") == field
    if not is_sorted:
        return Column(word=word, url=filters.build_address(ordering=first))
    is_falling = filters.order.startswith("-")
    return Column(
        word=word,
        url=filters.build_address(ordering=field if is_falling else f"-{field}"),
        sort="descending" if is_falling else "ascending",
    )


def list_column_choices(columns: tuple[Column, ...], *, hidden: frozenset[str]) -> tuple[ColumnChoice, ...]:
    """Return the columns that can be hidden."""
    return tuple(
        ColumnChoice(key=column.key, word=column.word, is_shown=column.key not in hidden)
        for column in columns
        if column.key
    )


def find_hidden_columns(request: HttpRequest) -> frozenset[str]:
    """Return the names of the columns that this person hides."""
    return HIDDEN_AT_FIRST ^ (frozenset(request.COOKIES.get(COOKIE, "").split(".")) & OPTIONAL.keys())


@page
@require_POST
def choose_columns(request: HttpRequest) -> HttpResponse:
    """Store the chosen columns and redirect to the list."""
    response = HttpResponseRedirect(find_way_back(request.POST.get("next", "")))
    offered = OPTIONAL.keys() & set(request.POST.getlist("offered"))
    # A column that was not offered, as with a single integration, keeps its setting.
    hidden = (find_hidden_columns(request) - offered) | (offered - set(request.POST.getlist("column")))
    if changed := hidden ^ HIDDEN_AT_FIRST:
        value = ".".join(sorted(changed))
        response.set_cookie(
            COOKIE, value, max_age=COOKIE_AGE_S, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response
