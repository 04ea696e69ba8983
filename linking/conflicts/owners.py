"""Who works on a conflict: people who may decide take conflicts or give them to one another."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction

from linking.accounts import roles
from linking.models import AuditEvent, Conflict

TAKEN_MAX = 500


class NoSuchOwner(ValueError):
    """The person is none who may decide conflicts."""


class OwnerChanged(Exception):
    """Another person took the conflict or gave it away after the page was loaded, so nothing was changed."""


@transaction.atomic
def assign(*, conflict_id: int, owner_id: int | None, seen_owner_id: int | None, by: Any, now: datetime) -> Any:
    """Give a conflict to a person, or to nobody, and return the person.

    Args:
        owner_id: the new owner's key, None for nobody.
        seen_owner_id: the owner that the page showed, None for nobody.

    Raises: Conflict.DoesNotExist, NoSuchOwner, OwnerChanged.
    """
    owner = None if owner_id is None else next((person for person in list_people() if person.pk == owner_id), None)
    if owner_id is not None and owner is None:
        raise NoSuchOwner
    changed = Conflict.objects.filter(pk=conflict_id, owner=seen_owner_id)
    if seen_owner_id is None:
        changed = Conflict.objects.filter(pk=conflict_id, owner__isnull=True)
    if not changed.update(owner=owner):
        Conflict.objects.get(pk=conflict_id)
        raise OwnerChanged
    if owner_id != seen_owner_id:
        _record(conflict_ids=[conflict_id], owner=owner, by=by, now=now)
    return owner


@transaction.atomic
def take(*, conflict_ids: Collection[int], by: Any, now: datetime) -> int:
    """Give `by` those conflicts that nobody owns; return how many. Those of other people stay theirs."""
    free = Conflict.objects.filter(pk__any_of=list(conflict_ids)[:TAKEN_MAX], owner__isnull=True)
    keys = list(free.order_by("pk").select_for_update().values_list("pk", flat=True))
    if keys:
        Conflict.objects.filter(pk__any_of=keys).update(owner=by)
        _record(conflict_ids=keys, owner=by, by=by, now=now)
    return len(keys)


def list_people() -> list[Any]:
    """Return the people who may own a conflict, by name."""
    return roles.list_deciders()


def _record(*, conflict_ids: Collection[int], owner: Any, by: Any, now: datetime) -> None:
    fields = [owner.get_username() if owner else ""]
    AuditEvent.objects.bulk_create(
        [
            AuditEvent(
                at=now, actor=by.get_username(), actor_user=by, action="assign_conflict", target=f"conflict {key}",
                fields=fields,
            )
            for key in conflict_ids
        ]
    )  # fmt: skip
