"""The built-in views of the visitors list, its first tabs, each with its number of rows."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from linking.dashboard.shell.context import format_count
from linking.dashboard.visitors.filters import LINKED_TODAY, NO_EMAIL, TO_CHECK, VisitorFilters
from linking.dashboard.visitors.queries import DAY
from linking.models import VisitorState
from linking.search import Count, narrow, recent

COUNT_CAP = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltinView:
    """One such view; `count` is text, "" for the view of everything, which the navigation counts."""

    name: str
    url: str
    count: str
    is_current: bool


def list_builtin_views(*, filters: VisitorFilters, counts: recent.Recent, now: datetime) -> list[BuiltinView]:
    """Return the views; two queries. Two of them are of the last 30 days, which `counts` has counted already."""
    views: tuple[tuple[str, VisitorFilters, Count | None], ...] = (
        (_("All"), VisitorFilters(), None),
        (
            _("Linked today"),
            VisitorFilters(only=LINKED_TODAY),
            narrow.count_linked_since(since=now - DAY, cap=COUNT_CAP),
        ),
        (
            _("Open conflict"),
            VisitorFilters(only=TO_CHECK),
            narrow.count_in_conflict(cap=COUNT_CAP),
        ),
        (
            _("Anonymous"),
            VisitorFilters(state=VisitorState.ANONYMOUS, seen=recent.RECENT_DAYS),
            counts.as_count(counts.anonymous),
        ),
        (_("No e-mail"), VisitorFilters(only=NO_EMAIL, seen=recent.RECENT_DAYS), counts.as_count(counts.no_email)),
    )
    # An order is no view of its own.
    current = filters.build_address(ordering="")
    return [
        BuiltinView(
            name=name,
            url=reverse("visitors") + view_filters.build_address(),
            count=format_count(count) if count else "",
            is_current=view_filters.build_address() == current,
        )
        for name, view_filters, count in views
    ]
