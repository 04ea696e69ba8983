"""The views of the visitors list that a person saved: a name and the list's filters as a query string."""

from django.db import IntegrityError, transaction

from linking.models import SavedView

VIEWS_MAX = 20


class NameTaken(Exception):
    """The person has a view of that name already."""


class TooManyViews(Exception):
    """The person has `VIEWS_MAX` views already."""


def list_views(*, owner_id: int) -> list[SavedView]:
    """Return the views of the person with this key, by name."""
    return list(SavedView.objects.filter(owner_id=owner_id)[:VIEWS_MAX])


def save_view(*, owner_id: int, name: str, query: str) -> None:
    """Save `query` under `name`. Raises: TooManyViews, NameTaken."""
    if SavedView.objects.filter(owner_id=owner_id).count() >= VIEWS_MAX:
        raise TooManyViews
    try:
        with transaction.atomic():
            SavedView.objects.create(owner_id=owner_id, name=name, query=query)
    except IntegrityError as error:
        raise NameTaken from error


def remove_view(*, owner_id: int, view_id: int) -> bool:
    """Remove one of a person's own views and return whether there was one."""
    return bool(SavedView.objects.filter(owner_id=owner_id, pk=view_id).delete()[0])
