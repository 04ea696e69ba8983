"""Which host is asked for chats: a retired one is replaced; `auto` means the one of two addresses that answers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from linking.clients.vendor_urls import candidate_addresses, current_address, is_retired
from linking.clients.zendesk_api import ZendeskError, ZendeskTryLater
from linking.clients.zendesk_chat import ChatClient
from linking.core.config import IntegrationConfig
from linking.models import StopReason
from linking.sync.calls_with_retries import PacedCaller
from linking.sync.store import hosts


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`url` answered as Chat does, "" where none did; `failures` says by address what the others did instead."""

    url: str
    failures: tuple[tuple[str, str], ...]


def replace_retired_host(config: IntegrationConfig) -> tuple[IntegrationConfig, str]:
    """Return the configuration with Zendesk's address of today, and a sentence where that is not the one set."""
    if config.is_host_sought:
        is_old = is_retired(config.zendesk_api_url)
        return config, "Only the retired host www.zopim.com answers as Chat does." if is_old else ""
    address = current_address(config.zendesk_api_url, subdomain=config.zendesk_subdomain)
    if address == config.zendesk_api_url:
        return config, ""
    return replace(config, zendesk_api_url=address), (
        f"The host www.zopim.com is retired; {address} was called. Put it into zendesk_api_url, or leave that empty."
    )


def look(
    *, config: IntegrationConfig, allow_loopback: bool, ask: Callable[[Callable[[], str]], str] = lambda call: call()
) -> Look:
    """Ask the addresses in turn, today's first, until one answers as Chat does; at most two calls.

    Args:
        ask: what lets a call leave when it may.

    Source: a public client asks `/agents` at the one and the other address, and uses whichever answers 200.
    """
    failures: list[tuple[str, str]] = []
    for url in candidate_addresses(config.zendesk_subdomain):
        flaw = ask(partial(_find_flaw, url=url, config=config, allow_loopback=allow_loopback))
        if not flaw:
            return Look(url=url, failures=tuple(failures))
        failures.append((url, flaw))
    return Look(url="", failures=tuple(failures))


def look_and_keep(*, config: IntegrationConfig, allow_loopback: bool, now: datetime) -> Look:
    """Look at once, because a person asks, and keep what was found."""
    _claim(config, now=now, is_urgent=True)
    result = look(config=config, allow_loopback=allow_loopback)
    _keep(config, result)
    return result


def find_answering_host(
    config: IntegrationConfig, *, caller: PacedCaller, allow_loopback: bool, is_urgent: bool = False
) -> IntegrationConfig:
    """Return the settings with the address that answers, looked for when it is time and the address is `auto`.

    Where none answers, the address stays: the calls that follow then say what is wrong.

    Raises: Halt.
    """
    if not config.is_host_sought or not config.zendesk_access_token:
        return config
    if not _claim(config, now=caller.clock.now(), is_urgent=is_urgent):
        return config
    result = look(config=config, allow_loopback=allow_loopback, ask=caller.ask)
    _keep(config, result)
    return replace(config, zendesk_api_url=result.url or config.zendesk_api_url)


def find_other_host(
    config: IntegrationConfig, *, reason: str, caller: PacedCaller, allow_loopback: bool
) -> IntegrationConfig | None:
    """Return the settings with another address after a pass stopped for `reason`, None where that helps nobody."""
    if not config.is_host_sought:
        return None
    if reason == StopReason.VENDOR_FAULT:
        hosts.doubt(integration_id=config.integration_id, now=caller.clock.now())
    if reason != StopReason.HOST:
        return None
    changed_config = find_answering_host(config, caller=caller, allow_loopback=allow_loopback, is_urgent=True)
    return None if changed_config.zendesk_api_url == config.zendesk_api_url else changed_config


def _claim(config: IntegrationConfig, *, now: datetime, is_urgent: bool) -> bool:
    return hosts.claim_look(
        integration_id=config.integration_id, subdomain=config.zendesk_subdomain, now=now, is_urgent=is_urgent
    )


def _keep(config: IntegrationConfig, result: Look) -> None:
    if result.url:
        hosts.keep(integration_id=config.integration_id, subdomain=config.zendesk_subdomain, url=result.url)


def _find_flaw(*, url: str, config: IntegrationConfig, allow_loopback: bool) -> str:
    """Return why `url` is not where Chat answers, "" when it is.

    Raises: ZendeskTryLater for a pause that Zendesk asks for, which holds for the account and not for the address.
    """
    client = None
    try:
        client = ChatClient(base_url=url, access_token=config.zendesk_access_token, allow_loopback=allow_loopback)
        return "" if client.agents_me().agent_id else "The answer names no agent."
    except ZendeskTryLater as error:
        if error.reason == StopReason.VENDOR_PAUSE:
            raise
        return str(error)
    except ZendeskError as error:
        return str(error)
    finally:
        if client is not None:
            client.close()
