"""Finds the exact cause behind the reason of a claim rule: milliseconds, text, a duration, another integration."""

import math
from typing import Any

from linking.core.config import IntegrationConfig
from linking.doctor.verdicts import DoctorContext
from linking.tokens.login_jwt import ISSUER, LEEWAY_S, PROJECT_CLAIM, TIME_END_EPOCH_S
from linking.tokens.refusals import Reason

Explanation = tuple[str, dict[str, object]]
# An `exp` before this (2001-09-09, the first ten-digit second) is a duration, not a time.
_OLDEST_EPOCH_S = 1_000_000_000


def explain_claims(
    reason: Reason, *, claims: dict[str, Any], config: IntegrationConfig, around: DoctorContext
) -> Explanation:
    """Return the cause of `reason` and the values for its sentence."""
    if reason in (Reason.EXP_INVALID, Reason.IAT_INVALID, Reason.NBF_INVALID):
        return _find_time_cause(claims, name=reason.value.partition("_")[0]), {}
    if reason is Reason.LIFETIME:
        return "lifetime", {"seconds": math.ceil(claims["iat"] - claims["exp"])}
    if reason is Reason.EXPIRED:
        if claims["exp"] < _OLDEST_EPOCH_S:
            return "exp_duration", {"seconds": claims["exp"]}
        return "expired", {"seconds": int(around.now - claims["exp"])}
    if reason is Reason.NOT_YET_VALID:
        return _find_future_cause(claims, config=config, around=around)
    if reason is Reason.ISSUER:
        return _find_issuer_cause(claims.get("iss"))
    if reason is Reason.PROJECT:
        return _find_project_cause(claims, config=config, around=around)
    return reason.value, {}


def _find_future_cause(claims: dict[str, Any], *, config: IntegrationConfig, around: DoctorContext) -> Explanation:
    ahead = (claims.get("iat") or 0) - around.now
    if ahead <= LEEWAY_S:
        return "nbf_ahead", {"seconds": math.ceil((claims.get("nbf") or 0) - around.now)}
    seconds, clock = math.ceil(ahead), around.clocks.get(config.integration_id)
    if clock is not None and clock.is_telling:
        return "clock_behind", {"seconds": seconds, "number": clock.tokens, "typical": clock.median_s}
    return "clock_ahead", {"seconds": seconds, "leeway": LEEWAY_S}


def _find_time_cause(claims: dict[str, Any], *, name: str) -> str:
    value = claims.get(name)
    if isinstance(value, str):
        return f"{name}_text"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if TIME_END_EPOCH_S <= value < TIME_END_EPOCH_S * 1000:
            return f"{name}_milliseconds"
        if name == "exp" and isinstance(value, float) and 0 <= value < TIME_END_EPOCH_S:
            return "exp_fraction"
    return f"{name}_invalid"


def _find_issuer_cause(found: object) -> Explanation:
    if found is None:
        return "issuer_missing", {}
    if isinstance(found, str) and found.rstrip("/") == ISSUER:
        return "issuer_slash", {"wanted": ISSUER}
    return "issuer_other", {"found": found if isinstance(found, str) else type(found).__name__, "wanted": ISSUER}


def _find_project_cause(claims: dict[str, Any], *, config: IntegrationConfig, around: DoctorContext) -> Explanation:
    found, wanted = claims.get(PROJECT_CLAIM), config.login_project_id
    if found is None:
        return "project_missing", {}
    if not isinstance(found, str):
        return "project_unknown", {"found": type(found).__name__}
    for other in around.known:
        if other.login_project_id == found:
            return "project_known", {"slug": other.slug}
    if found.strip().casefold() == wanted.strip().casefold():
        return "project_spelling", {"found": found}
    if wanted.isdigit() and str(claims.get("project_id")) == wanted:
        return "project_publisher", {"found": found}
    return "project_unknown", {"found": found}
