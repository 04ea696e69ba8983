"""Verdicts on the token that a widget passes to Zendesk, by Zendesk's rules for Chat or for Messaging.

Source: support.zendesk.com, "Enabling authenticated visitors in the Chat widget" (HS256 without `kid`, `iat` within two
minutes, `exp` at most seven minutes after it, no accented e-mail) and "Authenticating end users in messaging" (`kid`,
`scope` user, `external_id` of at most 255 characters), read 2026-11.
"""

from collections.abc import Callable
from typing import Any, TypeGuard

from linking.core.config import IntegrationConfig, MissingEmail, ZendeskProduct
from linking.doctor.shape import TokenShape
from linking.doctor.signature import LOGIN_SECRET, ZENDESK_SECRET, explain_signature, is_other_hash, matches
from linking.doctor.verdicts import DoctorContext, Verdict, VerdictState, accept, note, refuse, skip
from linking.tokens import jws
from linking.tokens.login_jwt import ISSUER, PROJECT_CLAIM

SKEW_S = 120
LIFETIME_MAX_S = 420
EXTERNAL_ID_MAX_CHARACTERS = 255
_CHAT_CLAIMS = ("name", "external_id", "email", "iat", "exp")
_MESSAGING_CLAIMS = ("scope", "name", "external_id", "email", "email_verified", "exp")
_CHAT_NAMES = frozenset(_CHAT_CLAIMS)
_MESSAGING_NAMES = frozenset(_MESSAGING_CLAIMS)
_BEFORE_CLAIMS = ("integration", "place", "zendesk_setup", "algorithm", "typ", "kid", "signature", "claims")


def looks_like_zendesk(claims: dict[str, Any] | None) -> bool:
    """Return whether the claims belong to a token for Zendesk and not to a Login JWT."""
    return bool(claims) and "external_id" in (claims or {}) and (claims or {}).get("iss") != ISSUER


def judge_zendesk(shape: TokenShape, *, config: IntegrationConfig | None, around: DoctorContext) -> list[Verdict]:
    """Return all verdicts but those on size, shape and header."""
    if config is None:
        return [refuse("integration", "no_integration"), *skip(_BEFORE_CLAIMS[1:])]
    verdicts = [accept("integration")]
    if shape.unverified is None:
        return [*verdicts, *skip(_BEFORE_CLAIMS[1:])]
    place = _judge_place(shape.claims or {})
    verdicts += [place, _judge_setup(config)]
    verdicts += _judge_header(shape.unverified, typ=shape.typ, config=config, now=around.now)
    is_in_place = place.state is VerdictState.GOOD
    verdicts.append(_judge_signature(shape.unverified, is_in_place=is_in_place, config=config, around=around))
    if shape.claims is None:
        return [*verdicts, refuse("claims", "payload_not_json")]
    verdicts.append(accept("claims"))
    return verdicts + judge_zendesk_claims(shape.claims, config=config, now=around.now)


def judge_zendesk_claims(claims: dict[str, Any], *, config: IntegrationConfig, now: float) -> list[Verdict]:
    """Return the verdict on each claim that the widget knows, then one on other claims."""
    is_chat = config.zendesk_product is ZendeskProduct.CHAT
    verdicts = [_CLAIM_CHECKS[name](claims, config, now) for name in (_CHAT_CLAIMS if is_chat else _MESSAGING_CLAIMS)]
    # A Messaging token may also contain the claims that the integration maps.
    known = _CHAT_NAMES if is_chat else _MESSAGING_NAMES | {name for name, _claim in config.claim_map}
    extra = sorted(claims.keys() - known)
    return [*verdicts, note("extra", "zendesk_extra", names=", ".join(extra)) if extra else accept("extra")]


def _judge_place(claims: dict[str, Any]) -> Verdict:
    if claims.get("iss") == ISSUER or (PROJECT_CLAIM in claims and "external_id" not in claims):
        return refuse("place", "login_token_at_zendesk")
    if {"jti", "iat", "email", "name"} <= claims.keys() and "external_id" not in claims:
        return refuse("place", "support_token")
    return accept("place")


def _judge_setup(config: IntegrationConfig) -> Verdict:
    if not config.zendesk_shared_secret:
        return refuse("zendesk_setup", "zendesk_secret")
    if config.zendesk_product is ZendeskProduct.MESSAGING and not config.zendesk_key_id:
        return refuse("zendesk_setup", "zendesk_key_id")
    return accept("zendesk_setup")


def _judge_header(
    unverified: jws.UnverifiedJWS, *, typ: object, config: IntegrationConfig, now: float
) -> list[Verdict]:
    found, key_id = unverified.header.algorithm, unverified.header.key_id
    algorithm = accept("algorithm")
    if found != "HS256":
        is_ours = is_other_hash(found) and matches(unverified, key=config.zendesk_secret_at(now))
        cause = "algorithm_hash" if is_ours else "algorithm_other"
        algorithm = refuse("algorithm", cause, found=found, wanted="HS256")
    kid = accept("kid")
    if config.zendesk_product is ZendeskProduct.CHAT and key_id is not None:
        kid = refuse("kid", "zendesk_kid_in_chat")
    elif config.zendesk_product is ZendeskProduct.MESSAGING and key_id != config.zendesk_key_id:
        kid = refuse("kid", "zendesk_kid_other" if key_id else "zendesk_kid_missing")
    return [algorithm, accept("typ") if typ == "JWT" else refuse("typ", "zendesk_typ"), kid]


def _judge_signature(
    unverified: jws.UnverifiedJWS, *, is_in_place: bool, config: IntegrationConfig, around: DoctorContext
) -> Verdict:
    key = config.zendesk_secret_at(around.now)
    if not key or unverified.header.algorithm != "HS256":
        return skip(("signature",))[0]
    if matches(unverified, key=key):
        return accept("signature")
    if not is_in_place:
        return refuse("signature", "signed_another_kind")
    if config.zendesk_shared_secret_next and key != config.zendesk_shared_secret_next:
        if matches(unverified, key=config.zendesk_shared_secret_next):
            return refuse("signature", "signed_before_switch")
    elif matches(unverified, key=config.zendesk_shared_secret):
        return refuse("signature", "signed_after_switch")
    cause, values = explain_signature(
        unverified,
        own=(key,),
        own_name=ZENDESK_SECRET,
        other=next(iter(config.login_secrets), b""),
        other_name=LOGIN_SECRET,
        elsewhere=tuple(one for one in around.known if one.slug != config.slug),
    )
    # The secret to copy again depends on the kind of token.
    return refuse("signature", "signed_unknown_zendesk" if cause == "signed_unknown" else cause, **values)


def _check_name(claims: dict[str, Any], config: IntegrationConfig, _now: float) -> Verdict:
    if "name" not in claims and config.zendesk_product is ZendeskProduct.MESSAGING:
        return accept("name")
    return accept("name") if _is_text(claims.get("name")) else refuse("name", "zendesk_name")


def _check_scope(claims: dict[str, Any], _config: IntegrationConfig, _now: float) -> Verdict:
    return accept("scope") if claims.get("scope") == "user" else refuse("scope", "zendesk_scope")


def _check_external_id(claims: dict[str, Any], _config: IntegrationConfig, _now: float) -> Verdict:
    value = claims.get("external_id")
    if not _is_text(value):
        return refuse("external_id", "zendesk_external_id")
    is_long = len(value) > EXTERNAL_ID_MAX_CHARACTERS if isinstance(value, str) else False
    return refuse("external_id", "zendesk_external_id_long") if is_long else accept("external_id")


def _check_email(claims: dict[str, Any], config: IntegrationConfig, _now: float) -> Verdict:
    value = claims.get("email")
    if _is_text(value):
        return accept("email") if str(value).isascii() else refuse("email", "zendesk_email_accents")
    is_chat = config.zendesk_product is ZendeskProduct.CHAT
    if "email" in claims or (is_chat and config.missing_email is not MissingEmail.OMIT):
        return refuse("email", "zendesk_email")
    return note("email", "zendesk_email") if is_chat else accept("email")


def _check_email_verified(claims: dict[str, Any], _config: IntegrationConfig, _now: float) -> Verdict:
    is_fine = isinstance(claims.get("email_verified", False), bool)
    return accept("email_verified") if is_fine else refuse("email_verified", "zendesk_email_verified")


def _check_iat(claims: dict[str, Any], _config: IntegrationConfig, now: float) -> Verdict:
    issued = claims.get("iat")
    if not _is_whole(issued):
        return refuse("iat", "iat_milliseconds" if _is_milliseconds(issued, now=now) else "zendesk_iat")
    if _is_milliseconds(issued, now=now):
        return refuse("iat", "iat_milliseconds")
    off_s = abs(int(issued - now))
    return refuse("iat", "zendesk_iat_skew", seconds=off_s) if off_s > SKEW_S else accept("iat")


def _check_exp(claims: dict[str, Any], config: IntegrationConfig, now: float) -> Verdict:
    expires, issued = claims.get("exp"), claims.get("iat")
    if "exp" not in claims and config.zendesk_product is ZendeskProduct.MESSAGING:
        return accept("exp")
    if isinstance(expires, str):
        return refuse("exp", "exp_text")
    if not _is_whole(expires):
        return refuse("exp", "zendesk_exp")
    if _is_milliseconds(expires, now=now):
        return refuse("exp", "exp_milliseconds")
    if expires <= now:
        return refuse("exp", "zendesk_expired", seconds=int(now - expires))
    is_chat = config.zendesk_product is ZendeskProduct.CHAT
    if is_chat and _is_whole(issued) and expires <= issued:
        return refuse("exp", "lifetime", seconds=issued - expires)
    if is_chat and _is_whole(issued) and expires - issued > LIFETIME_MAX_S:
        return refuse("exp", "zendesk_exp_far", seconds=expires - issued)
    return accept("exp")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_milliseconds(value: Any, *, now: float) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and now * 100 < value < now * 10_000


_CLAIM_CHECKS: dict[str, Callable[[dict[str, Any], IntegrationConfig, float], Verdict]] = {
    "name": _check_name,
    "scope": _check_scope,
    "external_id": _check_external_id,
    "email": _check_email,
    "email_verified": _check_email_verified,
    "iat": _check_iat,
    "exp": _check_exp,
}
