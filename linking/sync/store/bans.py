"""Stores which visitors Zendesk's list of bans names."""

from collections.abc import Collection

from django.db import transaction

from linking.models import Visitor
from linking.sync.store import leases
from linking.sync.store.rows import find_canonical_ids

_BATCH = 500


def store_bans(*, held: leases.Held, integration_id: int, visitor_ids: Collection[str]) -> int:
    """Make `visitor_ids` the banned ones and nobody else, ids of joined visitors included; return how many changed.

    Raises: leases.LeaseLost, and then nothing was stored.
    """
    ids = sorted(visitor_ids)
    mine = Visitor.objects.filter(integration_id=integration_id)
    with transaction.atomic():
        leases.renew(held=held)
        banned: set[int] = set()
        for first in range(0, len(ids), _BATCH):
            batch = ids[first : first + _BATCH]
            aliases = find_canonical_ids(integration_id=integration_id, visitor_ids=batch)
            named = [aliases.get(visitor_id, visitor_id) for visitor_id in batch]
            banned |= set(mine.filter(visitor_id__any_of=named).values_list("pk", flat=True))
        known = set(mine.filter(is_banned=True).values_list("pk", flat=True))
        return _mark(banned - known, is_banned=True) + _mark(known - banned, is_banned=False)


def _mark(keys: Collection[int], *, is_banned: bool) -> int:
    ordered = sorted(keys)
    return sum(
        Visitor.objects.filter(pk__any_of=ordered[first : first + _BATCH]).update(is_banned=is_banned)
        for first in range(0, len(ordered), _BATCH)
    )
