"""Tries Zendesk's side, one check each: host, token, role, scope, account, plan, limit."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.clients.oauth_messages import authority_of
from linking.clients.zendesk_api import ZendeskError, ZendeskRefused, ZendeskTryLater
from linking.clients.zendesk_chat import ChatClient, is_support_token
from linking.core.config import IntegrationConfig
from linking.monitoring import stop_reasons
from linking.sync import zendesk_host

# Source: Chat API, Rate limits: 200 requests a minute for the whole account, on all plans.
ALLOWED_PER_MINUTE = 200
# The export must not be asked for the last five minutes.
YOUNGEST_START_S = 301
OF_SUPPORT = gettext_lazy(
    "This is a token of Zendesk Support, which works for Support's API and not for Chat's. Use “Connect with Zendesk” "
    "on the set-up page, or create an OAuth client in Chat (Settings, Account, API) and set zendesk_access_token to "
    "its token."
)

CALL_A_PERSON: Mapping[str, str | Promise] = MappingProxyType(
    {
        "credentials": stop_reasons.STOP_MEANINGS["credentials"].remedy,
        "scope": gettext_lazy("The token must belong to an administrator and have the scope read."),
        "host": stop_reasons.STOP_MEANINGS["host"].remedy,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The result of one check; `sentence` says what was found and what to do, without secrets."""

    name: str
    is_ok: bool
    sentence: str


def check_zendesk(
    *, config: IntegrationConfig, is_wanted: bool, allow_loopback: bool, now: datetime
) -> tuple[list[Check], datetime | None]:
    """Return the checks, each after those it depends on, and the time at Zendesk, None if unknown.

    Args:
        is_wanted: whether the sync reads Chat.
    """
    if not config.zendesk_access_token and not is_wanted:
        sentence = _("Not checked: the sync does not read Chat, and no access token is set.")
        return [build_good("zendesk_token", sentence)], None
    config, host = _find_host(config=config, allow_loopback=allow_loopback, now=now)
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
            return [*host, build_bad(_choose_name(config), _("%(why)s Try again later.") % {"why": error})], None
        if not host:
            host = (
                build_good(
                    "zendesk_host",
                    notice or _("%(address)s answers as Chat does.") % {"address": config.zendesk_api_url},
                ),
            )
        token = [build_good("zendesk_token", _("Zendesk accepts the access token."))]
        token.append(_check_role(is_enabled=agent.is_enabled, roles=agent.roles))
        token.append(_check_scope(client=client, now=now))
        return [*host, *token, *_check_account(client=client, config=config), _check_limit(config)], agent.answered_at


def check_token(*, config: IntegrationConfig, allow_loopback: bool) -> Check:
    """Return whether Zendesk Chat accepts the access token, and its agent may read visitors; one call.

    A second call is made where the token is refused, to tell whether it is one of Zendesk Support.
    """
    try:
        client = ChatClient(
            base_url=config.zendesk_api_url,
            access_token=config.zendesk_access_token,
            allow_loopback=allow_loopback,
        )
    except ZendeskRefused as error:
        return _explain_refusal(error, config=config)
    with closing(client):
        try:
            agent = client.agents_me()
        except ZendeskRefused as error:
            return _explain_refusal(error, config=config, allow_loopback=allow_loopback)
        except ZendeskError as error:
            return build_bad("zendesk_token", _("%(why)s Try again later.") % {"why": error})
    role = _check_role(is_enabled=agent.is_enabled, roles=agent.roles)
    return build_good("zendesk_token", _("Zendesk accepts the access token.")) if role.is_ok else role


def _find_host(
    *, config: IntegrationConfig, allow_loopback: bool, now: datetime
) -> tuple[IntegrationConfig, tuple[Check, ...]]:
    """Find the address if it is `auto`; return the settings with it, and the checks."""
    if not config.is_host_sought or not config.zendesk_access_token:
        return config, ()
    try:
        found = zendesk_host.look_and_keep(config=config, allow_loopback=allow_loopback, now=now)
    except ZendeskTryLater as error:
        return config, (build_bad("zendesk_host", _("%(why)s Try again later.") % {"why": error}),)
    values = {
        "address": found.url or config.zendesk_api_url,
        "failures": " ".join(f"{url}: {flaw}" for url, flaw in found.failures),
    }
    if not found.url:
        sentence = _("auto: neither address answers as Chat does. %(failures)s %(address)s stays in use.")
        return config, (build_bad("zendesk_host", sentence % values),)
    sentence = _("auto: %(address)s answers and is used. %(failures)s")
    sentence = (sentence % values).strip()
    return replace(config, zendesk_api_url=found.url), (build_good("zendesk_host", sentence),)


def _choose_name(config: IntegrationConfig) -> str:
    """Return the name of the check that reports no answer: the host's, unless that check is made already."""
    return "zendesk_token" if config.is_host_sought else "zendesk_host"


def _explain_refusal(error: ZendeskRefused, *, config: IntegrationConfig, allow_loopback: bool = False) -> Check:
    if error.reason == "host":
        return build_bad(_choose_name(config), _advise(error))
    authority = authority_of(api_url=config.zendesk_api_url, subdomain=config.zendesk_subdomain)
    if error.status == 401 and is_support_token(
        authority=authority, access_token=config.zendesk_access_token, allow_loopback=allow_loopback
    ):
        return build_bad("zendesk_token", str(OF_SUPPORT))
    return build_bad("zendesk_token", _advise(error))


def _advise(error: ZendeskRefused) -> str:
    """Return what Zendesk refused, and what a person should do."""
    advice = CALL_A_PERSON.get(error.reason, "")
    return (_("%(why)s %(advice)s") % {"why": error, "advice": advice}).strip()


def _check_role(*, is_enabled: bool, roles: tuple[str, ...]) -> Check:
    name = "zendesk_role"
    if not is_enabled:
        return build_bad(name, _("The agent of the token is disabled in Zendesk."))
    if not roles:
        return build_good(name, _("Zendesk does not show the role of the token's agent."))
    if not {"administrator", "owner"} & set(roles):
        return build_bad(name, _("The agent of the token is not an administrator, so Zendesk hides visitors from it."))
    return build_good(name, _("The roles of the token's agent: %(roles)s.") % {"roles": ", ".join(roles)})


def _check_scope(*, client: ChatClient, now: datetime) -> Check:
    name = "zendesk_scope"
    try:
        client.export_page(start_epoch_s=int(now.timestamp()) - YOUNGEST_START_S, limit=1)
    except ZendeskRefused as error:
        return build_bad(name, _("Chats cannot be read. %(why)s") % {"why": _advise(error)})
    except ZendeskError as error:
        return build_bad(name, _("%(why)s Try again later.") % {"why": error})
    return build_good(name, _("Chats can be read."))


def _check_account(*, client: ChatClient, config: IntegrationConfig) -> Iterator[Check]:
    name = "zendesk_account"
    try:
        account = client.account()
    except ZendeskRefused as error:
        yield build_bad(name, _advise(error))
        return
    except ZendeskError as error:
        yield build_bad(name, _("%(why)s Try again later.") % {"why": error})
        return
    if config.zendesk_account_key and account.account_key and account.account_key != config.zendesk_account_key:
        yield build_bad(name, _("The token belongs to another account than zendesk_account_key. Check both."))
    elif account.status:
        yield build_good(name, _("The account answers. Its status is %(status)s.") % {"status": account.status})
    else:
        yield build_good(name, _("The account answers."))
    if account.has_rest_api is False:
        yield build_bad("zendesk_plan", _("The plan of the account does not include the REST API. Change the plan."))
    else:
        sentence = _("The plan of the account includes the REST API.")
        if not account.has_rest_api:
            sentence = _("Zendesk does not show what the plan of the account includes.")
        yield build_good("zendesk_plan", sentence)


def _check_limit(config: IntegrationConfig) -> Check:
    values = {"number": config.requests_per_minute, "allowed": ALLOWED_PER_MINUTE}
    sentence = _(
        "At most %(number)s calls a minute, for all integrations of the account. Zendesk allows %(allowed)s a minute."
    )
    if config.requests_per_minute > ALLOWED_PER_MINUTE:
        sentence = _(
            "At most %(number)s calls a minute, for all integrations of the account. Zendesk allows only %(allowed)s "
            "and will ask for pauses: set requests_per_minute to 150."
        )
    return build_good("zendesk_limit", sentence % values)


def build_good(name: str, sentence: str) -> Check:
    """Return a passed check."""
    return Check(name=name, is_ok=True, sentence=sentence)


def build_bad(name: str, sentence: str) -> Check:
    """Return a failed check."""
    return Check(name=name, is_ok=False, sentence=sentence)
