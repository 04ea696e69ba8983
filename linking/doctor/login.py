"""Verdicts on a Login JWT: each rule of the endpoint judged by itself, with the exact cause if it is broken."""

from typing import Any

from linking.core.config import IntegrationConfig, LoginAlgorithm, Mode
from linking.core.key_sets import NO_KEYS
from linking.doctor.claims import explain_claims
from linking.doctor.shape import RULES as SHAPE_RULES
from linking.doctor.shape import TokenShape
from linking.doctor.signature import LOGIN_SECRET, ZENDESK_SECRET, explain_signature, is_other_hash, matches
from linking.doctor.verdicts import DoctorContext, Verdict, VerdictState, accept, note, refuse, skip
from linking.tokens import jws
from linking.tokens.login_jwt import (
    CLAIM_RULES,
    ISSUER,
    PROJECT_CLAIM,
    LoginSetupIncomplete,
    LoginTokenError,
    check_signature,
    find_signer,
    login_user,
)
from linking.tokens.refusals import Reason, Refused
from linking.tokens.zendesk_jwt import chat_claims, zendesk_jwt

INTEGRATION, PLACE, ALGORITHM, SIGNATURE, CLAIMS = "integration", "place", "algorithm", "signature", "claims"
EMAIL, ZENDESK_SETUP = "email", "zendesk_setup"
CLAIM_RULE_NAMES = tuple(rule.name for rule in CLAIM_RULES)
LOGIN_RULES = (
    *SHAPE_RULES, INTEGRATION, PLACE, ALGORITHM, SIGNATURE, CLAIMS, *CLAIM_RULE_NAMES, EMAIL, ZENDESK_SETUP,
)  # fmt: skip


def judge_login(shape: TokenShape, *, around: DoctorContext) -> tuple[IntegrationConfig | None, list[Verdict]]:
    """Return the integration that would respond, and all verdicts but those on size, shape and header."""
    config = around.config or _choose(shape, around=around)
    after = LOGIN_RULES[len(SHAPE_RULES) + 1 :]
    if config is None:
        return None, [refuse(INTEGRATION, "no_integration"), *skip(after)]
    verdicts = [_judge_integration(config)]
    if shape.unverified is None:
        return config, [*verdicts, *skip(after[:-1]), _judge_zendesk_setup(config)]
    place = _judge_place(shape.claims or {}, typ=shape.typ)
    is_in_place = place.state is VerdictState.GOOD
    verdicts += [place, *_judge_signature(shape.unverified, is_in_place=is_in_place, config=config, around=around)]
    if shape.claims is None:
        unread = [refuse(CLAIMS, "payload_not_json"), *skip((*CLAIM_RULE_NAMES, EMAIL))]
        return config, [*verdicts, *unread, _judge_zendesk_setup(config)]
    verdicts.append(accept(CLAIMS))
    verdicts += judge_claims(shape.claims, config=config, around=around)
    return config, verdicts


def judge_claims(claims: dict[str, Any], *, config: IntegrationConfig, around: DoctorContext) -> list[Verdict]:
    """Return the verdicts of every claim rule, and those on what Zendesk needs."""
    verdicts: dict[str, Verdict] = {}
    for rule in CLAIM_RULES:
        if any(verdicts[needed].state is VerdictState.BAD for needed in rule.needs):
            verdicts[rule.name] = skip((rule.name,))[0]
            continue
        try:
            rule.check(claims, config, around.now)
        except Refused as error:
            cause, values = explain_claims(error.reason, claims=claims, config=config, around=around)
            verdicts[rule.name] = refuse(rule.name, cause, **values)
        else:
            verdicts[rule.name] = accept(rule.name)
    is_sound = all(one.state is VerdictState.GOOD for one in verdicts.values())
    if is_sound and claims["sub"] in config.blocked_user_ids:
        verdicts["sub"] = refuse("sub", "blocked")
    return [*verdicts.values(), *_judge_outgoing(claims, is_sound=is_sound, config=config, now=around.now)]


def _choose(shape: TokenShape, *, around: DoctorContext) -> IntegrationConfig | None:
    """Return the integration that the endpoint uses for a path that names none."""
    project_id = (shape.claims or {}).get(PROJECT_CLAIM)
    enabled = [one for one in around.known if one.is_enabled]
    of_project = [one for one in enabled if one.login_project_id == project_id]
    if len(of_project) > 1 and shape.unverified is not None:
        return find_signer(shape.unverified, among=of_project, now=around.now, keys=around.keys)
    of_project += [one for one in around.known if one.login_project_id == project_id]
    if of_project:
        return of_project[0]
    return enabled[0] if len(enabled) == 1 else None


def _judge_integration(config: IntegrationConfig) -> Verdict:
    if not config.is_enabled:
        return refuse(INTEGRATION, "disabled")
    return note(INTEGRATION, "observing") if config.mode is Mode.OBSERVE else accept(INTEGRATION)


def _judge_place(claims: dict[str, Any], *, typ: object) -> Verdict:
    # A token from Login may contain any other claim, so only a token from elsewhere can be the wrong type.
    if claims.get("iss") == ISSUER:
        return accept(PLACE)
    if "external_id" in claims:
        product = "Messaging" if "scope" in claims else "Chat"
        return refuse(PLACE, "zendesk_token_at_login", product=product)
    if typ == "JWT" and {"jti", "iat", "email", "name"} <= claims.keys() and PROJECT_CLAIM not in claims:
        return refuse(PLACE, "support_token")
    issuer = claims.get("iss")
    if isinstance(issuer, str) and PROJECT_CLAIM not in claims and issuer.rstrip("/") != ISSUER:
        return refuse(PLACE, "foreign_token", found=issuer)
    return accept(PLACE)


def _judge_signature(
    unverified: jws.UnverifiedJWS, *, is_in_place: bool, config: IntegrationConfig, around: DoctorContext
) -> list[Verdict]:
    try:
        keys = around.keys.get(config.login_project_id, NO_KEYS)
        check_signature(unverified, config=config, now=around.now, keys=keys)
    except LoginSetupIncomplete as error:
        cause = "rs256_keys" if error.reason is Reason.RS256_KEYS else "login_secret"
        return [_judge_algorithm(unverified, config=config), refuse(SIGNATURE, cause)]
    except LoginTokenError:
        return [accept(ALGORITHM), refuse(SIGNATURE, "unknown_key", found=unverified.header.key_id or "none")]
    except jws.JWSError as error:
        algorithm = _judge_algorithm(unverified, config=config)
        if error.reason is Reason.ALGORITHM:
            return [algorithm, *skip((SIGNATURE,))]
        if config.login_algorithm is LoginAlgorithm.RS256:
            return [algorithm, refuse(SIGNATURE, "signed_unknown_rs256")]
        if _is_signed_by_retired(unverified, config=config):
            return [algorithm, refuse(SIGNATURE, "signed_retired")]
        if not is_in_place:
            # No secret has to change for another kind of token, so nobody needs to know which secret made it.
            return [algorithm, refuse(SIGNATURE, "signed_another_kind")]
        cause, values = explain_signature(
            unverified,
            own=config.login_secrets,
            own_name=LOGIN_SECRET,
            other=config.zendesk_secret_at(around.now),
            other_name=ZENDESK_SECRET,
            elsewhere=tuple(one for one in around.known if one.slug != config.slug),
        )
        return [algorithm, refuse(SIGNATURE, cause, **values)]
    is_previous = bool(config.login_secrets) and not matches(unverified, key=config.login_secrets[0])
    # An RS256 signature is no HMAC, and only a shared secret can be the previous one.
    is_shared = unverified.header.algorithm == "HS256"
    return [accept(ALGORITHM), note(SIGNATURE, "signed_previous") if is_previous and is_shared else accept(SIGNATURE)]


def _is_signed_by_retired(unverified: jws.UnverifiedJWS, *, config: IntegrationConfig) -> bool:
    return bool(config.previous_login_secret) and matches(unverified, key=config.previous_login_secret)


def _judge_algorithm(unverified: jws.UnverifiedJWS, *, config: IntegrationConfig) -> Verdict:
    found, wanted = unverified.header.algorithm, config.login_algorithm.value
    if found == wanted:
        return accept(ALGORITHM)
    if is_other_hash(found) and any(key and matches(unverified, key=key) for key in config.login_secrets):
        return refuse(ALGORITHM, "algorithm_hash", found=found)
    if not found:
        return refuse(ALGORITHM, "algorithm_missing")
    if found.lower() == "none":
        return refuse(ALGORITHM, "algorithm_none")
    known = {"RS256": "algorithm_rs256", "HS256": "algorithm_hs256"}
    return refuse(ALGORITHM, known.get(found, "algorithm_other"), found=found, wanted=wanted)


def _judge_outgoing(claims: dict[str, Any], *, is_sound: bool, config: IntegrationConfig, now: float) -> list[Verdict]:
    """Return whether a Zendesk JWT can be made: tried for a sound player, else judged by the settings."""
    setup = _judge_zendesk_setup(config)
    if not is_sound:
        return [*skip((EMAIL,)), setup]
    user = login_user(claims, config)
    try:
        chat_claims(user, config)
        if setup.state is VerdictState.GOOD:
            zendesk_jwt(user=user, config=config, now=now)
    except Refused as error:
        return [refuse(EMAIL, error.reason.value), setup]
    return [accept(EMAIL), setup]


def _judge_zendesk_setup(config: IntegrationConfig) -> Verdict:
    if not config.zendesk_shared_secret:
        return refuse(ZENDESK_SETUP, "zendesk_secret")
    is_messaging = config.zendesk_product == "messaging"
    return (
        refuse(ZENDESK_SETUP, "zendesk_key_id") if is_messaging and not config.zendesk_key_id else accept(ZENDESK_SETUP)
    )
