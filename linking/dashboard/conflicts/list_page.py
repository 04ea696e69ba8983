"""The conflicts list, for leads and admins: both sides of each conflict and its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linking.accounts import roles
from linking.conflicts import find as find_conflicts
from linking.dashboard.records.history import build_conflict_row
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.context import format_count
from linking.dashboard.shell.numbers import parse_key
from linking.dashboard.shell.rows import find_reader
from linking.models import CONFLICT_KIND_CHOICES, ConflictKind, ConflictState
from linking.search import UnknownFilter, find

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictFilters:
    """The list's filters as the address gives them; "" means any. `before` is the key above the page, 0 for none."""

    state: str = ConflictState.OPEN
    kind: str = ""
    integration: str = ""
    before: int = 0

    def build_address(self, **changes: Any) -> str:
        """Return the query string with `changes`, from the first page unless `before` is one of them."""
        parameters = {"state": self.state, "kind": self.kind, "integration": self.integration} | changes
        return "?" + urlencode({name: value for name, value in parameters.items() if value})


@page
@require_safe
def show_conflicts(request: HttpRequest) -> HttpResponse:
    """Show the open conflicts, newest first, or the decided ones."""
    require(roles.can_decide(request.user))
    parameters = request.GET.dict()
    if "" in parameters.values():
        # A form without scripts also sends its empty fields; shared addresses should not have them.
        filled = urlencode({name: value for name, value in parameters.items() if value})
        return redirect(reverse("conflicts") + (f"?{filled}" if filled else ""))
    integrations = find_conflicts.list_integrations()
    try:
        filters = parse_filters(request.GET, slugs=[slug for slug, _name in integrations])
    except UnknownFilter as error:
        return render(request, "dashboard/shell/bad_filter.html", {"sentence": str(error)}, status=400)
    return render(
        request, "dashboard/conflicts/list.html", _build_context(request, filters=filters, integrations=integrations)
    )


def parse_filters(query: QueryDict, *, slugs: Sequence[str]) -> ConflictFilters:
    """Return the filters of an address.

    Args:
        slugs: of the integrations there are.

    Raises: UnknownFilter.
    """
    state = query.get("state", ConflictState.OPEN)
    kind, slug, before = (query.get(name, "") for name in ("kind", "integration", "before"))
    for name, value, known in (
        ("state", state, ConflictState.values),
        ("kind", kind, ["", *ConflictKind]),
        ("integration", slug, ["", *slugs]),
    ):
        if value not in known:
            raise UnknownFilter(
                name=name,
                message=_("%(name)s must be one of: %(values)s.")
                % {"name": name, "values": ", ".join(filter(None, known))},
            )
    return ConflictFilters(state=state, kind=kind, integration=slug, before=max(0, parse_key(before)))


def _build_context(
    request: HttpRequest, *, filters: ConflictFilters, integrations: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    rows = find_conflicts.list_conflicts(state=filters.state, kind=filters.kind, integration=filters.integration)
    below = rows.filter(pk__lt=filters.before) if filters.before else rows
    conflicts = list(below[: PAGE_SIZE + 1])
    reader = find_reader(request)
    return {
        "rows": [build_conflict_row(conflict, reader=reader) for conflict in conflicts[:PAGE_SIZE]],
        "older": filters.build_address(before=conflicts[PAGE_SIZE - 1].pk) if len(conflicts) > PAGE_SIZE else "",
        "newest": filters.build_address() if filters.before else "",
        "total": format_count(find.count_up_to_cap(rows)),
        "filters": filters,
        "may_decide": True,
        "open_url": filters.build_address(state=ConflictState.OPEN),
        "decided_url": filters.build_address(state=ConflictState.DECIDED),
        "is_open_list": filters.state == ConflictState.OPEN,
        "is_filtered": bool(filters.kind or filters.integration),
        "kinds": CONFLICT_KIND_CHOICES,
        "integrations": integrations,
    }
