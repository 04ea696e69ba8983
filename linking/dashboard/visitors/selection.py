"""The rows that a person selects in the list, by their boxes or all that match, for a refresh or an export."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.shell.context import format_count
from linking.dashboard.shell.numbers import parse_key
from linking.dashboard.visitors.filters import VisitorFilters, parse_filters
from linking.dashboard.visitors.queries import find_rows
from linking.search import Count

# A page has at most a hundred rows, so no form sends more boxes.
ROWS_MAX = 100
# What the audit names instead of filters where rows were selected one by one.
SELECTED_ROWS = "rows"


class NothingSelected(Exception):
    """Neither a row's box nor the box for all rows was ticked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Rows of the list of `filters`: those with `keys`, or every one of them where `keys` is None."""

    filters: VisitorFilters
    keys: tuple[int, ...] | None

    @property
    def names(self) -> list[str]:
        """What the audit keeps of how the rows were chosen."""
        return self.filters.names if self.keys is None else [SELECTED_ROWS]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionBar:
    """What the bar of the selected rows says; `all_words` names how many match, `note` is a limit or ""."""

    all_words: str
    may_refresh: bool
    note: str


def parse_selection(form: QueryDict) -> Selection:
    """Return what a posted form selects: `query` is the list's query string, `row` a ticked row, `all` all of them.

    Raises: UnknownFilter, NothingSelected.
    """
    filters = parse_filters(QueryDict(form.get("query", "").removeprefix("?")))
    if form.get("all"):
        return Selection(filters=filters, keys=None)
    prefix = "u" if filters.is_waiting_list else "v"
    boxes = [box.removeprefix(prefix) for box in form.getlist("row")[:ROWS_MAX] if box.startswith(prefix)]
    if not boxes:
        raise NothingSelected
    return Selection(filters=filters, keys=tuple(parse_key(box) for box in boxes))


def find_selected(selection: Selection, *, sees_contact: bool, now: datetime) -> QuerySet[Any]:
    """Return the selected rows in the order of the list. Raises: UnknownFilter."""
    if selection.keys is None:
        return find_rows(selection.filters, sees_contact=sees_contact, now=now)
    # A row that left the list since, as by a newer chat, is still the row that was ticked.
    anywhere = VisitorFilters(state=selection.filters.state if selection.filters.is_waiting_list else "")
    return find_rows(anywhere, sees_contact=sees_contact, now=now).filter(pk__in=selection.keys)


def build_selection_bar(total: Count, *, is_waiting_list: bool, may_refresh: bool, refresh_max: int) -> SelectionBar:
    """Return the bar for a list of `total` rows."""
    values = {"total": format_count(total)}
    if is_waiting_list:
        all_words = ngettext("The %(total)s player that matches", "All %(total)s players that match", total.number)
    else:
        all_words = ngettext("The %(total)s visitor that matches", "All %(total)s visitors that match", total.number)
    is_too_many = may_refresh and total.number > refresh_max
    note = _("A refresh takes the first %s.") % format_count(Count(number=refresh_max, is_capped=False))
    return SelectionBar(all_words=all_words % values, may_refresh=may_refresh, note=note if is_too_many else "")
