"""Reads and stores the secrets of an integration, and changes them without a gap.

Login accepts two secrets at a time, for as long as the admin sets. Zendesk knows one. The next one is stored beside it
and is used from a set time on, in every process by its own clock; the first save after that makes it the secret.
"""

from datetime import datetime

from linking import registry
from linking.core.config import SecretName
from linking.core.secretbox import SealBroken
from linking.models import Integration, Secret, keep_secret


def read_secret(*, row: Integration, name: SecretName) -> str | None:
    """Return the secret as entered (a value or a reference), None if it is not set or cannot be opened."""
    secret = Secret.objects.filter(integration=row, name=name).first() if row.pk else None
    try:
        return secret.reveal() if secret else None
    except SealBroken:
        return None


def resolve_secret(*, row: Integration, name: SecretName) -> str | None:
    """Return the value of the secret, None if it cannot be used; readiness reports that."""
    stored = read_secret(row=row, name=name)
    try:
        return None if stored is None else registry.resolve(stored)
    except registry.SecretUnavailable:
        return None


def is_stored(*, row: Integration, name: SecretName, plain: str | None) -> bool:
    """Return whether `plain` is what is stored, None meaning that nothing is."""
    if plain is None:
        return not (row.pk and Secret.objects.filter(integration=row, name=name).exists())
    return read_secret(row=row, name=name) == plain


def store_secret(*, row: Integration, name: SecretName, plain: str | None, actor: str, now: datetime) -> bool:
    """Store `plain`, or remove the secret for None; return whether that changed anything."""
    if plain is None:
        return bool(Secret.objects.filter(integration=row, name=name).delete()[0])
    # A secret that cannot be opened is replaced.
    if read_secret(row=row, name=name) == plain:
        return False
    keep_secret(integration=row, name=name, plain=plain, actor=actor, now=now)
    return True


def settle_zendesk_switch(*, row: Integration, actor: str, now: datetime) -> bool:
    """Make the next Zendesk secret the secret if its time has come; return whether it has.

    Nothing changes for visitors, because the next secret has signed since that time.
    """
    if row.zendesk_secret_switch_at is None or row.zendesk_secret_switch_at > now:
        return False
    next_secret = read_secret(row=row, name=SecretName.ZENDESK_SHARED_SECRET_NEXT)
    if next_secret is None:
        return False
    keep_secret(integration=row, name=SecretName.ZENDESK_SHARED_SECRET, plain=next_secret, actor=actor, now=now)
    Secret.objects.filter(integration=row, name=SecretName.ZENDESK_SHARED_SECRET_NEXT).delete()
    row.zendesk_secret_switch_at = None
    row.save(update_fields=["zendesk_secret_switch_at", "updated_at"])
    return True
