"""The list, or its selected rows, as a CSV file, for leads: streamed, and recorded in the audit.

Cells that a spreadsheet could run are made inert. Rows are read by keyset, so memory does not grow with their number.
"""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from linking.accounts import audit, roles
from linking.core.spreadsheets import inert
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.context import format_count
from linking.dashboard.shell.rows import LabelsByPlayer, find_row_labels
from linking.dashboard.visitors.filters import VisitorFilters, parse_filters
from linking.dashboard.visitors.selection import NothingSelected, Selection, find_selected, parse_selection
from linking.models import LoginUser, Visitor
from linking.search import UnknownFilter, find, pages

CHUNK = 1_000
VISITOR_COLUMNS = (
    "integration", "visitor_id", "state", "name", "email", "phone", "user_id", "verified", "trust", "first_seen_at",
    "last_seen_at", "checked_at", "is_banned", "source", "labels",
)  # fmt: skip
USER_COLUMNS = (
    "integration", "user_id", "name", "email", "first_authenticated_at", "last_authenticated_at", "tokens_issued",
    "labels",
)  # fmt: skip


class _Echo:
    """A file that returns what is written to it."""

    def write(self, text: str) -> str:
        """Return `text`."""
        return text


@page
@require_http_methods(["GET", "POST"])
def export_visitors(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Answer with the list that the address asks for, or with the rows that a form selects, as CSV."""
    require(roles.can_export(request.user))
    now = timezone.now()
    try:
        if request.method == "POST":
            selection = parse_selection(request.POST)
        else:
            selection = Selection(filters=parse_filters(request.GET), keys=None)
        rows = find_selected(selection, sees_contact=roles.can_see_contact(request.user), now=now)
    except NothingSelected:
        messages.warning(request, _("No row is selected."))
        return redirect("visitors")
    except UnknownFilter as error:
        return render(request, "dashboard/shell/bad_filter.html", {"sentence": str(error)}, status=400)
    filters = selection.filters
    kind = "users" if filters.is_waiting_list else "visitors"
    target = f"{format_count(find.count_up_to_cap(rows))} {kind}"
    audit.audit_list_action(user=request.user, action="export", target=target, filters=selection.names, now=now)
    answer = StreamingHttpResponse(_iterate_lines(rows, filters=filters), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="zdbridge-{kind}-{now:%Y-%m-%d-%H%M}.csv"'
    return answer


def _iterate_lines(rows: QuerySet[Any], *, filters: VisitorFilters) -> Iterator[str]:
    columns = USER_COLUMNS if filters.is_waiting_list else VISITOR_COLUMNS
    cells: Callable[..., tuple[object, ...]] = _list_user_cells if filters.is_waiting_list else _list_visitor_cells
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield "\ufeff" + writer.writerow(columns)  # by this mark spreadsheets know the text as UTF-8
    for part in _iterate_parts(rows, ordering=filters.order):
        labels = find_row_labels(part)
        for row in part:
            yield writer.writerow([_format_cell(value) for value in cells(row, labels=labels)])


def _iterate_parts(rows: QuerySet[Any], *, ordering: str) -> Iterator[list[Any]]:
    cursor = ""
    while True:
        part = pages.load_page(rows, ordering=ordering, cursor=cursor, size=CHUNK)
        yield part.rows
        cursor = part.next
        if not cursor:
            return


def _list_visitor_cells(row: Visitor, *, labels: LabelsByPlayer) -> tuple[object, ...]:
    link = next(iter(row.open_links), None)  # type: ignore[attr-defined]
    user = link.login_user if link else None
    return (
        row.integration.slug, row.visitor_id, row.state, row.name, row.email, row.phone,
        user.user_id if user else None, user.is_verified if user else None, link.trust if link else None,
        row.first_seen_at, row.last_seen_at, row.checked_at, row.is_banned,
        row.integration.zendesk_product, _join_labels(labels, user),
    )  # fmt: skip


def _list_user_cells(row: LoginUser, *, labels: LabelsByPlayer) -> tuple[object, ...]:
    return (
        row.integration.slug, row.user_id, row.name, row.email, row.first_authenticated_at, row.last_authenticated_at,
        row.tokens_issued, _join_labels(labels, row),
    )  # fmt: skip


def _join_labels(labels: LabelsByPlayer, user: LoginUser | None) -> str:
    return "; ".join(label.name for label in labels.get(user.pk, ())) if user else ""


def _format_cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return "" if value is None else inert(str(value))
