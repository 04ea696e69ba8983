"""The audit of what people do with lists: exports and refreshes of many visitors."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

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
