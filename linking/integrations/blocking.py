"""Blocks a player of one integration, and lifts the block; every process follows within a second."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from linking.core.user_ids import user_id_flaw
from linking.integrations.saving import Actor, BadIntegration, bump_config_version
from linking.models import AuditEvent, BlockedUser, Integration
from linking.registry import NoSuchIntegration


def block_user(*, slug: str, user_id: str, actor: Actor, now: datetime) -> bool:
    """Block `user_id`; return False if it is blocked already.

    Raises: NoSuchIntegration, BadIntegration if it cannot be a user ID.
    """
    row = _load_integration(slug)
    if user_id_flaw(user_id):
        raise BadIntegration({"user_id": _("Enter the user ID as Login has it: the claim sub of the token.")})
    with transaction.atomic():
        values = {"blocked_at": now, "blocked_by": actor.name}
        _row, is_new = BlockedUser.objects.get_or_create(integration=row, user_id=user_id, defaults=values)
        if is_new:
            _record(actor=actor, action="user.blocked", row=row, user_id=user_id, now=now)
    return is_new


def lift_block(*, slug: str, user_id: str, actor: Actor, now: datetime) -> bool:
    """Lift the block of `user_id`; return False if there is none. Raises: NoSuchIntegration."""
    row = _load_integration(slug)
    with transaction.atomic():
        deleted, _by_table = BlockedUser.objects.filter(integration=row, user_id=user_id).delete()
        if deleted:
            _record(actor=actor, action="user.unblocked", row=row, user_id=user_id, now=now)
    return bool(deleted)


def _load_integration(slug: str) -> Integration:
    row = Integration.objects.filter(slug=slug).first()
    if row is None:
        raise NoSuchIntegration(slug)
    return row


def _record(*, actor: Actor, action: str, row: Integration, user_id: str, now: datetime) -> None:
    target = f"{row.slug} {user_id}"[:200]
    AuditEvent.objects.create(at=now, actor=actor.name, actor_user=actor.user, action=action, target=target, fields=[])
    bump_config_version()
