"""The right of one worker to do something alone, kept as a row: it lapses by itself, and its token only rises.

Times are the database's own, so that workers whose clocks differ agree on who holds what.
"""

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Now

from linking.models import Lease

# Longer than the longest call and the pause between two renewals, shorter than a minute.
LEASE_TTL = timedelta(seconds=45)


class LeaseLost(Exception):
    """The lease lapsed and another worker may hold it: whatever was about to be written must not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A lease in hand; `token` is the fence that a stale holder runs into."""

    name: str
    owner: str
    token: int


def sync_lease_name(*, integration_id: int) -> str:
    """Return the name of the lease under which one pass of an integration runs."""
    return f"sync:{integration_id}"


def take(*, name: str) -> Held | None:
    """Return the lease when it was free or had lapsed, None when another holds it."""
    owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    Lease.objects.bulk_create([Lease(name=name)], ignore_conflicts=True)
    free = Q(owner="") | Q(expires_at__lt=Now())
    taken = Lease.objects.filter(free, name=name).update(
        owner=owner, token=F("token") + 1, expires_at=Now() + LEASE_TTL
    )
    if not taken:
        return None
    return Held(name=name, owner=owner, token=Lease.objects.values_list("token", flat=True).get(name=name, owner=owner))


def renew(*, held: Held) -> None:
    """Keep the lease for another 45 s; inside a transaction this also keeps others out until it ends.

    Raises: LeaseLost.
    """
    mine = Lease.objects.filter(name=held.name, owner=held.owner, token=held.token)
    if not mine.update(expires_at=Now() + LEASE_TTL):
        raise LeaseLost(f"The lease {held.name} belongs to another worker now.")


def release(*, held: Held) -> None:
    """Give the lease back; a lost one is left alone."""
    Lease.objects.filter(name=held.name, owner=held.owner, token=held.token).update(owner="", expires_at=None)


def taken_names() -> frozenset[str]:
    """Return the names of all leases that are held and have not lapsed."""
    return frozenset(Lease.objects.exclude(owner="").filter(expires_at__gte=Now()).values_list("name", flat=True))
