"""Login JWTs: every check between the text a browser sent and a user we believe in.

Source: developers.xsolla.com, /login-api/jwt-structure (claims) and /doc/login/security/jwt-signature (keys), 2026-11.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from linking.core.config import IntegrationConfig, LoginAlgorithm, ZendeskProduct
from linking.core.key_sets import NO_KEYS, KeySet
from linking.core.text import EMAIL_MAX_CHARACTERS, NAME_MAX_CHARACTERS, clean_line
from linking.core.user_ids import user_id_flaw
from linking.tokens import jws
from linking.tokens.refusals import Reason, Refused

ISSUER = "https://login.xsolla.com"
PROJECT_CLAIM = "xsolla_login_project_id"
# Login stamps `iat` and `exp` with its own clock, and servers drift; a minute forgives drift and little else.
LEEWAY_S = 60
# 2100-01-01T00:00:00Z: a time beyond it is a mistake (milliseconds, say) and not a lifetime.
TIME_END_EPOCH_S = 4_102_444_800
ATTRIBUTE_MAX_CHARACTERS = 255
# Held here, because asking an enumeration for its member takes as long as a function call.
_RS256 = LoginAlgorithm.RS256

Claims = Mapping[str, Any]


class LoginTokenError(Refused):
    """The token is well signed text at best, but not a Login JWT of this project that we accept now."""


class LoginSetupIncomplete(LoginTokenError):
    """The integration lacks the keys to judge any token; reasons `login_secret`, `rs256_keys`."""


class VerifiedUser(NamedTuple):
    """Whom a verified Login JWT names. A tuple, because each token makes one, and a frozen dataclass takes four times
    as long to make.

    `email` is "" when the token has none that Zendesk could take, and `email_flaw` then says why; `name` is the
    `username` or `name` claim, cleaned, or "". `is_name_chosen` says that it comes from the claim the integration
    names and goes before the e-mail. `attributes` are the mapped claims.
    """

    user_id: str
    email: str
    email_flaw: Reason | None
    name: str
    is_name_chosen: bool = False
    attributes: tuple[tuple[str, str | int | float | bool], ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """One rule about the claims: `check(claims, config, now)` raises LoginTokenError when it is broken.

    `needs` names the rules that must hold before this one can be judged at all.
    """

    name: str
    check: Callable[[Claims, IntegrationConfig, float], None]
    needs: tuple[str, ...] = ()


class LoginToken:
    """A Login JWT taken apart once, for whoever has to look at it before and while it is verified."""

    __slots__ = ("_claims", "unverified")

    def __init__(self, text: str) -> None:
        """Read the parts of `text`. Raises: JWSError."""
        self.unverified = jws.read(text)
        self._claims: Claims | None = None

    def unverified_claims(self) -> Claims:
        """Return the claims, whoever wrote them. Raises: JWSError (`malformed`)."""
        if self._claims is None:
            self._claims = jws.read_object(self.unverified.payload)
        return self._claims


def read_unverified_project_id(token: str | LoginToken) -> str:
    """Return the Login project ID that `token` claims, or "" when it claims none.

    Nobody has checked the signature: the answer may choose an integration, whose own key and project ID are then
    checked, and nothing else.

    Raises: JWSError when the token cannot be read.
    """
    project_id = _read(token).unverified_claims().get(PROJECT_CLAIM)
    return project_id if isinstance(project_id, str) else ""


def verify_login_jwt(
    *, token: str | LoginToken, config: IntegrationConfig, now: float, keys: KeySet = NO_KEYS
) -> VerifiedUser:
    """Return the user that `token` names, once every check has passed.

    `now` is in epoch seconds; `keys` are the Login project's public keys, needed for RS256 only.

    Raises: JWSError, LoginTokenError, LoginSetupIncomplete; each carries its `reason`.
    """
    read = _read(token)
    check_signature(read.unverified, config=config, now=now, keys=keys)
    claims = read.unverified_claims()
    for check in _CHECKS:
        check(claims, config, now)
    return login_user(claims, config)


def good_between(claims: Claims, *, config: IntegrationConfig, now: float) -> tuple[float, float]:
    """Return from when and before when (epoch seconds) a token that was accepted at `now` would be accepted again.

    `claims` are its claims, which have passed every rule.

    Only the token's own times and the retirement of a secret are reckoned with: another configuration, or other
    keys, are another question.
    """
    begins: float = _begins(claims) - LEEWAY_S
    ends: float = claims["exp"] + LEEWAY_S
    if now < config.previous_login_secret_until_epoch_s:
        ends = min(ends, config.previous_login_secret_until_epoch_s)
    return begins, ends


def _read(token: str | LoginToken) -> LoginToken:
    return token if isinstance(token, LoginToken) else LoginToken(token)


def login_user(claims: Claims, config: IntegrationConfig) -> VerifiedUser:
    """Return the user of `claims`, which every one of `CLAIM_RULES` has passed."""
    email, email_flaw = usable_email(claim_at(claims, config.email_claim))
    chosen = _clean_name(claim_at(claims, config.name_claim)) if config.name_claim else ""
    name = chosen or _clean_name(claims.get("username")) or _clean_name(claims.get("name"))
    attributes = _attributes(claims, config) if config.claim_map else ()
    return VerifiedUser(claims["sub"], email, email_flaw, name, bool(chosen), attributes)


def claim_at(claims: Claims, path: str) -> object:
    """Return the claim named `path`; where there is none of that name, dots lead into nested objects. None: not there.

    The name as a whole comes first, because names such as `https://shop.example/mail` have dots of their own.
    """
    if not path or path in claims or "." not in path:
        return claims.get(path)
    found: object = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def check_signature(
    unverified: jws.UnverifiedJWS, *, config: IntegrationConfig, now: float, keys: KeySet = NO_KEYS
) -> None:
    """Return when the Login project of `config` signed, with a key that is good at `now`.

    Raises: JWSError (`algorithm`, `signature`), LoginTokenError (`unknown_key`), LoginSetupIncomplete.
    """
    if config.login_algorithm is _RS256:
        _check_rs256(unverified, keys=keys)
        return
    secrets = config.login_secrets_at(now)
    if not any(secrets):
        raise LoginSetupIncomplete(Reason.LOGIN_SECRET)
    jws.verify_hs256(unverified, keys=secrets)


def find_signer(
    unverified: jws.UnverifiedJWS,
    *,
    among: Sequence[IntegrationConfig],
    now: float,
    keys: Mapping[str, KeySet],
) -> IntegrationConfig:
    """Return the first of `among`, integrations of one Login project, whose key signed; the very first where none did.

    `keys` are the public keys of RS256 projects, by Login project ID.
    """
    for config in among:
        try:
            check_signature(unverified, config=config, now=now, keys=keys.get(config.login_project_id, NO_KEYS))
        except Refused:
            continue
        return config
    return among[0]


def _check_rs256(unverified: jws.UnverifiedJWS, *, keys: KeySet) -> None:
    if unverified.header.algorithm != _RS256:
        raise jws.JWSError(Reason.ALGORITHM)
    if not keys.keys:
        raise LoginSetupIncomplete(Reason.RS256_KEYS)
    chosen = keys.choose(unverified.header.key_id)
    if not chosen:
        raise LoginTokenError(Reason.UNKNOWN_KEY)
    jws.verify_rs256(unverified, keys=chosen)


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
    # With the same leeway as each of the two times has: a token that ended a moment ago and is forgiven that may well
    # have been stamped by another clock than ours.
    issued = claims.get("iat")
    if issued is not None and claims["exp"] + LEEWAY_S <= issued:
        raise LoginTokenError(Reason.LIFETIME)


def _check_not_expired(claims: Claims, _config: IntegrationConfig, now: float) -> None:
    if now >= claims["exp"] + LEEWAY_S:
        raise LoginTokenError(Reason.EXPIRED)


def _check_begun(claims: Claims, _config: IntegrationConfig, now: float) -> None:
    if _begins(claims) > now + LEEWAY_S:
        raise LoginTokenError(Reason.NOT_YET_VALID)


def _begins(claims: Claims) -> float:
    issued, begins = claims.get("iat") or 0, claims.get("nbf") or 0
    return issued if issued > begins else begins


def _is_time(value: object) -> bool:
    # A tuple, because `int | float` would be put together anew on every call.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
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
    ClaimRule("not_expired", _check_not_expired, needs=("exp",)),
    ClaimRule("begun", _check_begun, needs=("iat", "nbf")),
    ClaimRule("lifetime", _check_lifetime, needs=("exp", "iat")),
    ClaimRule("issuer", _check_issuer),
    ClaimRule("project", _check_project),
    ClaimRule("audience", _check_audience),
    ClaimRule("sub", _check_sub),
)
_CHECKS = tuple(rule.check for rule in CLAIM_RULES)


def usable_email(value: object) -> tuple[str, Reason | None]:
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


def _clean_name(value: object) -> str:
    return clean_line(value, max_characters=NAME_MAX_CHARACTERS)


def _attributes(claims: Claims, config: IntegrationConfig) -> tuple[tuple[str, str | int | float | bool], ...]:
    # Chat takes five claims and no more; only Messaging reads others.
    if config.zendesk_product is not ZendeskProduct.MESSAGING:
        return ()
    found = ((name, _attribute(claim_at(claims, path))) for name, path in config.claim_map)
    return tuple((name, value) for name, value in found if value is not None)


def _attribute(value: object) -> str | int | float | bool | None:
    if isinstance(value, str):
        return clean_line(value, max_characters=ATTRIBUTE_MAX_CHARACTERS) or None
    if isinstance(value, bool | float):
        return value
    # JavaScript reads whole numbers exactly up to here.
    return value if isinstance(value, int) and abs(value) < 2**53 else None
