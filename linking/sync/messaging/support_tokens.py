"""The access token of an integration's OAuth client at Zendesk Support: one row for all processes.

Asking for a token uses nothing up, so a claim only keeps two workers from asking at once; one that nobody ended lapses.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from linking.core.config import IntegrationConfig
from linking.fields import key_ring
from linking.models import SupportToken, take_fingerprint
from linking.models.sync.support import support_token_place

# Longer than the longest call.
CLAIMED_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptToken:
    """A token that may be used; `is_to_renew`: it is time for the next one."""

    access_token: str = field(repr=False)
    is_to_renew: bool


def find(*, config: IntegrationConfig, now: datetime) -> KeptToken | None:
    """Return the token of the integration's client, None where none is kept."""
    row = SupportToken.objects.filter(integration_id=config.integration_id, client_mark=_mark(config)).first()
    token = row.reveal() if row is not None else ""
    if row is None or not token or row.renew_at is None or row.fetched_at is None:
        return None
    # One fetched in the future was written before the clock was set back.
    return KeptToken(access_token=token, is_to_renew=not row.fetched_at <= now < row.renew_at)


def claim(*, config: IntegrationConfig, now: datetime) -> bool:
    """Return whether the caller is the one to fetch a token; False while somebody else does."""
    SupportToken.objects.bulk_create([SupportToken(integration_id=config.integration_id)], ignore_conflicts=True)
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now) | Q(claimed_until__gt=now + 2 * CLAIMED_FOR)
    mine = SupportToken.objects.filter(free, integration_id=config.integration_id)
    return bool(mine.update(claimed_until=now + CLAIMED_FOR))


def keep(*, config: IntegrationConfig, access_token: str, renew_at: datetime, now: datetime) -> None:
    """Keep a token for everybody, and end the claim under which it was fetched."""
    place = support_token_place(integration_id=config.integration_id)
    values = {
        "client_mark": _mark(config), "sealed": key_ring().seal(access_token, place=place), "fetched_at": now,
        "renew_at": renew_at, "claimed_until": None,
    }  # fmt: skip
    SupportToken.objects.update_or_create(integration_id=config.integration_id, defaults=values)


def release(*, config: IntegrationConfig) -> None:
    """End a claim under which no token came."""
    SupportToken.objects.filter(integration_id=config.integration_id).update(claimed_until=None)


def forget(*, config: IntegrationConfig, access_token: str) -> None:
    """Forget a token that Zendesk refused, unless another took its place meanwhile."""
    row = SupportToken.objects.filter(integration_id=config.integration_id).first()
    if row is not None and row.reveal() == access_token:
        same = SupportToken.objects.filter(pk=row.pk, sealed=row.sealed)
        same.update(sealed="", fetched_at=None, renew_at=None)


def _mark(config: IntegrationConfig) -> str:
    parts = (config.zendesk_api_url, config.zendesk_client_id, config.zendesk_client_secret)
    return take_fingerprint("\n".join(parts))
