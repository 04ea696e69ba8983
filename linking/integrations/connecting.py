"""Connects an integration with Zendesk Chat: a person consents at Zendesk, which returns a code for an access token.

`begin_connecting` sends the browser to Zendesk, `finish_connecting` handles its return. In between only a digest of the
expected answer is stored, for ten minutes and one use.
"""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from linking import registry
from linking.clients.oauth_messages import OAuthRefusal, Tokens, authority_of, authorize_url, refusal
from linking.clients.vendor_urls import ZENDESK_HOSTS, address_flaw
from linking.clients.zendesk_api import ZendeskError, ZendeskRefused
from linking.clients.zendesk_chat import ChatClient
from linking.clients.zendesk_oauth import OAuthClient, OAuthLost, OAuthRefused, OAuthTryLater
from linking.core.config import IntegrationConfig, SecretName
from linking.integrations.saving import Actor, bump_config_version
from linking.models import AuditEvent, Integration
from linking.registry import NoSuchIntegration
from linking.sync import connections, zendesk_host

CODE_MAX_CHARACTERS = 2000


class ConnectFlaw(StrEnum):
    """Why an attempt to connect failed."""

    CLIENT_UNSET = "client_unset"  # client ID or client secret is missing
    ADDRESS = "address"  # the address of the account is unknown, or nothing answers there
    STATE = "state"  # no such attempt, another browser, or too late
    DENIED = "denied"  # the person refused
    VENDOR = "vendor"  # Zendesk refused, with words of its own
    NO_CODE = "no_code"
    CLIENT = "client"  # Zendesk refuses the client ID, the client secret or the type of the client
    CODE = "code"  # Zendesk refuses the code
    LATER = "later"
    LOST = "lost"
    ACCOUNT = "account"  # the token belongs to another account
    UNUSABLE = "unusable"  # the API refuses the new token


_FLAWS = {
    "invalid_client": ConnectFlaw.CLIENT,
    "unauthorized_client": ConnectFlaw.CLIENT,
    "invalid_grant": ConnectFlaw.CODE,
    "address": ConnectFlaw.ADDRESS,
}


class CannotConnect(Exception):
    """There is no new connection, and nothing changed.

    `slug` is "" if no integration is known; `words` are Zendesk's own, cleaned.
    """

    def __init__(self, flaw: ConnectFlaw, *, slug: str = "", words: OAuthRefusal | None = None) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw
        self.slug = slug
        self.words = words or OAuthRefusal(code="", description="")


def find_account_authority(config: IntegrationConfig) -> str:
    """Return `scheme://host` of the Zendesk account, "" if the settings do not contain it."""
    return authority_of(api_url=config.zendesk_api_url, subdomain=config.zendesk_subdomain)


def begin_connecting(
    *, slug: str, actor: Actor, session_key: str, redirect_url: str, now: datetime, allow_loopback: bool
) -> str:
    """Return the address to which the browser must go; it returns to `redirect_url`.

    Args:
        session_key: the browser session that must return.

    Raises: NoSuchIntegration, CannotConnect.
    """
    integration = Integration.objects.filter(slug=slug).first()
    if integration is None:
        raise NoSuchIntegration(slug)
    config = registry.config_of(integration)[0]
    if not config.zendesk_client_id or not config.zendesk_client_secret:
        raise CannotConnect(ConnectFlaw.CLIENT_UNSET, slug=slug)
    authority = find_account_authority(config)
    if not authority or address_flaw(authority, allow_loopback=allow_loopback, hosts=ZENDESK_HOSTS):
        raise CannotConnect(ConnectFlaw.ADDRESS, slug=slug)
    state = connections.begin_attempt(
        integration=integration, user=actor.user, session_key=session_key, redirect_url=redirect_url, now=now
    )
    return authorize_url(
        authority=authority, client_id=config.zendesk_client_id, redirect_url=redirect_url, state=state
    )


def finish_connecting(
    *, answer: Mapping[str, str], actor: Actor, session_key: str, now: datetime, allow_loopback: bool
) -> str:
    """Exchange the code of the returned browser and store the tokens; return the integration's slug.

    Args:
        answer: the query of the request, which strangers can write.

    Raises: CannotConnect.
    """
    attempt = connections.take_attempt(state=answer.get("state", ""), user=actor.user, session_key=session_key, now=now)
    if attempt is None:
        raise CannotConnect(ConnectFlaw.STATE)
    integration = attempt.integration
    code = _read_code(answer, slug=integration.slug)
    config, _notice = zendesk_host.replace_retired_host(registry.config_of(integration)[0])
    tokens = _exchange_code(config, code=code, redirect_url=attempt.redirect_url, allow_loopback=allow_loopback)
    _check_account(config, tokens=tokens, allow_loopback=allow_loopback)
    _keep(integration, authority=find_account_authority(config), tokens=tokens, actor=actor, now=now)
    return integration.slug


def _read_code(answer: Mapping[str, str], *, slug: str) -> str:
    if answer.get("error"):
        words = refusal(code=answer["error"], description=answer.get("error_description", ""))
        flaw = ConnectFlaw.DENIED if words.code == "access_denied" else ConnectFlaw.VENDOR
        raise CannotConnect(flaw, slug=slug, words=words)
    code = answer.get("code", "")
    if not 0 < len(code) <= CODE_MAX_CHARACTERS or not code.isascii() or not code.isprintable():
        raise CannotConnect(ConnectFlaw.NO_CODE, slug=slug)
    return code


def _exchange_code(config: IntegrationConfig, *, code: str, redirect_url: str, allow_loopback: bool) -> Tokens:
    try:
        client = OAuthClient(
            authority=find_account_authority(config),
            client_id=config.zendesk_client_id,
            client_secret=config.zendesk_client_secret,
            allow_loopback=allow_loopback,
        )
        with closing(client):
            return client.exchange(code=code, redirect_url=redirect_url)
    except OAuthRefused as error:
        words = refusal(code=error.code, description=error.description)
        raise CannotConnect(_FLAWS.get(error.code, ConnectFlaw.VENDOR), slug=config.slug, words=words) from error
    except OAuthTryLater as error:
        raise CannotConnect(ConnectFlaw.LATER, slug=config.slug) from error
    except OAuthLost as error:
        raise CannotConnect(ConnectFlaw.LOST, slug=config.slug) from error


def _check_account(config: IntegrationConfig, *, tokens: Tokens, allow_loopback: bool) -> None:
    """Refuse an unusable token before it replaces a usable one. A passing fault of Zendesk is no reason to refuse."""
    try:
        client = ChatClient(
            base_url=config.zendesk_api_url, access_token=tokens.access_token, allow_loopback=allow_loopback
        )
        with closing(client):
            account = client.account()
    except ZendeskRefused as error:
        flaw = ConnectFlaw.ADDRESS if error.reason == "host" else ConnectFlaw.UNUSABLE
        raise CannotConnect(flaw, slug=config.slug) from error
    except ZendeskError:
        return
    if config.zendesk_account_key and account.account_key and account.account_key != config.zendesk_account_key:
        raise CannotConnect(ConnectFlaw.ACCOUNT, slug=config.slug)


@transaction.atomic
def _keep(integration: Integration, *, authority: str, tokens: Tokens, actor: Actor, now: datetime) -> None:
    connections.keep_connection(integration=integration, authority=authority, tokens=tokens, actor=actor.name, now=now)
    # As after a save: the person has looked at the problem, so the sync may try again at once.
    Integration.objects.filter(pk=integration.pk).update(blocked_reason="", next_sync_at=None, updated_at=now)
    AuditEvent.objects.create(
        at=now,
        actor=actor.name,
        actor_user=actor.user,
        action="integration.connected",
        target=integration.slug,
        fields=[SecretName.ZENDESK_ACCESS_TOKEN.value],
    )
    bump_config_version()
