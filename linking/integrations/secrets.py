"""The secrets of an integration on their way in, and how one follows another without a gap.

Login accepts two at a time, for as long as the admin sets. Zendesk knows one: the next one is kept beside it and takes
over at a set moment, in every process by its own clock; the first save after that makes it the secret.
"""

from datetime import datetime

from linking import registry
from linking.core.config import SecretName
from linking.core.secretbox import SealBroken
from linking.models import Integration, Secret, keep_secret


def read_secret(*, row: Integration, name: SecretName) -> str | None:
    """Return the secret as it was given (itself or a reference), None where it is not set or cannot be opened."""
    secret = Secret.objects.filter(integration=row, name=name).first() if row.pk else None
    try:
        return secret.reveal() if secret else None
    except SealBroken:
        return None


def resolve_secret(*, row: Integration, name: SecretName) -> str | None:
    """Return the secret as it is used, None where it cannot be had; readiness speaks of that."""
    held = read_secret(row=row, name=name)
    try:
        return None if held is None else registry.resolve(held)
    except registry.SecretUnavailable:
        return None


def store_secret(*, row: Integration, name: SecretName, plain: str | None, actor: str, now: datetime) -> bool:
    """Keep `plain`, or remove the secret for None; return whether that changed anything."""
    if plain is None:
        return bool(Secret.objects.filter(integration=row, name=name).delete()[0])
    # What cannot be opened any more is replaced.
    if read_secret(row=row, name=name) == plain:
        return False
    keep_secret(integration=row, name=name, plain=plain, actor=actor, now=now)
    return True


def settle_zendesk_switch(*, row: Integration, actor: str, now: datetime) -> bool:
    """Make the next Zendesk secret the secret once its moment has passed; return whether it was so.

    Nothing changes for visitors by it: the next one has been signing since that moment.
    """
    if row.zendesk_secret_switch_at is None or row.zendesk_secret_switch_at > now:
        return False
    following = read_secret(row=row, name=SecretName.ZENDESK_SHARED_SECRET_NEXT)
    if following is None:
        return False
    keep_secret(integration=row, name=SecretName.ZENDESK_SHARED_SECRET, plain=following, actor=actor, now=now)
    Secret.objects.filter(integration=row, name=SecretName.ZENDESK_SHARED_SECRET_NEXT).delete()
    row.zendesk_secret_switch_at = None
    row.save(update_fields=["zendesk_secret_switch_at", "updated_at"])
    return True
