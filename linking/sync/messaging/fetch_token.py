"""Fetches the access token of an integration's OAuth client: ahead of its end, and once when Zendesk refuses it.

Source: fact sheet of Messaging accounts, section 7. Such a token comes without a refresh token and lives for 30 minutes
where no other life was asked for; the answer names its end only where one was.
"""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

from linking.clients.oauth_messages import Tokens, renew_in_s
from linking.clients.vendor_urls import SUPPORT_ENDING
from linking.clients.zendesk_api import ZendeskRefused
from linking.clients.zendesk_oauth import OAuthClient, OAuthError, OAuthRefused, OAuthTryLater
from linking.core.config import IntegrationConfig
from linking.models import StopReason
from linking.sync.calls_with_retries import Clock, PassStopped
from linking.sync.messaging import support_tokens

TOKEN_PATH = "/oauth/tokens"  # noqa: S105 - an address
LIFE_ASKED_S = 7_200
LIFE_UNTOLD_S = 1_800
ANOTHER_FETCHES_S = 2.0
NOT_SET_UP = "Zendesk's subdomain, client ID or client secret is not set."
NO_ADMIN = (
    "The OAuth client acts as the admin who made it: check in Admin Center that this person still is an admin, or make "
    "a new client as an admin."
)
CLIENT_REFUSED = (
    "Zendesk refuses the OAuth client. Make a confidential client in Admin Center (Apps and integrations, APIs, OAuth "
    "clients) as an admin, and set zendesk_client_id and zendesk_client_secret."
)


def fetch_in_time(config: IntegrationConfig, *, clock: Clock, allow_loopback: bool) -> IntegrationConfig:
    """Return the settings with an access token that lives for a while.

    Raises: PassStopped where the client is not set up or refused, or no token can be had now.
    """
    kept = support_tokens.find(config=config, now=clock.now())
    if kept is not None and not kept.is_to_renew:
        return replace(config, zendesk_access_token=kept.access_token)
    if support_tokens.claim(config=config, now=clock.now()):
        try:
            return replace(config, zendesk_access_token=fetch_anew(config, clock=clock, allow_loopback=allow_loopback))
        except PassStopped as halt:
            if kept is None or halt.reason != StopReason.VENDOR_FAULT:
                raise
        finally:
            support_tokens.release(config=config)
    if kept is None:
        detail = "Another worker is fetching the access token."
        raise PassStopped(detail, reason=StopReason.VENDOR_FAULT, resume_in_s=ANOTHER_FETCHES_S)
    # The present one may last until the next try; where Zendesk refuses it, that is found out then.
    return replace(config, zendesk_access_token=kept.access_token)


def fetch_after(
    halt: PassStopped, config: IntegrationConfig, *, clock: Clock, allow_loopback: bool
) -> IntegrationConfig | None:
    """Return the settings with another access token after `halt` because Zendesk refused this one (401), else None.

    Raises: PassStopped.
    """
    if not isinstance(halt.__cause__, ZendeskRefused) or halt.__cause__.reason != "credentials":
        return None
    support_tokens.forget(config=config, access_token=config.zendesk_access_token)
    return fetch_in_time(config, clock=clock, allow_loopback=allow_loopback)


def fetch_anew(config: IntegrationConfig, *, clock: Clock, allow_loopback: bool) -> str:
    """Fetch a token, keep it for everybody and return it. Raises: PassStopped."""
    asked_at = clock.now()
    tokens = ask_for_token(config, allow_loopback=allow_loopback)
    renew_at = asked_at + timedelta(seconds=renew_in_s(tokens.life_s or LIFE_UNTOLD_S))
    support_tokens.keep(config=config, access_token=tokens.access_token, renew_at=renew_at, now=asked_at)
    return tokens.access_token


def ask_for_token(config: IntegrationConfig, *, allow_loopback: bool) -> Tokens:
    """Return a token that nobody keeps. Raises: PassStopped."""
    if not config.zendesk_api_url or not config.zendesk_client_id or not config.zendesk_client_secret:
        raise PassStopped(NOT_SET_UP, reason=StopReason.SETUP)
    try:
        return _ask_for_token(config, allow_loopback=allow_loopback)
    except OAuthRefused as error:
        if error.code == "address":
            raise PassStopped(str(error), reason=StopReason.HOST) from error
        raise PassStopped(f"{error} {CLIENT_REFUSED}", reason=StopReason.CREDENTIALS) from error
    except OAuthError as error:
        wait_s = error.retry_after_s if isinstance(error, OAuthTryLater) else 0
        raise PassStopped(str(error), reason=StopReason.VENDOR_FAULT, resume_in_s=wait_s or None) from error


def _ask_for_token(config: IntegrationConfig, *, allow_loopback: bool) -> Tokens:
    """Ask for a token. Raises: OAuthError."""
    client = OAuthClient(
        authority=config.zendesk_api_url.removesuffix(SUPPORT_ENDING),
        client_id=config.zendesk_client_id,
        client_secret=config.zendesk_client_secret,
        allow_loopback=allow_loopback,
        token_path=TOKEN_PATH,
    )
    with closing(client):
        return client.grant(life_s=LIFE_ASKED_S)
