"""Tries a change of secrets before it happens: makes and checks tokens under every secret kept, and changes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from linking import registry
from linking.core.config import IntegrationConfig, LoginAlgorithm
from linking.integrations.check_login import Check
from linking.integrations.saving import Actor, save_integration
from linking.models import Integration
from linking.registry import NoSuchIntegration
from linking.tokens import jws
from linking.tokens.login_jwt import ISSUER, PROJECT_CLAIM, VerifiedUser, verify_login_jwt
from linking.tokens.refusals import Refused
from linking.tokens.zendesk_jwt import zendesk_jwt

_LOGIN_HEADER = jws.encode_header({"alg": "HS256", "typ": "JWT"})
_NOBODY = "rehearsal"
_EMAIL = "rehearsal@users.invalid"
_AT_ONCE = (
    "login_secret_key: Login JWTs under the present secret would be refused at once; previous_login_secret_until lets "
    "them run out."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a change would do: a line a secret, and the warnings that saving it would give."""

    checks: tuple[Check, ...]
    warnings: tuple[str, ...]


def rehearse_change(*, slug: str, values: Mapping[str, object], now: datetime, allow_loopback: bool) -> Rehearsal:
    """Return what `rehearse_integration` would say once `values` were saved; nothing is, and nobody is told.

    The values go the whole way into the tables, in a transaction that is taken back, so that what was rehearsed is what
    saving does.

    Raises: NoSuchIntegration, BadIntegration as `save_integration` would.
    """
    present = _config(slug)[0].login_secrets
    with transaction.atomic():
        actor = Actor(name=_NOBODY)
        saved = save_integration(slug=slug, values=values, actor=actor, now=now, allow_loopback=allow_loopback)
        config = _config(slug)[0]
        checks = rehearse_integration(slug=slug, now=now)
        transaction.set_rollback(True)
    is_hard = any(not _accepts(config, secret=secret, now=now.timestamp()) for secret in present)
    is_hard = is_hard and config.login_algorithm is LoginAlgorithm.HS256
    return Rehearsal(checks=checks, warnings=(*saved.warnings, *((_AT_ONCE,) if is_hard else ())))


def rehearse_integration(*, slug: str, now: datetime) -> tuple[Check, ...]:
    """Return what each secret does now and will do after the next change, a line each; no call leaves this machine.

    Raises: NoSuchIntegration.
    """
    config, problems = _config(slug)
    unreadable = (Check(name="secrets", is_ok=False, sentence=problem) for problem in problems)
    return (*unreadable, *_login(config, now=now.timestamp()), *_zendesk(config, now=now.timestamp()))


def _config(slug: str) -> tuple[IntegrationConfig, tuple[str, ...]]:
    row = Integration.objects.filter(slug=slug).prefetch_related("secrets", "blocked_users").first()
    if row is None:
        raise NoSuchIntegration(slug)
    config, problems = registry.config_of(row)
    return config, tuple(problems)


def _login(config: IntegrationConfig, *, now: float) -> Iterator[Check]:
    if config.login_algorithm is LoginAlgorithm.RS256:
        sentence = "Login signs with RS256; its new keys are fetched by themselves."
        yield Check(name="login_secret_key", is_ok=True, sentence=sentence)
        return
    for secret in config.login_secrets or (b"",):
        is_ok = _accepts(config, secret=secret, now=now)
        sentence = "A Login JWT under it is accepted." if is_ok else "No Login JWT under it would be accepted: set it."
        yield Check(name="login_secret_key", is_ok=is_ok, sentence=sentence)
    if config.previous_login_secret:
        yield _previous(config, now=now)


def _previous(config: IntegrationConfig, *, now: float) -> Check:
    until = config.previous_login_secret_until_epoch_s
    is_current = config.previous_login_secret in config.login_secrets
    is_accepted = _accepts(config, secret=config.previous_login_secret, now=now)
    is_ended = not _accepts(config, secret=config.previous_login_secret, now=max(now, until))
    if is_current:
        sentence = "It is the current secret as well: nothing would change."
    elif is_accepted:
        sentence = f"A Login JWT under it is accepted until {_format_time(until)}, and refused from then on."
    else:
        sentence = f"Its time ended at {_format_time(until)}: a Login JWT under it is refused."
    return Check(name="login_secret_key_previous", is_ok=is_ended and not is_current, sentence=sentence)


def _zendesk(config: IntegrationConfig, *, now: float) -> Iterator[Check]:
    secret, following = config.zendesk_shared_secret, config.zendesk_shared_secret_next
    switch = config.zendesk_secret_switch_epoch_s
    is_scheduled = bool(following) and switch != float("inf")
    in_force = config.zendesk_secret_at(now)
    yield _check_signing("zendesk_shared_secret", "now", config=config, secret=in_force, others=(), now=now)
    if not following:
        return
    if not is_scheduled:
        sentence = "It waits: zendesk_secret_switch_at is not set."
        yield Check(name="zendesk_shared_secret_next", is_ok=False, sentence=sentence)
    elif now >= switch:
        sentence = f"It took over at {_format_time(switch)}; the next save makes it the secret."
        yield Check(name="zendesk_shared_secret_next", is_ok=True, sentence=sentence)
    else:
        when = f"from {_format_time(switch)} on (visitors can drop for about five minutes then)"
        yield _check_signing(
            "zendesk_shared_secret_next", when, config=config, secret=following, others=(secret,), now=switch
        )


def _check_signing(
    name: str, when: str, *, config: IntegrationConfig, secret: bytes, others: tuple[bytes, ...], now: float
) -> Check:
    try:
        token = zendesk_jwt(user=_nobody(), config=config, now=now)
    except Refused as error:
        return Check(name=name, is_ok=False, sentence=f"No Zendesk JWT could be made {when}: {error.reason.value}.")
    is_ok = _is_by(token, secret) and not any(_is_by(token, other) for other in others)
    sentence = f"A Zendesk JWT made {when} verifies under it."
    return Check(
        name=name, is_ok=is_ok, sentence=sentence if is_ok else f"It would not sign {when}: it is the old one."
    )


def _is_by(token: str, secret: bytes) -> bool:
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


def _nobody() -> VerifiedUser:
    return VerifiedUser(
        user_id=_NOBODY,
        email=_EMAIL,
        email_flaw=None,
        name="",
    )


def _format_time(epoch_s: float) -> str:
    return f"{datetime.fromtimestamp(epoch_s, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
