"""Rehearses a change of secrets: makes and verifies tokens with every stored secret, and changes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from linking import registry
from linking.core.config import IntegrationConfig, LoginAlgorithm
from linking.integrations.check_login import Check
from linking.integrations.saving import Actor, SettingWarning, save_integration
from linking.models import Integration
from linking.registry import NoSuchIntegration
from linking.tokens import jws
from linking.tokens.login_jwt import ISSUER, PROJECT_CLAIM, VerifiedUser, verify_login_jwt
from linking.tokens.refusals import REFUSALS, Refused
from linking.tokens.zendesk_jwt import zendesk_jwt

_LOGIN_HEADER = jws.encode_header({"alg": "HS256", "typ": "JWT"})
_NOBODY = "rehearsal"
_EMAIL = "rehearsal@users.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The effect of a change: a check for each secret, and the warnings that saving would give."""

    checks: tuple[Check, ...]
    warnings: tuple[SettingWarning, ...]


def rehearse_change(*, slug: str, values: Mapping[str, object], now: datetime, allow_loopback: bool) -> Rehearsal:
    """Return what `rehearse_integration` would return after saving `values`; nothing is saved.

    The values are written to the tables in a transaction that is rolled back, so a rehearsal does exactly what saving
    does.

    Raises: NoSuchIntegration, BadIntegration as `save_integration` would.
    """
    present = _load_config(slug)[0].login_secrets
    with transaction.atomic():
        actor = Actor(name=_NOBODY)
        saved = save_integration(slug=slug, values=values, actor=actor, now=now, allow_loopback=allow_loopback)
        config = _load_config(slug)[0]
        checks = rehearse_integration(slug=slug, now=now)
        transaction.set_rollback(True)
    is_abrupt = any(not _accepts(config, secret=secret, now=now.timestamp()) for secret in present)
    is_abrupt = is_abrupt and config.login_algorithm is LoginAlgorithm.HS256
    warnings = saved.warnings
    if is_abrupt:
        sentence = _(
            "Login JWTs signed with the current secret would be refused at once. Set previous_login_secret_until to "
            "accept them until they expire."
        )
        warnings = (*warnings, SettingWarning("login_secret_key", sentence))
    return Rehearsal(checks=checks, warnings=warnings)


def rehearse_integration(*, slug: str, now: datetime) -> tuple[Check, ...]:
    """Return a check of what each secret does now and after the next change, without network calls.

    Raises: NoSuchIntegration.
    """
    config, problems = _load_config(slug)
    unreadable = (Check(name="secrets", is_ok=False, sentence=problem) for problem in problems)
    return (*unreadable, *_check_login(config, now=now.timestamp()), *_check_zendesk(config, now=now.timestamp()))


def _load_config(slug: str) -> tuple[IntegrationConfig, tuple[str, ...]]:
    row = Integration.objects.filter(slug=slug).prefetch_related("secrets", "blocked_users").first()
    if row is None:
        raise NoSuchIntegration(slug)
    config, problems = registry.config_of(row)
    return config, tuple(problems)


def _check_login(config: IntegrationConfig, *, now: float) -> Iterator[Check]:
    if config.login_algorithm is LoginAlgorithm.RS256:
        sentence = _("Login signs with RS256. zdbridge loads its new keys automatically.")
        yield Check(name="login_secret_key", is_ok=True, sentence=sentence)
        return
    for secret in config.login_secrets or (b"",):
        is_ok = _accepts(config, secret=secret, now=now)
        sentence = _("Login JWTs signed with this secret are accepted.")
        if not is_ok:
            sentence = _("No Login JWT signed with this secret would be accepted. Set the secret.")
        yield Check(name="login_secret_key", is_ok=is_ok, sentence=sentence)
    if config.previous_login_secret:
        yield _check_previous(config, now=now)


def _check_previous(config: IntegrationConfig, *, now: float) -> Check:
    until = config.previous_login_secret_until_epoch_s
    is_current = config.previous_login_secret in config.login_secrets
    is_accepted = _accepts(config, secret=config.previous_login_secret, now=now)
    is_ended = not _accepts(config, secret=config.previous_login_secret, now=max(now, until))
    if is_current:
        sentence = _("This is also the current secret, so nothing would change.")
    elif is_accepted:
        sentence = _("Login JWTs signed with this secret are accepted until %(time)s, and refused after that.")
    else:
        sentence = _("Login JWTs signed with this secret have been refused since %(time)s.")
    return Check(
        name="login_secret_key_previous",
        is_ok=is_ended and not is_current,
        sentence=sentence % {"time": _format_time(until)},
    )


def _check_zendesk(config: IntegrationConfig, *, now: float) -> Iterator[Check]:
    secret, next_secret = config.zendesk_shared_secret, config.zendesk_shared_secret_next
    switch = config.zendesk_secret_switch_epoch_s
    is_scheduled = bool(next_secret) and switch != float("inf")
    in_force = config.zendesk_secret_at(now)
    yield _check_signing("zendesk_shared_secret", config=config, secret=in_force, others=(), now=now)
    if not next_secret:
        return
    if not is_scheduled:
        sentence = _("This secret is not used yet, because zendesk_secret_switch_at is not set.")
        yield Check(name="zendesk_shared_secret_next", is_ok=False, sentence=sentence)
    elif now >= switch:
        sentence = _("This secret is in use since %(time)s. The next save makes it the shared secret.")
        yield Check(name="zendesk_shared_secret_next", is_ok=True, sentence=sentence % {"time": _format_time(switch)})
    else:
        yield _check_signing(
            "zendesk_shared_secret_next", config=config, secret=next_secret, others=(secret,), now=switch
        )


def _check_signing(
    name: str, *, config: IntegrationConfig, secret: bytes, others: tuple[bytes, ...], now: float
) -> Check:
    """Check what signs at `now`: the secret in use, or the next one where there are `others` before it."""
    time = _format_time(now)
    try:
        token = zendesk_jwt(user=_build_nobody(), config=config, now=now)
    except Refused as error:
        sentence = _("No Zendesk JWT can be made at %(time)s: %(why)s")
        why = _(REFUSALS[error.reason].description)
        return Check(name=name, is_ok=False, sentence=sentence % {"time": time, "why": why})
    if not _is_signed_by(token, secret) or any(_is_signed_by(token, other) for other in others):
        sentence = _("This secret would not be used from %(time)s on, because it is the old one.")
        return Check(name=name, is_ok=False, sentence=sentence % {"time": time})
    sentence = _("Zendesk JWTs are signed with this secret now.")
    if others:
        sentence = _(
            "Zendesk JWTs are signed with this secret from %(time)s on. Visitors can drop for about five minutes then."
        )
    return Check(name=name, is_ok=True, sentence=sentence % {"time": time})


def _is_signed_by(token: str, secret: bytes) -> bool:
    try:
        jws.verify_hs256(jws.read(token), keys=(secret,))
    except jws.JWSError:
        return False
    return True


def _accepts(config: IntegrationConfig, *, secret: bytes, now: float) -> bool:
    claims = {
        "iss": ISSUER,
        "sub": _NOBODY,
        "email": _EMAIL,
        "iat": int(now),
        "exp": int(now) + 300,
        PROJECT_CLAIM: config.login_project_id,
    }
    if not secret:
        return False
    try:
        token = jws.sign_hs256(header_segment=_LOGIN_HEADER, claims=claims, key=secret)
        verify_login_jwt(token=token, config=config, now=now)
    except Refused:
        return False
    return True


def _build_nobody() -> VerifiedUser:
    return VerifiedUser(
        user_id=_NOBODY,
        email=_EMAIL,
        email_flaw=None,
        name="",
    )


def _format_time(epoch_s: float) -> str:
    return f"{datetime.fromtimestamp(epoch_s, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
