"""How old the secrets of integrations are, when each was last used, and which are due for a change."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.conf import settings
from django.db.models import Max

from linking.core.config import SecretName
from linking.models import AnswerCount, Integration, Secret, SupportToken, WebhookDelivery, ZendeskConnection

# These end by a time that is set, and are replaced with the secret that they stand beside.
_PASSING = (SecretName.LOGIN_SECRET_KEY_PREVIOUS.value, SecretName.ZENDESK_SHARED_SECRET_NEXT.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretAge:
    """When a secret is due for a change, None for never, and whether it is."""

    due_at: datetime | None
    is_due: bool


def find_age(secret: Secret, *, now: datetime) -> SecretAge:
    """Return when a secret is due for a change by the operator's number of days."""
    days = _read_days()
    due_at = None if secret.name in _PASSING or not days else secret.set_at + timedelta(days=days)
    return SecretAge(due_at=due_at, is_due=due_at is not None and due_at <= now)


def list_due(*, now: datetime) -> list[Secret]:
    """Return the secrets of enabled integrations that are due for a change; one query at most."""
    days = _read_days()
    if not days:
        return []
    old = Secret.objects.filter(integration__enabled=True, set_at__lte=now - timedelta(days=days))
    return list(old.exclude(name__in=_PASSING).select_related("integration").order_by("integration__slug", "name"))


def _read_days() -> int:
    return int(cast("int", settings.LINKING["ROTATE_SECRETS_DAYS"]))


def load_last_uses(row: Integration) -> dict[str, datetime]:
    """Return when each secret of an integration was last used, by name, as far as the tables tell; four queries.

    A token given out proves both signing secrets, to an hour. A complete sync proves the access token.
    """
    given = AnswerCount.objects.filter(integration=row, code="").aggregate(at=Max("hour_at"))["at"]
    connection = ZendeskConnection.objects.filter(integration=row).values_list("renewed_at", flat=True).first()
    fetched = SupportToken.objects.filter(integration=row).values_list("fetched_at", flat=True).first()
    called = WebhookDelivery.objects.filter(integration=row).aggregate(at=Max("received_at"))["at"]
    uses: dict[SecretName, datetime | None] = {
        SecretName.LOGIN_SECRET_KEY: given,
        SecretName.ZENDESK_SHARED_SECRET: given,
        SecretName.ZENDESK_ACCESS_TOKEN: row.last_success_at,
        SecretName.ZENDESK_CLIENT_SECRET: _find_latest((connection, fetched)),
        SecretName.ZENDESK_WEBHOOK_SECRET: called,
    }
    return {name.value: at for name, at in uses.items() if at is not None}


def _find_latest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((at for at in moments if at is not None), default=None)
