"""The visitors list, or the list of players who signed in and have no chat yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from linking.accounts import audit, roles
from linking.dashboard.records.unknown_player import find_refused_id
from linking.dashboard.records.why import make_legend
from linking.dashboard.shell.access import page
from linking.dashboard.shell.context import format_count
from linking.dashboard.shell.parts import PAGE_OPEN, Badge
from linking.dashboard.shell.rows import (
    NO_CHATS,
    Reader,
    UserRow,
    VisitorRow,
    build_record_url,
    build_user_row,
    build_user_url,
    build_visitor_rows,
    build_visitor_url,
    find_reader,
    find_row_labels,
)
from linking.dashboard.shell.sources import describe_waiting_list
from linking.dashboard.visitors.builtin_views import list_builtin_views
from linking.dashboard.visitors.chips import Choice, list_chips, list_ways_on
from linking.dashboard.visitors.columns import (
    OF_CHATS,
    Column,
    ColumnChoice,
    find_hidden_columns,
    list_column_choices,
    list_columns,
)
from linking.dashboard.visitors.filters import (
    NAMES,
    SIGNED_IN,
    VisitorFilters,
    parse_filters,
)
from linking.dashboard.visitors.hints import find_hint
from linking.dashboard.visitors.link_rate import choose_apart, find_link_rate
from linking.dashboard.visitors.news import build_news_url, can_be_newer
from linking.dashboard.visitors.page_size import SIZES, find_page_size
from linking.dashboard.visitors.queries import find_rows
from linking.dashboard.visitors.recheck import RECHECK_MAX
from linking.dashboard.visitors.saved_views import list_view_rows
from linking.dashboard.visitors.selection import SelectionBar, build_selection_bar
from linking.dashboard.visitors.typed_filters import extract_typed_filters
from linking.models import Integration, ZendeskProduct
from linking.monitoring import status
from linking.notes import labels
from linking.search import BadKeyset, Count, UnknownFilter, find, history, pages, recent


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the list's template shows.

    `selection` is the bar of the selected rows, None for a person who may do nothing with them; `legend` explains each
    word of trust; `empty` is a machine word for why there are no rows, "" with rows, and `ways_on` are links to other
    results. `hint` is a sentence about the search text. The page polls `news_url` for newer rows; `can_be_newer` is
    whether new rows would stand first.
    """

    rows: tuple[VisitorRow, ...] | tuple[UserRow, ...]
    is_waiting_list: bool
    showing: str
    next_url: str
    previous_url: str
    self_url: str
    news_url: str
    can_be_newer: bool
    export_url: str
    export_words: str
    selection: SelectionBar | None
    legend: tuple[tuple[Badge, str], ...]
    columns: tuple[Column, ...]
    choices: tuple[ColumnChoice, ...]
    hidden: frozenset[str]
    has_integrations: bool
    has_chats: bool
    page_size: int
    sizes: tuple[int, ...]
    empty: str = ""
    ways_on: tuple[Choice, ...] = ()
    hint: str = ""

    @property
    def shows_state(self) -> bool:
        """Whether the list has the column of this name."""
        return "state" not in self.hidden

    @property
    def shows_login(self) -> bool:
        """Whether the list has the column of this name."""
        return "login" not in self.hidden

    @property
    def shows_visitor(self) -> bool:
        """Whether the list has the column of this name."""
        return "visitor" not in self.hidden

    @property
    def shows_integration(self) -> bool:
        """Whether the list has the column of this name."""
        return self.has_integrations and "integration" not in self.hidden

    @property
    def shows_chats(self) -> bool:
        """Whether the list has the column of this name."""
        return self.has_chats and "chats" not in self.hidden

    @property
    def shows_last_chat(self) -> bool:
        """Whether the list has the column of this name."""
        return self.has_chats and "last-chat" not in self.hidden

    @property
    def is_without_any(self) -> bool:
        """Whether there is nothing that a filter could narrow."""
        return self.empty in ("first_run", "sync_off", "nothing_yet")


@page
@require_safe
def show_visitors(request: HttpRequest) -> HttpResponse:
    """Show the list that the address asks for, or redirect to the record that a pasted text names."""
    now = timezone.now()
    try:
        filters = parse_filters(request.GET)
        _note_search(request, filters=filters, now=now)
        if address := _find_better_address(filters, request=request):
            return redirect(address)
        integrations = status.list_integrations()
        listing = make_listing(filters=filters, request=request, integrations=integrations, now=now)
    except (UnknownFilter, BadKeyset) as error:
        return render(request, "dashboard/shell/bad_filter.html", {"sentence": str(error)}, status=400)
    context = {
        "listing": listing,
        "query": filters.build_page_address(),
        "first_page_query": filters.build_page_address(cursor="", first=""),
        "page_open": PAGE_OPEN,
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "dashboard/visitors/_list.html", context)
    context |= _build_page_context(filters, request=request, integrations=integrations, now=now)
    return render(request, "dashboard/visitors/list.html", context)


def _note_search(request: HttpRequest, *, filters: VisitorFilters, now: datetime) -> None:
    """Record what a person searches for, with `ZDBRIDGE_AUDIT_VIEWS`; a page that renews itself is no search."""
    if settings.LINKING["AUDIT_VIEWS"] and filters.query.text and not request.htmx:  # type: ignore[attr-defined]
        audit.audit_look(user=request.user, action=audit.SEARCHED, target=filters.query.text, now=now)


def _find_better_address(filters: VisitorFilters, *, request: HttpRequest) -> str:
    """Return a better address for the request: a shorter one of this list, or a record's; "" without one."""
    inline = extract_typed_filters(filters)
    if inline != filters or _has_empty_filters(request):
        return _build_own_address(inline)
    if not filters.is_search_alone:
        return ""
    if hit := find.find_exact(filters.query):
        build_url = build_visitor_url if hit.kind == "visitor" else build_user_url
        return build_url(**{f"{hit.kind}_id": hit.id, "integration": hit.integration})
    if refused_id := find_refused_id(filters.query):
        return build_record_url("user", refused_id)
    unknown_id = find.find_unknown_id(filters.query)
    return build_record_url("visitor", unknown_id) if unknown_id else ""  # that page asks Zendesk


def _build_page_context(
    filters: VisitorFilters, *, request: HttpRequest, integrations: list[Integration], now: datetime
) -> dict[str, Any]:
    counts = recent.count_recent(now=now, apart=choose_apart(integrations))
    waiting_title, waiting_text = describe_waiting_list()
    return {
        "waiting_title": waiting_title,
        "waiting_text": waiting_text,
        "filters": filters,
        "kept_filters": filters.list_kept(besides=("seen_from", "seen_to")),
        "chips": list_chips(filters, integrations=integrations, labels=labels.list_labels()),
        "rate": find_link_rate(filters=filters, counts=counts, integrations=integrations, now=now),
        "ready_views": list_builtin_views(filters=filters, counts=counts, now=now) if counts.total else [],
        "views": list_view_rows(request, filters=filters, now=now),
        "may_share": roles.can_share_views(request.user),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A page of what the filters find, the rows made of it, how many there are in all, and the columns to show."""

    part: pages.Page
    rows: tuple[VisitorRow, ...] | tuple[UserRow, ...]
    total: Count
    columns: tuple[Column, ...]
    hidden: frozenset[str]
    size: int


def make_listing(
    *, filters: VisitorFilters, request: HttpRequest, integrations: list[Integration], now: datetime
) -> Listing:
    """Return the list that `filters` ask for, as the person of `request` may see it.

    Raises: UnknownFilter, BadKeyset.
    """
    reader = find_reader(request)
    found = _find_page(filters, request=request, integrations=integrations, reader=reader, now=now)
    rows, may_export = found.rows, roles.can_export(request.user)
    return Listing(
        rows=rows,
        is_waiting_list=filters.is_waiting_list,
        showing=_describe_count(row_count=len(rows), total=found.total, filters=filters) if rows else "",
        next_url=_build_page_url(filters, cursor=found.part.next, step=len(rows)),
        previous_url=_build_page_url(filters, cursor=found.part.previous, step=-found.size),
        self_url=_build_own_address(filters),
        news_url=build_news_url(filters=filters, records=found.part.rows, rows=rows),
        can_be_newer=can_be_newer(filters),
        export_url=reverse("visitors_export") + filters.build_address() if rows and may_export else "",
        export_words=_describe_export(found.total, is_waiting_list=filters.is_waiting_list),
        selection=_build_bar(found.total, filters=filters, request=request) if rows and may_export else None,
        legend=() if filters.is_waiting_list else make_legend(),
        columns=tuple(column for column in found.columns if column.key not in found.hidden),
        choices=list_column_choices(found.columns, hidden=found.hidden),
        hidden=found.hidden,
        has_integrations=len(integrations) > 1,
        has_chats=_reads_chats(integrations),
        page_size=found.size,
        sizes=SIZES,
        empty="" if rows else _find_empty_reason(filters, integrations=integrations),
        ways_on=() if rows else list_ways_on(filters, sees_contact=reader.sees_contact),
        hint=find_hint(filters.query, sees_contact=reader.sees_contact, has_rows=bool(rows)),
    )


def _find_page(
    filters: VisitorFilters, *, request: HttpRequest, integrations: list[Integration], reader: Reader, now: datetime
) -> _Found:
    records, size = find_rows(filters, sees_contact=reader.sees_contact, now=now), find_page_size(request)
    hidden, has_chats = find_hidden_columns(request), _reads_chats(integrations)
    part = pages.load_page(records, ordering=filters.order, cursor=filters.cursor, size=size)
    rows = _build_rows(
        part.rows,
        is_waiting_list=filters.is_waiting_list,
        with_chats=has_chats and not hidden.issuperset(OF_CHATS),
        reader=reader,
        now=now,
    )
    cap = find.SEARCH_COUNT_CAP if filters.q else find.COUNT_CAP
    return _Found(
        part=part,
        rows=rows,
        total=find.count_up_to_cap(records, cap=cap) if rows else Count(number=0, is_capped=False),
        columns=list_columns(filters, has_several=len(integrations) > 1, has_chats=has_chats, reader=reader),
        hidden=hidden,
        size=size,
    )


def _reads_chats(integrations: list[Integration]) -> bool:
    return any(integration.zendesk_product == ZendeskProduct.CHAT for integration in integrations)


def _build_bar(total: Count, *, filters: VisitorFilters, request: HttpRequest) -> SelectionBar:
    return build_selection_bar(
        total,
        is_waiting_list=filters.is_waiting_list,
        may_refresh=roles.can_decide(request.user) and not filters.is_waiting_list,
        refresh_max=RECHECK_MAX,
    )


def _build_page_url(filters: VisitorFilters, *, cursor: str, step: int) -> str:
    return filters.build_address(cursor=cursor, first=_compute_place(filters, step=step)) if cursor else ""


def _build_rows(
    records: list[Any], *, is_waiting_list: bool, with_chats: bool, reader: Reader, now: datetime
) -> tuple[VisitorRow, ...] | tuple[UserRow, ...]:
    found = find_row_labels(records)
    if is_waiting_list:
        return tuple(build_user_row(user, reader=reader, now=now, labels=found) for user in records)
    chats = history.sum_up_chats(visitor_keys=[record.pk for record in records]) if with_chats and records else NO_CHATS
    return build_visitor_rows(records, reader=reader, labels=found, chats=chats)


def _build_own_address(filters: VisitorFilters) -> str:
    return reverse("visitors") + filters.build_page_address()


def _has_empty_filters(request: HttpRequest) -> bool:
    # A form without scripts also sends its empty fields; shared addresses should not have them.
    return any(name in NAMES and not value for name, value in request.GET.items())


def _find_empty_reason(filters: VisitorFilters, *, integrations: list[Integration]) -> str:
    if filters.cursor:
        return "past_the_end"
    if not integrations:
        return "first_run"
    if set(filters.names) - {"state"} or filters.state not in ("", SIGNED_IN):
        return "no_match"
    if filters.is_waiting_list:
        return "nobody_waits"
    return (
        "nothing_yet"
        if any(integration.enabled and integration.sync_enabled for integration in integrations)
        else "sync_off"
    )


def _describe_count(*, row_count: int, total: Count, filters: VisitorFilters) -> str:
    first = _find_first_place(filters)
    # New or deleted rows may have moved the page past the count.
    is_placed = first and row_count > 1 and (total.is_capped or first + row_count - 1 <= total.number)
    rows = f"{intcomma(first)}–{intcomma(first + row_count - 1)}" if is_placed else intcomma(row_count)
    values = {"shown": rows, "total": format_count(total)}
    if filters.is_waiting_list:
        return (
            ngettext("Showing %(shown)s of %(total)s player", "Showing %(shown)s of %(total)s players", total.number)
            % values
        )
    return (
        ngettext("Showing %(shown)s of %(total)s visitor", "Showing %(shown)s of %(total)s visitors", total.number)
        % values
    )


def _describe_export(total: Count, *, is_waiting_list: bool) -> str:
    if is_waiting_list:
        words = ngettext("Export %s player (CSV)", "Export %s players (CSV)", total.number)
    else:
        words = ngettext("Export %s visitor (CSV)", "Export %s visitors (CSV)", total.number)
    return words % format_count(total)


def _find_first_place(filters: VisitorFilters) -> int:
    """Return the place of the page's first row, 0 if it is unknown."""
    return int(filters.first or 0) if filters.cursor else 1


def _compute_place(filters: VisitorFilters, *, step: int) -> str:
    first = _find_first_place(filters)
    return str(max(first + step, 1)) if first else ""
