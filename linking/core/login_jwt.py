"""Login JWTs: every check between the text a browser sent and a user we believe in.

Source: developers.xsolla.com, /login-api/jwt-structure (claims) and /doc/login/security/jwt-signature (keys), 2026-11.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from linking.core import jws
from linking.core.config import IntegrationConfig, LoginAlgorithm
from linking.core.refusals import Reason, Refused
from linking.core.text import EMAIL_MAX_CHARACTERS, NAME_MAX_CHARACTERS, clean_line
from linking.core.user_ids import user_id_flaw

ISSUER = "https://login.xsolla.com"
PROJECT_CLAIM = "xsolla_login_project_id"
# Login stamps `iat` and `exp` with its own clock, and servers drift; a minute forgives drift and little else.
LEEWAY_S = 60
# 2100-01-01T00:00:00Z: a time beyond it is a mistake (milliseconds, say) and not a lifetime.
TIME_END_EPOCH_S = 4_102_444_800


Claims = Mapping[str, Any]


class LoginTokenError(Refused):
    """The token is well signed text at best, but not a Login JWT of this project that we accept now."""


class LoginSetupIncomplete(LoginTokenError):
    """The integration lacks the keys to judge any token; reasons `login_secret`, `rs256_keys`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginUser:
    """Whom a verified Login JWT names.

    `email` is "" when the token has none that Zendesk could take, and `email_flaw` then says why; `name` is the
    `username` or `name` claim, cleaned, or "". Times are epoch seconds.
    """

    user_id: str
    email: str
    email_flaw: Reason | None
    name: str
    login_project_id: str
    expires_epoch_s: int


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """One rule about the claims: `check(claims, config, now)` raises LoginTokenError when it is broken.

    `needs` names the rules that must hold before this one can be judged at all.
    """

    name: str
    check: Callable[[Claims, IntegrationConfig, float], None]
    needs: tuple[str, ...] = ()


def unverified_project_id(token: str) -> str:
    """Return the Login project ID that `token` claims, or "" when it claims none.

    Nobody has checked the signature: the answer may choose an integration, whose own key and project ID are then
    checked, and nothing else.

    Raises: JWSError when the token cannot be read.
    """
    project_id = jws.read_object(jws.read(token).payload).get(PROJECT_CLAIM)
    return project_id if isinstance(project_id, str) else ""


def verify_login_jwt(*, token: str, config: IntegrationConfig, now: float) -> LoginUser:
    """Return the user that `token` names, once every check has passed; `now` is in epoch seconds.

    Raises: JWSError, LoginTokenError, LoginSetupIncomplete; each carries its `reason`.
    """
    unverified = jws.read(token)
    check_signature(unverified, config=config)
    claims = jws.read_object(unverified.payload)
    for rule in CLAIM_RULES:
        rule.check(claims, config, now)
    return login_user(claims=claims, config=config)


def login_user(*, claims: Claims, config: IntegrationConfig) -> LoginUser:
    """Return the user of `claims`, which every one of `CLAIM_RULES` has passed."""
    email, email_flaw = _email(claims.get("email"))
    return LoginUser(
        user_id=claims["sub"],
        email=email,
        email_flaw=email_flaw,
        name=_name(claims),
        login_project_id=config.login_project_id,
        expires_epoch_s=claims["exp"],
    )


def check_signature(unverified: jws.UnverifiedJWS, *, config: IntegrationConfig) -> None:
    """Return when the Login project of `config` signed.

    Raises: JWSError (`algorithm`, `signature`), LoginSetupIncomplete.
    """
    if config.login_algorithm is not LoginAlgorithm.HS256:
        raise LoginSetupIncomplete(Reason.RS256_KEYS)
    if not any(config.login_secrets):
        raise LoginSetupIncomplete(Reason.LOGIN_SECRET)
    jws.verify_hs256(unverified, keys=config.login_secrets)


def _check_kind(claims: Claims, _config: IntegrationConfig, _now: float) -> None:
    # Login signs calls between servers with the same key; they speak for a machine and name no player.
    if claims.get("type") == "server" or "request_type" in claims:
        raise LoginTokenError(Reason.SERVER_TOKEN)


def _check_exp(claims: Claims, _config: IntegrationConfig, _now: float) -> None:
    expires = claims.get("exp")
    if expires is None:
        raise LoginTokenError(Reason.EXP_MISSING)
    if not isinstance(expires, int) or not _is_time(expires):
        raise LoginTokenError(Reason.EXP_INVALID)


def _check_iat(claims: Claims, _config: IntegrationConfig, _now: float) -> None:
    # A null is no time either: only a claim that is not there at all is left out.
    if "iat" in claims and not _is_time(claims["iat"]):
        raise LoginTokenError(Reason.IAT_INVALID)


def _check_nbf(claims: Claims, _config: IntegrationConfig, _now: float) -> None:
    if "nbf" in claims and not _is_time(claims["nbf"]):
        raise LoginTokenError(Reason.NBF_INVALID)


def _check_lifetime(claims: Claims, _config: IntegrationConfig, _now: float) -> None:
    issued = claims.get("iat")
    if issued is not None and claims["exp"] <= issued:
        raise LoginTokenError(Reason.LIFETIME)


def _check_not_expired(claims: Claims, _config: IntegrationConfig, now: float) -> None:
    if now >= claims["exp"] + LEEWAY_S:
        raise LoginTokenError(Reason.EXPIRED)


def _check_begun(claims: Claims, _config: IntegrationConfig, now: float) -> None:
    if max(claims.get("iat") or 0, claims.get("nbf") or 0) > now + LEEWAY_S:
        raise LoginTokenError(Reason.NOT_YET_VALID)


def _is_time(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < TIME_END_EPOCH_S


def _check_issuer(claims: Claims, _config: IntegrationConfig, _now: float) -> None:
    if claims.get("iss") != ISSUER:
        raise LoginTokenError(Reason.ISSUER)


def _check_project(claims: Claims, config: IntegrationConfig, _now: float) -> None:
    if claims.get(PROJECT_CLAIM) != config.login_project_id:
        raise LoginTokenError(Reason.PROJECT)


def _check_audience(claims: Claims, config: IntegrationConfig, _now: float) -> None:
    # Login sends no audience or an empty list. One that names somebody else means: not for us (RFC 7519 §4.1.3).
    audience = claims.get("aud")
    if audience in (None, "", [], config.login_project_id):
        return
    if not isinstance(audience, list) or config.login_project_id not in audience:
        raise LoginTokenError(Reason.AUDIENCE)


_SUB_REASONS = {
    "not_text": Reason.SUB_NOT_TEXT,
    "blank": Reason.SUB_BLANK,
    "too_long": Reason.SUB_TOO_LONG,
    "surrounding_blanks": Reason.SUB_SURROUNDING_BLANKS,
    "unprintable": Reason.SUB_UNPRINTABLE,
    "junk": Reason.SUB_JUNK,
}


def _check_sub(claims: Claims, _config: IntegrationConfig, _now: float) -> None:
    sub = claims.get("sub")
    if sub is None:
        raise LoginTokenError(Reason.SUB_MISSING)
    if flaw := user_id_flaw(sub):
        raise LoginTokenError(_SUB_REASONS[flaw])


# In the order in which they are made. The token doctor runs the same ones, each by itself.
CLAIM_RULES = (
    ClaimRule("kind", _check_kind),
    ClaimRule("exp", _check_exp),
    ClaimRule("iat", _check_iat),
    ClaimRule("nbf", _check_nbf),
    ClaimRule("lifetime", _check_lifetime, needs=("exp", "iat")),
    ClaimRule("not_expired", _check_not_expired, needs=("exp",)),
    ClaimRule("begun", _check_begun, needs=("iat", "nbf")),
    ClaimRule("issuer", _check_issuer),
    ClaimRule("project", _check_project),
    ClaimRule("audience", _check_audience),
    ClaimRule("sub", _check_sub),
)


def _email(value: object) -> tuple[str, Reason | None]:
    """Return a usable address, or "" and why there is none.

    An address is taken as it is or not at all: one that cleaning would change is another address, maybe another
    person's. Zendesk takes no accented characters in it.
    """
    email = value.strip() if isinstance(value, str) else ""
    if not email:
        return "", Reason.EMAIL_MISSING
    if len(email) > EMAIL_MAX_CHARACTERS or not (email.isascii() and email.isprintable()):
        return "", Reason.EMAIL_UNUSABLE
    return email, None


def _name(claims: Claims) -> str:
    username = clean_line(claims.get("username"), max_characters=NAME_MAX_CHARACTERS)
    return username or clean_line(claims.get("name"), max_characters=NAME_MAX_CHARACTERS)
