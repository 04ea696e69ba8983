"""The views of the visitors list that people save: a name and the list's filters as a query string, private or shared.

A private view is its owner's alone. A shared one is a tab for everybody; its author and administrators may change it.
"""

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet

from linking.models import SavedView

VIEWS_MAX = 20
SHARED_MAX = 10


class ViewNameTaken(Exception):
    """The person has a view of that name already."""


class TooManyViews(Exception):
    """The person has `VIEWS_MAX` views already, or there are `SHARED_MAX` shared ones; `limit` says which."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


def list_views(*, owner_id: int) -> list[SavedView]:
    """Return the shared views and those of the person with this key, each with its owner, in order; one query."""
    views = SavedView.objects.filter(Q(owner_id=owner_id) | Q(is_shared=True)).select_related("owner")
    return list(views.order_by("place", "name", "pk")[: VIEWS_MAX + SHARED_MAX])


def find_view(*, view_id: int, owner_id: int, is_admin: bool) -> SavedView | None:
    """Return the view if this person may change it: an own one, or as an administrator a shared one; else None."""
    mine = Q(owner_id=owner_id) | Q(is_shared=True) if is_admin else Q(owner_id=owner_id)
    return SavedView.objects.filter(mine, pk=view_id).first()


def save_view(*, owner_id: int, name: str, query: str) -> SavedView:
    """Save `query` as a private view under `name`, as the last one. Raises: TooManyViews, ViewNameTaken."""
    mine = SavedView.objects.filter(owner_id=owner_id)
    if mine.count() >= VIEWS_MAX:
        raise TooManyViews(limit=VIEWS_MAX)
    try:
        with transaction.atomic():
            return SavedView.objects.create(owner_id=owner_id, name=name, query=query, place=_find_next_place(mine))
    except IntegrityError as error:
        raise ViewNameTaken from error


def rename_view(view: SavedView, *, name: str) -> None:
    """Give the view another name. Raises: ViewNameTaken."""
    try:
        with transaction.atomic():
            SavedView.objects.filter(pk=view.pk).update(name=name)
    except IntegrityError as error:
        raise ViewNameTaken from error


def share_view(view: SavedView, *, is_shared: bool) -> None:
    """Make the view everybody's, as the last of the shared ones, or its owner's alone again. Raises: TooManyViews."""
    shared = SavedView.objects.filter(is_shared=True)
    with transaction.atomic():
        if is_shared and shared.count() >= SHARED_MAX:
            raise TooManyViews(limit=SHARED_MAX)
        siblings = shared if is_shared else SavedView.objects.filter(owner_id=view.owner_id, is_shared=False)
        SavedView.objects.filter(pk=view.pk).update(is_shared=is_shared, place=_find_next_place(siblings))


def move_view(view: SavedView, *, step: int) -> None:
    """Move the view by `step` places among the shared ones, or among its owner's private ones."""
    siblings = (
        SavedView.objects.filter(is_shared=True)
        if view.is_shared
        else SavedView.objects.filter(owner_id=view.owner_id, is_shared=False)
    )
    with transaction.atomic():
        views = list(siblings.order_by("place", "name", "pk"))
        here = views.index(view)
        views.insert(min(max(here + step, 0), len(views) - 1), views.pop(here))
        for place, one in enumerate(views, start=1):
            one.place = place
        SavedView.objects.bulk_update(views, ["place"])


def remove_view(view: SavedView) -> None:
    """Remove the view."""
    view.delete()


def _find_next_place(views: QuerySet[SavedView]) -> int:
    last: int | None = views.aggregate(last=Max("place"))["last"]
    return (last or 0) + 1
