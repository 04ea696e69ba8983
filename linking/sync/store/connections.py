"""Connections with Zendesk as rows: attempts that count once, pairs of tokens kept before they are used.

A refresh token works once. It is claimed by a conditional update, committed before the call leaves; the pair that
comes back is kept under the same claim. A claim that nobody ended within two minutes was lost with its worker, and the
token with it: then a person has to connect again, because asking with it a second time could end the account's tokens.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from linking.clients.oauth_messages import Tokens, renew_in_s
from linking.core.config import SecretName
from linking.fields import key_ring
from linking.models import (
    ConfigVersion,
    ConnectAttempt,
    ConnectionFlaw,
    ConnectionState,
    Integration,
    Secret,
    ZendeskConnection,
    keep_secret,
    take_fingerprint,
)
from linking.models.sync.connection import refresh_place

ENDS_SOON = timedelta(days=1)
ATTEMPT_LIFE = timedelta(minutes=10)
# Longer than the longest call and what is stored after it.
CLAIM_TTL = timedelta(minutes=2)
RETRY_AFTER = timedelta(minutes=1)
RENEWER = "renewal"
CONNECT_AGAIN = "An administrator must connect with Zendesk again, on the integration's set-up page."


def begin_attempt(*, integration: Integration, user: Any, session_key: str, redirect_url: str, now: datetime) -> str:
    """Note that a browser session is being sent to Zendesk; return the unguessable `state` that must come back."""
    ConnectAttempt.objects.filter(ends_at__lt=now).delete()
    state = secrets.token_urlsafe(32)
    ConnectAttempt.objects.create(
        integration=integration,
        user=user,
        state_mark=_hash_mark(state),
        session_mark=_hash_mark(session_key),
        redirect_url=redirect_url,
        ends_at=now + ATTEMPT_LIFE,
    )
    return state


def take_attempt(*, state: str, user: Any, session_key: str, now: datetime) -> ConnectAttempt | None:
    """Return the attempt that `state` belongs to and end it; None when it is unknown, over, used, or another's."""
    attempt = (
        ConnectAttempt.objects.filter(
            state_mark=_hash_mark(state), session_mark=_hash_mark(session_key), user=user, ends_at__gt=now
        )
        .select_related("integration")
        .first()
    )
    # Of two that come at once only one deletes the row.
    if attempt is None or not ConnectAttempt.objects.filter(pk=attempt.pk).delete()[0]:
        return None
    return attempt


@transaction.atomic
def keep_connection(*, integration: Integration, authority: str, tokens: Tokens, actor: str, now: datetime) -> None:
    """Keep the first pair of a connection; what a worker under way may bring for the one before counts no more."""
    # In the order in which `keep_renewed` locks, so that the two never wait for each other.
    Integration.objects.select_for_update().get(pk=integration.pk)
    before = ZendeskConnection.objects.select_for_update().filter(integration=integration).first()
    values = _build_values(integration_id=integration.pk, tokens=tokens, now=now) | {
        "generation": before.generation + 1 if before else 1,
        "authority": authority,
        "connected_at": now,
        "connected_by": actor,
        "renewed_at": None,
    }
    ZendeskConnection.objects.update_or_create(integration=integration, defaults=values)
    _keep_access_token(integration, tokens=tokens, actor=actor, now=now)


def find_connection(*, integration_id: int) -> ZendeskConnection | None:
    """Return the connection whose token is in force, None where there is none or another token was put in.

    A claim that lapsed ends here.
    """
    row = ZendeskConnection.objects.filter(integration_id=integration_id).first()
    if row is None or not is_in_force(row):
        return None
    if row.state == ConnectionState.RENEWING:
        mine = ZendeskConnection.objects.filter(pk=row.pk, state=ConnectionState.RENEWING)
        _lose(mine.filter(claimed_at__lt=Now() - CLAIM_TTL), flaw=ConnectionFlaw.ANSWER_LOST)
        row.refresh_from_db()
    return row


def claim_renewal(*, row: ZendeskConnection) -> int | None:
    """Return the number under which the caller alone may use the refresh token, None when another does."""
    free = ZendeskConnection.objects.filter(pk=row.pk, state=ConnectionState.CONNECTED, generation=row.generation)
    number = row.generation + 1
    claimed = free.update(state=ConnectionState.RENEWING, generation=number, claimed_at=Now())
    return number if claimed else None


@transaction.atomic
def keep_renewed(*, row: ZendeskConnection, number: int, tokens: Tokens, now: datetime) -> bool:
    """Keep the pair that came for a claim, late or not; False when somebody connected or put in a token meanwhile."""
    # Whoever saves settings holds this row: a token put in by hand at this moment is seen, not overwritten.
    integration = Integration.objects.select_for_update().get(pk=row.integration_id)
    mine = ZendeskConnection.objects.select_for_update().filter(pk=row.pk, generation=number).first()
    if mine is None or not is_in_force(mine):
        return False
    values = _build_values(integration_id=row.integration_id, tokens=tokens, now=now) | {"renewed_at": now}
    # An answer without a scope leaves it as it was. Source: RFC 6749, section 6.
    values["scope"] = tokens.scope or mine.scope
    ZendeskConnection.objects.filter(pk=row.pk).update(**values)
    _keep_access_token(integration, tokens=tokens, actor=RENEWER, now=now)
    return True


def give_back(*, row: ZendeskConnection, number: int, retry_at: datetime) -> None:
    """End a claim under which nothing was used up."""
    mine = ZendeskConnection.objects.filter(pk=row.pk, generation=number, state=ConnectionState.RENEWING)
    mine.update(state=ConnectionState.CONNECTED, claimed_at=None, renew_at=retry_at)


def lose(*, row: ZendeskConnection, number: int, flaw: ConnectionFlaw) -> None:
    """Note that the connection has to be made anew; the access token stays for as long as Zendesk takes it."""
    _lose(ZendeskConnection.objects.filter(pk=row.pk, generation=number), flaw=flaw)


def list_to_mend(*, now: datetime) -> list[ZendeskConnection]:
    """Return the connections in force that were lost, or that end within `ENDS_SOON` without a renewal."""
    is_ending = Q(refresh_sealed="", expires_at__lt=now + ENDS_SOON)
    rows = ZendeskConnection.objects.filter(is_ending | Q(state=ConnectionState.LOST)).select_related("integration")
    return [row for row in rows if is_in_force(row)]


def is_in_force(row: ZendeskConnection) -> bool:
    """Return whether the integration's access token is the connection's own."""
    return Secret.objects.filter(
        integration_id=row.integration_id, name=SecretName.ZENDESK_ACCESS_TOKEN, fingerprint=row.token_mark
    ).exists()


def _lose(rows: Any, *, flaw: ConnectionFlaw) -> None:
    rows.update(state=ConnectionState.LOST, flaw=flaw, refresh_sealed="", claimed_at=None, renew_at=None)


def _build_values(*, integration_id: int, tokens: Tokens, now: datetime) -> dict[str, Any]:
    ring, life_s, refresh = key_ring(), tokens.life_s, tokens.refresh_token
    return {
        "state": ConnectionState.CONNECTED,
        "flaw": "",
        "claimed_at": None,
        "refresh_sealed": ring.seal(refresh, place=refresh_place(integration_id=integration_id)) if refresh else "",
        "token_mark": take_fingerprint(tokens.access_token),
        "scope": tokens.scope,
        "expires_at": None if life_s is None else now + timedelta(seconds=life_s),
        "renew_at": None if life_s is None or not refresh else now + timedelta(seconds=renew_in_s(life_s)),
    }


def _keep_access_token(integration: Integration, *, tokens: Tokens, actor: str, now: datetime) -> None:
    keep_secret(
        integration=integration, name=SecretName.ZENDESK_ACCESS_TOKEN, plain=tokens.access_token, actor=actor, now=now
    )
    ConfigVersion.bump()


def _hash_mark(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
