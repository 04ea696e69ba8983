"""The saved views of the visitors list: as tabs, each with its number of rows, and on the page that keeps them."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linking.accounts import audit, roles
from linking.core.text import clean_line
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.context import format_count
from linking.dashboard.shell.rows import Reader, find_reader
from linking.dashboard.visitors.filters import VisitorFilters, parse_filters
from linking.dashboard.visitors.queries import find_rows
from linking.models import SavedView
from linking.search import QueryKind, UnknownFilter, find, saved_views

NAME_MAX_CHARACTERS = 60
QUERY_MAX_CHARACTERS = 1000
COUNT_CAP = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRow:
    """One saved view; `count` is "" if its integration no longer exists.

    `author` is who shared it, "" for a private one; `may_change` is whether this person may rename, share and
    remove it.
    """

    key: int
    name: str
    url: str
    count: str
    is_current: bool
    author: str
    may_change: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRows:
    """The saved views that a person sees: everybody's, and the person's own."""

    shared: tuple[ViewRow, ...]
    mine: tuple[ViewRow, ...]


def list_view_rows(request: HttpRequest, *, filters: VisitorFilters, now: datetime) -> ViewRows:
    """Return the views that the person of `request` sees; one query, and one for each view."""
    current, reader, own_key = filters.build_address(ordering=""), find_reader(request), _find_own_key(request)
    is_admin = roles.is_admin(request.user)
    views = saved_views.list_views(owner_id=own_key)
    rows = [
        ViewRow(
            key=view.pk,
            # A lead may have named it after an address.
            name=reader.mask_words(view.name) if view.is_shared else view.name,
            url=reverse("visitors") + view.query,
            count=_count_rows(view, reader=reader, now=now),
            is_current=view.query == current,
            author=view.owner.get_username() if view.is_shared else "",
            may_change=is_admin or view.owner_id == own_key,
        )
        for view in views
    ]
    return ViewRows(shared=tuple(row for row in rows if row.author), mine=tuple(row for row in rows if not row.author))


@page
@require_safe
def show_views(request: HttpRequest) -> HttpResponse:
    """Show the page on which saved views are renamed, shared, put in order and removed."""
    views = list_view_rows(request, filters=VisitorFilters(), now=timezone.now())
    may_share = roles.can_share_views(request.user)
    return render(request, "dashboard/visitors/views.html", {"views": views, "may_share": may_share})


@page
@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Save the list's present filters under a name."""
    name = _clean_name(request)
    try:
        query = parse_filters(QueryDict(request.POST.get("query", "").removeprefix("?"))).build_address()
    except UnknownFilter:
        query = ""
    if not name or query in ("", "?") or len(query) > QUERY_MAX_CHARACTERS:
        messages.error(request, _("Not saved: a view needs a name and at least one filter."))
        return redirect("visitors")
    try:
        view = saved_views.save_view(owner_id=_find_own_key(request), name=name, query=query)
    except saved_views.TooManyViews as error:
        messages.error(request, _("Not saved: you already have %d views. Remove one first.") % error.limit)
    except saved_views.ViewNameTaken:
        messages.error(request, _("Not saved: you already have a view with this name."))
    else:
        if not request.POST.get("share"):
            messages.success(request, _("View saved. Only you can see it."))
        elif roles.can_share_views(request.user):
            _share(request, view, is_shared=True)
    return redirect(reverse("visitors") + query)


@page
@require_POST
def rename_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Give a view another name."""
    view, name = _require_view(request, view_id), _clean_name(request)
    if not name:
        messages.error(request, _("Not renamed: a view needs a name."))
        return redirect("views")
    try:
        saved_views.rename_view(view, name=name)
    except saved_views.ViewNameTaken:
        messages.error(request, _("Not renamed: there is a view with this name already."))
    else:
        _audit(request, view, action="rename_view")
        messages.success(request, _("View renamed."))
    return redirect("views")


@page
@require_POST
def share_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Share a view with everybody, or take it back."""
    require(roles.can_share_views(request.user))
    _share(request, _require_view(request, view_id), is_shared=request.POST.get("share") == "yes")
    return redirect("views")


@page
@require_POST
def move_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Move a view by one place."""
    view = _require_view(request, view_id)
    saved_views.move_view(view, step=-1 if request.POST.get("step") == "-1" else 1)
    _audit(request, view, action="move_view")
    return redirect("views")


@page
@require_POST
def remove_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Remove a view."""
    view = _require_view(request, view_id)
    _audit(request, view, action="remove_view")
    saved_views.remove_view(view)
    messages.success(request, _("View removed."))
    return redirect("views")


def _share(request: HttpRequest, view: SavedView, *, is_shared: bool) -> None:
    filters = _parse(view)
    if is_shared and _searches_contact(filters):
        messages.error(
            request, _("Not shared: agents would see the e-mail address or number that this view searches for.")
        )
        return
    try:
        saved_views.share_view(view, is_shared=is_shared)
    except saved_views.TooManyViews as error:
        messages.error(request, _("Not shared: there are already %d shared views. Remove one first.") % error.limit)
        return
    view.is_shared = True
    _audit(request, view, action="share_view" if is_shared else "unshare_view")
    messages.success(request, _("View shared. Everyone can see it.") if is_shared else _("View no longer shared."))


def _searches_contact(filters: VisitorFilters) -> bool:
    return filters.query.kind in (QueryKind.EMAIL, QueryKind.PHONE) or "@" in filters.q


def _require_view(request: HttpRequest, view_id: int) -> SavedView:
    """Return a view that this person may change. Raises: Http404."""
    view = saved_views.find_view(
        view_id=view_id, owner_id=_find_own_key(request), is_admin=roles.is_admin(request.user)
    )
    if view is None:
        raise Http404
    return view


def _audit(request: HttpRequest, view: SavedView, *, action: str) -> None:
    """Keep who changed a view that everybody sees; private ones are nobody else's business."""
    if view.is_shared:
        names = _parse(view).names
        audit.audit_list_action(
            user=request.user, action=action, target=f"view {view.pk}", filters=names, now=timezone.now()
        )


def _parse(view: SavedView) -> VisitorFilters:
    try:
        return parse_filters(QueryDict(view.query.removeprefix("?")))
    except UnknownFilter:
        # A value that a later version no longer knows; the view can still be renamed and removed.
        return VisitorFilters()


def _clean_name(request: HttpRequest) -> str:
    return clean_line(request.POST.get("name", ""), max_characters=NAME_MAX_CHARACTERS).strip()


def _find_own_key(request: HttpRequest) -> int:
    return cast("int", request.user.pk)


def _count_rows(view: SavedView, *, reader: Reader, now: datetime) -> str:
    try:
        filters = parse_filters(QueryDict(view.query.removeprefix("?")))
        rows = find_rows(filters, sees_contact=reader.sees_contact, now=now)
    except UnknownFilter:
        return ""
    return format_count(find.count_up_to_cap(rows, cap=COUNT_CAP))
