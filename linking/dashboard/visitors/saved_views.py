"""A person's saved views of the visitors list: private, each with its number of rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from linking.core.text import clean_line
from linking.dashboard.shell.access import page
from linking.dashboard.shell.context import format_count
from linking.dashboard.visitors.filters import VisitorFilters, parse_filters
from linking.dashboard.visitors.queries import find_rows
from linking.models import SavedView
from linking.search import UnknownFilter, find, saved_views

NAME_MAX_CHARACTERS = 60
QUERY_MAX_CHARACTERS = 1000
COUNT_CAP = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRow:
    """One saved view; `count` is "" if its integration no longer exists."""

    key: int
    name: str
    url: str
    count: str
    is_current: bool


def list_view_rows(*, owner_key: int, filters: VisitorFilters, sees_contact: bool, now: datetime) -> list[ViewRow]:
    """Return the views of the person with this key, by name; one query, and one for each view."""
    current = filters.build_address()
    return [
        ViewRow(
            key=view.pk,
            name=view.name,
            url=reverse("visitors") + view.query,
            count=_count_rows(view, sees_contact=sees_contact, now=now),
            is_current=view.query == current,
        )
        for view in saved_views.list_views(owner_id=owner_key)
    ]


@page
@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Save the list's present filters under a name."""
    name = clean_line(request.POST.get("name", ""), max_characters=NAME_MAX_CHARACTERS).strip()
    try:
        query = parse_filters(QueryDict(request.POST.get("query", "").removeprefix("?"))).build_address()
    except UnknownFilter:
        query = ""
    if not name or query in ("", "?") or len(query) > QUERY_MAX_CHARACTERS:
        messages.error(request, _("Not saved: a view needs a name and at least one filter."))
        return redirect("visitors")
    try:
        saved_views.save_view(owner_id=cast("int", request.user.pk), name=name, query=query)
    except saved_views.TooManyViews:
        sentence = _("Not saved: you already have %d views. Remove one first.")
        messages.error(request, sentence % saved_views.VIEWS_MAX)
    except saved_views.NameTaken:
        messages.error(request, _("Not saved: you already have a view with this name."))
    else:
        messages.success(request, _("View saved. Only you can see it."))
    return redirect(reverse("visitors") + query)


@page
@require_POST
def remove_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Remove one of the person's own views."""
    if saved_views.remove_view(owner_id=cast("int", request.user.pk), view_id=view_id):
        messages.success(request, _("View removed."))
    return redirect("visitors")


def _count_rows(view: SavedView, *, sees_contact: bool, now: datetime) -> str:
    try:
        filters = parse_filters(QueryDict(view.query.removeprefix("?")))
        rows = find_rows(filters, sees_contact=sees_contact, now=now)
    except UnknownFilter:
        return ""
    return format_count(find.count_up_to_cap(rows, cap=COUNT_CAP))
