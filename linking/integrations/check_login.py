"""Tries both sides of an integration as its own calls will; a sentence for each check says what to do."""

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking import registry
from linking.clients.xsolla_login import LoginClient, LoginError, LoginRefused
from linking.core.config import IntegrationConfig, LoginAlgorithm, SecretName, ZendeskProduct
from linking.core.key_sets import usable_keys
from linking.core.secretbox import SealBroken
from linking.integrations.check_support import check_support
from linking.integrations.check_zendesk import CALL_A_PERSON, Check, check_zendesk
from linking.integrations.rules import find_format_flaw
from linking.models import ConnectionFlaw, ConnectionState, Integration, ZendeskConnection
from linking.monitoring import status
from linking.sync import connections
from linking.tokens import clock_offsets
from linking.tokens.clock_reading import ClockReading

# Zendesk accepts a token from at most three minutes ahead; beyond one minute a clock needs setting.
CLOCK_LIMIT_S = 60
_CHECKS = {ZendeskProduct.CHAT: check_zendesk, ZendeskProduct.MESSAGING: check_support}


def check_integration(*, slug: str, login_api_url: str, allow_loopback: bool, now: datetime) -> tuple[Check, ...]:
    """Return all checks, each after those it depends on. Makes up to seven calls.

    Raises: NoSuchIntegration.
    """
    row = Integration.objects.filter(slug=slug).prefetch_related("secrets").first()
    if row is None:
        raise registry.NoSuchIntegration(slug)
    config = registry.config_of(row)[0]
    checks = [_check_settings(row), *_check_secrets(row), *_check_connection(row), _check_origins(config)]
    login, login_clock = check_login_keys(config=config, base_url=login_api_url, allow_loopback=allow_loopback)
    zendesk, zendesk_clock = _CHECKS[config.zendesk_product](
        config=config, is_wanted=row.sync_enabled, allow_loopback=allow_loopback, now=now
    )
    answered_at = zendesk_clock or login_clock
    clock = _check_clock(answered_at=answered_at, now=now)
    tokens = _check_clock_of_tokens(clock_offsets.readings(now=now).get(row.pk), answered_at=answered_at, now=now)
    return (*checks, login, *zendesk, clock, *([tokens] if tokens else []))


def _check_settings(row: Integration) -> Check:
    if not row.enabled:
        return Check(name="enabled", is_ok=False, sentence=_("The integration is switched off. Set enabled to true."))
    if row.blocked_reason:
        sentence = CALL_A_PERSON.get(row.blocked_reason, _("The sync waits for a person."))
        return Check(name="enabled", is_ok=False, sentence=str(sentence))
    return Check(name="enabled", is_ok=True, sentence=_("The integration is switched on."))


def _check_secrets(row: Integration) -> Iterator[Check]:
    rows = {secret.name: secret for secret in row.secrets.all()}
    for missing in status.list_missing_secrets(row, names=set(rows)):
        yield Check(name=str(missing), is_ok=False, sentence=_("The secret is not set."))
    for name, secret in sorted(rows.items()):
        try:
            plain = registry.resolve(secret.reveal())
        except (SealBroken, registry.SecretUnavailable) as error:
            yield Check(name=name, is_ok=False, sentence=_("The secret cannot be used. %(why)s") % {"why": error})
            continue
        flaw = find_format_flaw(plain, name=SecretName(name))
        sentence = _("The secret is set (fingerprint %(mark)s, by %(who)s).")
        sentence %= {"mark": secret.fingerprint, "who": secret.set_by}
        yield Check(name=name, is_ok=not flaw, sentence=flaw.to_text(_) if flaw else sentence)


def _check_connection(row: Integration) -> Iterator[Check]:
    found = connections.find_connection(integration_id=row.pk)
    if found is None:
        return
    name = "zendesk_connection"
    if found.state == ConnectionState.LOST:
        sentence = _("%(why)s An administrator must connect with Zendesk again, on the set-up page.")
        sentence %= {"why": ConnectionFlaw(found.flaw).label}
        yield Check(name=name, is_ok=False, sentence=sentence)
        return
    yield Check(name=name, is_ok=True, sentence=_describe_connection(found))


def _describe_connection(found: ZendeskConnection) -> str:
    if found.refresh_sealed and found.expires_at:
        sentence = _("Connected by %(who)s. The access token ends at %(end)s UTC and is renewed automatically.")
    elif found.refresh_sealed:
        sentence = _("Connected by %(who)s. The access token is renewed automatically.")
    elif found.expires_at:
        sentence = _("Connected by %(who)s. The access token ends at %(end)s UTC and is not renewed automatically.")
    else:
        sentence = _("Connected by %(who)s. The access token is not renewed automatically.")
    end = f"{found.expires_at:%Y-%m-%d %H:%M}" if found.expires_at else ""
    return sentence % {"who": found.connected_by, "end": end}


def _check_origins(config: IntegrationConfig) -> Check:
    number = len(config.allowed_origins)
    if not number:
        return Check(name="origins", is_ok=False, sentence=_("No page may request tokens. Set allowed_origins."))
    return Check(
        name="origins",
        is_ok=True,
        sentence=ngettext("%(number)s origin is allowed.", "%(number)s origins are allowed.", number)
        % {"number": number},
    )


def check_login_keys(
    *, config: IntegrationConfig, base_url: str, allow_loopback: bool
) -> tuple[Check, datetime | None]:
    """Return whether Login knows the project and lists usable keys, and the time there, None if unknown."""
    name = "login_keys"
    try:
        client = LoginClient(base_url=base_url, allow_loopback=allow_loopback)
        try:
            found = client.key_set(project_id=config.login_project_id)
        finally:
            client.close()
    except LoginRefused as error:
        sentence = _("%(why)s Check XSOLLA_LOGIN_API_URL.")
        if error.reason == "project":
            sentence = _("%(why)s Check login_project_id.")
        return Check(name=name, is_ok=False, sentence=sentence % {"why": error}), None
    except LoginError as error:
        return Check(name=name, is_ok=False, sentence=_("%(why)s Try again later.") % {"why": error}), None
    number = len(found.keys)
    if config.login_algorithm is LoginAlgorithm.RS256:
        usable = len(usable_keys(found.keys, encoding=found.encoding).keys)
        if not usable:
            sentence = _("The Login project has no public key. Choose RS256 there, or set HS256 here.")
            if number:
                sentence = _("No key of the Login project can verify RS256. Choose RS256 there, or set HS256 here.")
            return Check(name=name, is_ok=False, sentence=sentence), found.answered_at
    sentence = ngettext(
        "Xsolla Login answers. The project has %(number)s public key.",
        "Xsolla Login answers. The project has %(number)s public keys.",
        number,
    ) % {"number": number}
    return Check(name=name, is_ok=True, sentence=sentence), found.answered_at


def _check_clock(*, answered_at: datetime | None, now: datetime) -> Check:
    if answered_at is None:
        return Check(name="clock", is_ok=True, sentence=_("Not checked, because no answer contained the time."))
    off_s = round((now - answered_at).total_seconds())
    if abs(off_s) <= CLOCK_LIMIT_S:
        return Check(name="clock", is_ok=True, sentence=_("This machine's clock agrees with the vendor's."))
    sentence = _("This machine's clock is %(seconds)s s behind the vendor's. Set it by NTP.")
    if off_s > 0:
        sentence = _("This machine's clock is %(seconds)s s ahead of the vendor's. Set it by NTP.")
    return Check(name="clock", is_ok=False, sentence=sentence % {"seconds": abs(off_s)})


def _check_clock_of_tokens(
    reading: ClockReading | None, *, answered_at: datetime | None, now: datetime
) -> Check | None:
    """Return what players' tokens show about this machine's clock, None if none came from the future."""
    name = "clock_of_tokens"
    if reading is None:
        return None
    values = {"number": reading.tokens, "median": reading.median_s, "most": reading.largest_s}
    if not reading.is_telling:
        sentence = ngettext(
            "%(number)s token of the last hour came from the future (%(most)s s): too few to blame a clock.",
            "%(number)s tokens of the last hour came from the future (median %(median)s s, at most %(most)s s): too "
            "few to blame a clock.",
            reading.tokens,
        )
        return Check(name=name, is_ok=True, sentence=sentence % values)
    is_right = answered_at is not None and abs((now - answered_at).total_seconds()) < reading.median_s / 2
    sentence = _(
        "%(number)s tokens of the last hour came from the future (median %(median)s s, at most %(most)s s). This "
        "machine's clock is behind Login's. Set it by NTP."
    )
    if is_right:
        sentence = _(
            "%(number)s tokens of the last hour came from the future (median %(median)s s, at most %(most)s s). This "
            "machine's clock agrees with the vendor's, so set the clock of the machine that signs those tokens."
        )
    return Check(name=name, is_ok=False, sentence=sentence % values)
