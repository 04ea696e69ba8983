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
from linking.models.sql.times import match_ahead

# Longer than the longest call and the pause between two renewals, shorter than a minute.
LEASE_TTL = timedelta(seconds=45)
_LONGEST = 2 * LEASE_TTL


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
    """Return the lease when it was free or had lapsed, None when another holds it.

    Where the database's clock was set back by more than 45 s, a lease given before is free as well: its holder may be
    gone, and would keep it until the clock has caught up. One that lives still is told so by its token.
    """
    owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    Lease.objects.bulk_create([Lease(name=name)], ignore_conflicts=True)
    free = Q(owner="") | ~match_ahead("expires_at", now=Now(), longest=_LONGEST)
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
        raise LeaseLost(f"Another worker took over the lease {held.name}, or its integration was removed.")


def release(*, held: Held) -> None:
    """Give the lease back; a lost one is left alone."""
    Lease.objects.filter(name=held.name, owner=held.owner, token=held.token).update(owner="", expires_at=None)


def revoke(*, name: str) -> None:
    """Take the lease from whoever holds it: their next write fails. There need be no such lease."""
    Lease.objects.filter(name=name).update(owner="", token=F("token") + 1, expires_at=None)


def list_held_names() -> frozenset[str]:
    """Return the names of all leases that are held and have not lapsed."""
    running = Lease.objects.exclude(owner="").filter(match_ahead("expires_at", now=Now(), longest=_LONGEST))
    return frozenset(running.values_list("name", flat=True))
