"""Tries Zendesk's side, a line a fact: host, token, role, scope, account, plan, limit."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from django.utils.functional import Promise

from linking.clients.oauth_messages import authority_of
from linking.clients.zendesk_api import ZendeskError, ZendeskRefused, ZendeskTryLater
from linking.clients.zendesk_chat import ChatClient, is_support_token
from linking.core.config import IntegrationConfig
from linking.monitoring import stop_reasons
from linking.sync import zendesk_host

# Source: Chat API, Rate limits: 200 requests a minute for the whole account, on all plans.
ALLOWED_PER_MINUTE = 200
# Of the export, which is never asked for the last five minutes.
YOUNGEST_START_S = 301
OF_SUPPORT = (
    "This is a token of Zendesk Support, which opens Support's API and not Chat's. Connect with Zendesk on the set-up "
    "page, or make an OAuth client in Chat (Settings, Account, API) and set zendesk_access_token to its token."
)

CALL_A_PERSON: Mapping[str, str | Promise] = MappingProxyType(
    {
        "credentials": stop_reasons.STOP_MEANINGS["credentials"].remedy,
        "scope": "The token must belong to an administrator and have the scope read.",
        "host": stop_reasons.STOP_MEANINGS["host"].remedy,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing tried; `sentence` says what was found and, where it failed, what to do. Never a secret."""

    name: str
    is_ok: bool
    sentence: str


def check_zendesk(
    *, config: IntegrationConfig, is_wanted: bool, allow_loopback: bool, now: datetime
) -> tuple[list[Check], datetime | None]:
    """Return what was found, in the order it depends on one another, and what time it is at Zendesk, if it says so.

    Args:
        is_wanted: whether anything is to be read from Chat.
    """
    if not config.zendesk_access_token and not is_wanted:
        sentence = "Nothing is to be read from Chat and no access token is set: not tried."
        return [build_good("zendesk_token", sentence)], None
    config, host = _host(config=config, allow_loopback=allow_loopback, now=now)
    config, notice = zendesk_host.replace_retired_host(config)
    try:
        client = ChatClient(
            base_url=config.zendesk_api_url,
            access_token=config.zendesk_access_token,
            allow_loopback=allow_loopback,
        )
    except ZendeskRefused as error:
        return [*host, _explain_refusal(error, config=config)], None
    with closing(client):
        try:
            agent = client.agents_me()
        except ZendeskRefused as error:
            return [*host, _explain_refusal(error, config=config, allow_loopback=allow_loopback)], None
        except ZendeskError as error:
            return [*host, build_bad(_first_name(config), f"{error} Try again later.")], None
        if not host:
            host = (build_good("zendesk_host", notice or f"{config.zendesk_api_url} answers as Chat does."),)
        token = [build_good("zendesk_token", "Zendesk accepts the access token.")]
        token.append(_role(is_enabled=agent.is_enabled, roles=agent.roles))
        token.append(_scope(client=client, now=now))
        return [*host, *token, *_account(client=client, config=config), _limit(config)], agent.answered_at


def _host(
    *, config: IntegrationConfig, allow_loopback: bool, now: datetime
) -> tuple[IntegrationConfig, tuple[Check, ...]]:
    """Find the address anew where it is `auto`; return the settings with it, and what was found."""
    if not config.is_host_sought or not config.zendesk_access_token:
        return config, ()
    try:
        found = zendesk_host.look_and_keep(config=config, allow_loopback=allow_loopback, now=now)
    except ZendeskTryLater as error:
        return config, (build_bad("zendesk_host", f"{error} Try again later."),)
    told = " ".join(f"{url}: {flaw}" for url, flaw in found.failures)
    if not found.url:
        sentence = f"auto: neither address answers as Chat does. {told} {config.zendesk_api_url} stays in use."
        return config, (build_bad("zendesk_host", sentence),)
    sentence = f"auto: {found.url} answers and is used. {told}".strip()
    return replace(config, zendesk_api_url=found.url), (build_good("zendesk_host", sentence),)


def _first_name(config: IntegrationConfig) -> str:
    """Return the line that tells of no answer: the host's, unless that was told when it was looked for."""
    return "zendesk_token" if config.is_host_sought else "zendesk_host"


def _explain_refusal(error: ZendeskRefused, *, config: IntegrationConfig, allow_loopback: bool = False) -> Check:
    if error.reason == "host":
        return build_bad(_first_name(config), f"{error} {CALL_A_PERSON['host']}")
    authority = authority_of(api_url=config.zendesk_api_url, subdomain=config.zendesk_subdomain)
    if error.status == 401 and is_support_token(
        authority=authority, access_token=config.zendesk_access_token, allow_loopback=allow_loopback
    ):
        return build_bad("zendesk_token", OF_SUPPORT)
    return build_bad("zendesk_token", f"{error} {CALL_A_PERSON.get(error.reason, '')}".strip())


def _role(*, is_enabled: bool, roles: tuple[str, ...]) -> Check:
    name = "zendesk_role"
    if not is_enabled:
        return build_bad(name, "The token's agent is disabled in Zendesk.")
    if not roles:
        return build_good(name, "Zendesk does not tell the role of the token's agent.")
    if not {"administrator", "owner"} & set(roles):
        return build_bad(name, "The token's agent is no administrator, so visitors stay hidden.")
    return build_good(name, f"The token's agent is {' and '.join(roles)}.")


def _scope(*, client: ChatClient, now: datetime) -> Check:
    name = "zendesk_scope"
    try:
        client.export_page(start_epoch_s=int(now.timestamp()) - YOUNGEST_START_S, limit=1)
    except ZendeskRefused as error:
        return build_bad(name, f"Chats cannot be read: {error} {CALL_A_PERSON.get(error.reason, '')}".strip())
    except ZendeskError as error:
        return build_bad(name, f"{error} Try again later.")
    return build_good(name, "Chats can be read.")


def _account(*, client: ChatClient, config: IntegrationConfig) -> Iterator[Check]:
    name = "zendesk_account"
    try:
        account = client.account()
    except ZendeskRefused as error:
        yield build_bad(name, f"{error} {CALL_A_PERSON.get(error.reason, '')}".strip())
        return
    except ZendeskError as error:
        yield build_bad(name, f"{error} Try again later.")
        return
    if config.zendesk_account_key and account.account_key and account.account_key != config.zendesk_account_key:
        yield build_bad(name, "The token belongs to another account than zendesk_account_key names: check both.")
    else:
        yield build_good(name, f"The account answers{f' and is {account.status}' if account.status else ''}.")
    if account.has_rest_api is False:
        yield build_bad("zendesk_plan", "The account's plan does not include the REST API: change the plan.")
    else:
        told = "The account's plan includes the REST API."
        yield build_good(
            "zendesk_plan", told if account.has_rest_api else "Zendesk does not tell what the plan includes."
        )


def _limit(config: IntegrationConfig) -> Check:
    pace = f"At most {config.requests_per_minute} calls a minute leave, for all integrations of the account"
    if config.requests_per_minute > ALLOWED_PER_MINUTE:
        return build_good(
            "zendesk_limit",
            f"{pace}; Zendesk allows {ALLOWED_PER_MINUTE} and will ask for pauses: set requests_per_minute to 150.",
        )
    return build_good("zendesk_limit", f"{pace}, of the {ALLOWED_PER_MINUTE} that Zendesk allows.")


def build_good(name: str, sentence: str) -> Check:
    """Return that something holds."""
    return Check(name=name, is_ok=True, sentence=sentence)


def build_bad(name: str, sentence: str) -> Check:
    """Return that something does not hold."""
    return Check(name=name, is_ok=False, sentence=sentence)
