"""The audit: what people do with lists (exports, refreshes of many visitors), and reading what everybody did."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.cache import cache
from django.db.models import Q, QuerySet

from linking.models import AuditEvent


def audit_list_action(
    *, user: AbstractBaseUser | AnonymousUser, action: str, target: str, filters: Sequence[str], now: datetime
) -> None:
    """Record that `user` did `action`; `target` says how many of what, `filters` names filters, never their values."""
    AuditEvent.objects.create(
        at=now,
        actor=user.get_username(),
        actor_user=user,  # type: ignore[misc]
        action=action,
        target=target,
        fields=list(filters),
    )


VIEWED, SEARCHED = "record.viewed", "record.searched"
LOOKS_EVERY_S = 60


def audit_look(*, user: AbstractBaseUser | AnonymousUser, action: str, target: str, now: datetime) -> None:
    """Record that `user` looked at `target` or searched for it, once a minute."""
    mark = sha256(f"{action}\n{target}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if cache.add(f"looked:{user.pk}:{mark}", 1, timeout=LOOKS_EVERY_S):
        audit_list_action(user=user, action=action, target=target[:200], filters=(), now=now)


def list_deeds(
    *, person: str, actions: Sequence[str], since: datetime | None, until: datetime | None, before_pk: int
) -> QuerySet[AuditEvent]:
    """Return deeds, newest first: those by or about `person` ("" for all), of `actions` (empty for all).

    `since` is included and `until` is not. `before_pk` is the last row of the page above, 0 for the first page.
    """
    deeds = AuditEvent.objects.order_by("-at", "-id")
    if person:
        deeds = deeds.filter(Q(actor=person) | Q(target=person) | Q(target=f"integration {person}"))
    if actions:
        deeds = deeds.filter(action__in=actions)
    if since:
        deeds = deeds.filter(at__gte=since)
    if until:
        deeds = deeds.filter(at__lt=until)
    last = AuditEvent.objects.filter(pk=before_pk).first() if before_pk else None
    if last:
        deeds = deeds.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    return deeds
