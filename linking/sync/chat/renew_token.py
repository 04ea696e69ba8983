"""Renews the access token of a connection: a little before its end, and once when Zendesk refuses it.

Whoever renews has claimed the refresh token, which works once, and keeps the new pair before using it. Where nobody
knows what became of it, the connection counts as lost and a person connects again; nothing is tried in a loop.
"""

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

from linking import registry
from linking.clients.oauth_messages import Tokens, authority_of
from linking.clients.zendesk_api import ZendeskRefused
from linking.clients.zendesk_oauth import OAuthClient, OAuthLost, OAuthRefused, OAuthTryLater
from linking.core.config import IntegrationConfig
from linking.models import ConnectionFlaw, ConnectionState, Integration, StopReason, ZendeskConnection
from linking.sync.calls_with_retries import Clock, PassStopped
from linking.sync.store import connections

ANOTHER_RENEWS_S = 5.0
_FLAWS = {
    "invalid_client": ConnectionFlaw.CLIENT,
    "unauthorized_client": ConnectionFlaw.CLIENT,
    "address": ConnectionFlaw.ADDRESS,
}


class _Lost(Exception):
    """The connection has to be made anew, because of `flaw`."""

    def __init__(self, flaw: ConnectionFlaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


def renew_in_time(config: IntegrationConfig, *, clock: Clock, allow_loopback: bool) -> IntegrationConfig:
    """Return the settings with a new access token where the present one is about to end, else as they are."""
    row = connections.find_connection(integration_id=config.integration_id)
    if row is None or row.state != ConnectionState.CONNECTED or row.renew_at is None or clock.now() < row.renew_at:
        return config
    return _renew(config, row=row, now=clock.now(), allow_loopback=allow_loopback) or config


def renew_after(
    halt: PassStopped, config: IntegrationConfig, *, clock: Clock, allow_loopback: bool
) -> IntegrationConfig | None:
    """Return the settings with another access token after `halt` because Zendesk refused this one.

    None where something else was wrong, or the token came from no connection.

    Raises: PassStopped when another worker is renewing, the token address is away, or a person has to connect again.
    """
    if not isinstance(halt.__cause__, ZendeskRefused) or halt.__cause__.reason != "credentials":
        return None
    row = connections.find_connection(integration_id=config.integration_id)
    if row is None:
        return None
    renewed = _find_replacement(config)
    if renewed is None and row.state == ConnectionState.CONNECTED:
        renewed = _renew(config, row=row, now=clock.now(), allow_loopback=allow_loopback)
    return renewed or _take_from_another(halt, config)


def _take_from_another(halt: PassStopped, config: IntegrationConfig) -> IntegrationConfig:
    """Return the settings with the token another worker brought meanwhile. Raises: PassStopped where none did."""
    if (replaced := _find_replacement(config)) is not None:
        return replaced
    row = connections.find_connection(integration_id=config.integration_id)
    if row is not None and row.state == ConnectionState.RENEWING:
        detail = "Another worker is renewing the access token."
        raise PassStopped(detail, reason=StopReason.VENDOR_FAULT, resume_in_s=ANOTHER_RENEWS_S)
    if row is not None and row.state == ConnectionState.CONNECTED and row.refresh_sealed:
        raise PassStopped("Zendesk's token address does not answer; it is tried again.", reason=StopReason.VENDOR_FAULT)
    raise PassStopped(f"{halt} {connections.CONNECT_AGAIN}", reason=StopReason.CREDENTIALS)


def _find_replacement(config: IntegrationConfig) -> IntegrationConfig | None:
    """Return the settings with the stored access token where that is another one by now."""
    stored = _load_stored_token(config)
    return stored if stored.zendesk_access_token != config.zendesk_access_token else None


def _renew(
    config: IntegrationConfig, *, row: ZendeskConnection, now: datetime, allow_loopback: bool
) -> IntegrationConfig | None:
    """Return the settings with the token that follows, None where there is none now; the row then says why."""
    if not row.refresh_sealed:
        return None
    number = connections.claim_renewal(row=row)
    if number is None:
        return None
    try:
        tokens = _ask(config, row=row, allow_loopback=allow_loopback)
    except OAuthTryLater as error:
        pause = max(connections.RETRY_AFTER, timedelta(seconds=error.retry_after_s))
        connections.give_back(row=row, number=number, retry_at=now + pause)
        return None
    except _Lost as error:
        connections.lose(row=row, number=number, flaw=error.flaw)
        return None
    if connections.keep_renewed(row=row, number=number, tokens=tokens, now=now):
        return replace(config, zendesk_access_token=tokens.access_token)
    return _load_stored_token(config)


def _ask(config: IntegrationConfig, *, row: ZendeskConnection, allow_loopback: bool) -> Tokens:
    """Return the tokens that follow. Raises: OAuthTryLater, _Lost."""
    # A secret of one account is not shown to another, whatever the settings say by now.
    if authority_of(api_url=config.zendesk_api_url, subdomain=config.zendesk_subdomain) != row.authority:
        raise _Lost(ConnectionFlaw.ADDRESS)
    if not config.zendesk_client_id or not config.zendesk_client_secret:
        raise _Lost(ConnectionFlaw.CLIENT)
    refresh_token = row.refresh_token()
    if not refresh_token:
        raise _Lost(ConnectionFlaw.SEALED)
    try:
        client = OAuthClient(
            authority=row.authority,
            client_id=config.zendesk_client_id,
            client_secret=config.zendesk_client_secret,
            allow_loopback=allow_loopback,
        )
        with closing(client):
            return client.refresh(refresh_token=refresh_token)
    except OAuthRefused as error:
        raise _Lost(_FLAWS.get(error.code, ConnectionFlaw.REFUSED)) from error
    except OAuthLost as error:
        raise _Lost(ConnectionFlaw.ANSWER_LOST) from error


def _load_stored_token(config: IntegrationConfig) -> IntegrationConfig:
    stored, _problems = registry.config_of(Integration.objects.get(pk=config.integration_id))
    return replace(config, zendesk_access_token=stored.zendesk_access_token)
