"""Views of the visitors list that somebody keeps: private, each with how many it finds now."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from linking.core.text import clean_line
from linking.dashboard.shell.access import page
from linking.dashboard.shell.context import count_words
from linking.dashboard.visitors.filters import VisitorFilters, parse_filters
from linking.dashboard.visitors.queries import find_rows
from linking.models import SavedView
from linking.search import find as finding
from linking.search.find import UnknownFilter

VIEWS_MAX = 20
NAME_MAX_CHARACTERS = 60
QUERY_MAX_CHARACTERS = 1000
COUNT_CAP = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRow:
    """One kept view; `count` is "" where it can no longer be counted, because what it names is gone."""

    key: int
    name: str
    url: str
    count: str
    is_current: bool


def view_rows(*, owner_key: int, asked: VisitorFilters, sees_contact: bool, now: datetime) -> list[ViewRow]:
    """Return the views that the person with this key keeps, by name; one query, and one for each view."""
    current = asked.address()
    return [
        ViewRow(
            key=view.pk,
            name=view.name,
            url=reverse("visitors") + view.query,
            count=_count(view, sees_contact=sees_contact, now=now),
            is_current=view.query == current,
        )
        for view in SavedView.objects.filter(owner_id=owner_key)[:VIEWS_MAX]
    ]


@page
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the list's present filters under a name."""
    name = clean_line(request.POST.get("name", ""), max_characters=NAME_MAX_CHARACTERS).strip()
    try:
        query = parse_filters(QueryDict(request.POST.get("query", "").removeprefix("?"))).address()
    except UnknownFilter:
        query = ""
    if not name or query in ("", "?") or len(query) > QUERY_MAX_CHARACTERS:
        messages.error(request, _("Nothing was kept: a view needs a name and at least one filter."))
        return redirect("visitors")
    if SavedView.objects.filter(owner_id=request.user.pk).count() >= VIEWS_MAX:
        messages.error(request, _("Nothing was kept: there are %d views already. Remove one first.") % VIEWS_MAX)
    else:
        _keep(request, name=name, query=query)
    return redirect(reverse("visitors") + query)


@page
@require_POST
def remove(request: HttpRequest, view_id: int) -> HttpResponse:
    """Forget one of the person's own views; another's is none."""
    if SavedView.objects.filter(owner_id=request.user.pk, pk=view_id).delete()[0]:
        messages.success(request, _("The view is gone. The visitors are not."))
    return redirect("visitors")


def _keep(request: HttpRequest, *, name: str, query: str) -> None:
    try:
        with transaction.atomic():
            SavedView.objects.create(owner_id=cast("int", request.user.pk), name=name, query=query)
    except IntegrityError:
        messages.error(request, _("Nothing was kept: you have a view of that name already."))
    else:
        messages.success(request, _("Kept. Only you see this view."))


def _count(view: SavedView, *, sees_contact: bool, now: datetime) -> str:
    try:
        asked = parse_filters(QueryDict(view.query.removeprefix("?")))
        rows = find_rows(asked, sees_contact=sees_contact, now=now)
    except UnknownFilter:
        return ""
    return count_words(finding.count_up_to_cap(rows, cap=COUNT_CAP))
