"""Tries an integration's both sides, as its own calls will, and says in a sentence each what to do."""

from collections.abc import Iterator
from datetime import datetime

from linking import registry
from linking.clients.xsolla_login import LoginClient, LoginError, LoginRefused
from linking.core.config import IntegrationConfig, LoginAlgorithm, SecretName, ZendeskProduct
from linking.core.key_sets import usable_keys
from linking.core.secretbox import SealBroken
from linking.integrations.check_support import check_support
from linking.integrations.check_zendesk import CALL_A_PERSON, Check, check_zendesk
from linking.integrations.rules import find_format_flaw
from linking.models import ConnectionFlaw, ConnectionState, Integration
from linking.monitoring import status
from linking.sync import connections
from linking.tokens import clock_offsets
from linking.tokens.clock_reading import ClockReading

# Zendesk accepts a token from three minutes ahead at most; beyond a minute somebody's clock needs setting.
CLOCK_LIMIT_S = 60
_CHECKS = {ZendeskProduct.CHAT: check_zendesk, ZendeskProduct.MESSAGING: check_support}


def check_integration(*, slug: str, login_api_url: str, allow_loopback: bool, now: datetime) -> tuple[Check, ...]:
    """Return everything tried, in the order it depends on one another. Makes up to seven calls.

    Raises: NoSuchIntegration.
    """
    row = Integration.objects.filter(slug=slug).prefetch_related("secrets").first()
    if row is None:
        raise registry.NoSuchIntegration(slug)
    config, _problems = registry.config_of(row)
    checks = [_settings(row), *_secrets(row), *_connection(row), _origins(config)]
    login, login_clock = _login(config=config, base_url=login_api_url, allow_loopback=allow_loopback)
    zendesk, zendesk_clock = _CHECKS[config.zendesk_product](
        config=config, is_wanted=row.sync_enabled, allow_loopback=allow_loopback, now=now
    )
    answered_at = zendesk_clock or login_clock
    clock = _clock(answered_at=answered_at, now=now)
    tokens = _clock_of_tokens(clock_offsets.readings(now=now).get(row.pk), answered_at=answered_at, now=now)
    return (*checks, login, *zendesk, clock, *([tokens] if tokens else []))


def _settings(row: Integration) -> Check:
    if not row.enabled:
        return Check(name="enabled", is_ok=False, sentence="It is switched off: set enabled to true.")
    if row.blocked_reason:
        sentence = f"The sync stopped ({row.blocked_reason}). {CALL_A_PERSON.get(row.blocked_reason, '')}".strip()
        return Check(name="enabled", is_ok=False, sentence=sentence)
    return Check(name="enabled", is_ok=True, sentence="It is switched on.")


def _secrets(row: Integration) -> Iterator[Check]:
    rows = {secret.name: secret for secret in row.secrets.all()}
    for missing in status.list_missing_secrets(row, names=set(rows)):
        yield Check(name=str(missing), is_ok=False, sentence="It is not set.")
    for name, secret in sorted(rows.items()):
        try:
            plain = registry.resolve(secret.reveal())
        except (SealBroken, registry.SecretUnavailable) as error:
            yield Check(name=name, is_ok=False, sentence=f"It cannot be had: {error}")
            continue
        flaw = find_format_flaw(plain, name=SecretName(name))
        found = f"It is set (fingerprint {secret.fingerprint}, by {secret.set_by})."
        yield Check(name=name, is_ok=not flaw, sentence=f"It {flaw}" if flaw else found)


def _connection(row: Integration) -> Iterator[Check]:
    found = connections.find_connection(integration_id=row.pk)
    if found is None:
        return
    name = "zendesk_connection"
    if found.state == ConnectionState.LOST:
        sentence = f"It was lost: {ConnectionFlaw(found.flaw).label}. {connections.CONNECT_AGAIN}"
        yield Check(name=name, is_ok=False, sentence=sentence)
        return
    ending = f", ends {found.expires_at:%Y-%m-%d %H:%M} UTC" if found.expires_at else ""
    renewal = "renewed by itself" if found.refresh_sealed else "not renewed by itself"
    sentence = f"Connected by {found.connected_by}; the access token is {renewal}{ending}."
    yield Check(name=name, is_ok=True, sentence=sentence)


def _origins(config: IntegrationConfig) -> Check:
    number = len(config.allowed_origins)
    if not number:
        return Check(name="origins", is_ok=False, sentence="No page may ask for tokens: set allowed_origins.")
    return Check(name="origins", is_ok=True, sentence=f"{number} listed.")


def _login(*, config: IntegrationConfig, base_url: str, allow_loopback: bool) -> tuple[Check, datetime | None]:
    name = "login_keys"
    try:
        client = LoginClient(base_url=base_url, allow_loopback=allow_loopback)
        try:
            found = client.key_set(project_id=config.login_project_id)
        finally:
            client.close()
    except LoginRefused as error:
        hint = "Check login_project_id." if error.reason == "project" else "Check XSOLLA_LOGIN_API_URL."
        return Check(name=name, is_ok=False, sentence=f"{error} {hint}"), None
    except LoginError as error:
        return Check(name=name, is_ok=False, sentence=f"{error} Try again later."), None
    number = len(found.keys)
    if config.login_algorithm is LoginAlgorithm.RS256:
        usable = len(usable_keys(found.keys, encoding=found.encoding).keys)
        if not usable:
            listed = f"none of {number} that can verify RS256" if number else "no public key"
            sentence = f"The Login project lists {listed}: choose RS256 in Publisher Account, or set HS256 here."
            return Check(name=name, is_ok=False, sentence=sentence), found.answered_at
    sentence = f"Xsolla Login answers and lists {number} public {'key' if number == 1 else 'keys'} of the project."
    return Check(name=name, is_ok=True, sentence=sentence), found.answered_at


def _clock(*, answered_at: datetime | None, now: datetime) -> Check:
    if answered_at is None:
        return Check(name="clock", is_ok=True, sentence="No answer named a time: not compared.")
    off_s = round((now - answered_at).total_seconds())
    if abs(off_s) <= CLOCK_LIMIT_S:
        return Check(name="clock", is_ok=True, sentence="This machine's clock agrees with the vendor's.")
    side = "ahead of" if off_s > 0 else "behind"
    return Check(
        name="clock", is_ok=False, sentence=f"This machine's clock is {abs(off_s)} s {side} the vendor's: set it."
    )


def _clock_of_tokens(reading: ClockReading | None, *, answered_at: datetime | None, now: datetime) -> Check | None:
    """Return what players' tokens say of this clock, None when none came from the future."""
    name = "clock_of_tokens"
    if reading is None:
        return None
    seen = (
        f"{reading.tokens} well-signed {'token' if reading.tokens == 1 else 'tokens'} of the last hour came from the "
        f"future (median {reading.median_s} s, at most {reading.largest_s} s)"
    )
    if not reading.is_telling:
        return Check(name=name, is_ok=True, sentence=f"{seen}: too few to blame a clock.")
    agrees = answered_at is not None and abs((now - answered_at).total_seconds()) < reading.median_s / 2
    blame = (
        "this machine's clock agrees with the vendor's, so set the clock of whoever signs those tokens."
        if agrees
        else "this machine's clock is behind Login's: set it by NTP."
    )
    return Check(name=name, is_ok=False, sentence=f"{seen}: {blame}")
