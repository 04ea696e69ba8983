"""What the vendor's sample service would have accepted: the measure of observe mode, and of nothing else.

A site that moves here from that service runs for a while in observe mode: what it would have served is served still,
and what the strict rules say about it is recorded. Nothing outside observe mode comes through here.

Source: the behaviour of the published sample (Go, April 2020), observed by running it, 2026-11: any HMAC-SHA-2; no
`exp` needed; no leeway; issuer and project not looked at; the first cookie of the name, without quotes around it.
"""

import hmac
import json
import re
from base64 import urlsafe_b64decode
from typing import Any, NoReturn

from linking.core.config import IntegrationConfig, LoginAlgorithm
from linking.tokens.login_jwt import VerifiedUser
from linking.tokens.refusals import Reason

# Not the sample service's to decide: what the operator switched off or has not set up yet, and HTTP itself.
NEVER_OBSERVED = frozenset(
    {
        Reason.METHOD,
        Reason.BLOCKED,
        Reason.DISABLED,
        Reason.UNKNOWN_INTEGRATION,
        Reason.NOTHING_CONFIGURED,
        Reason.UNAVAILABLE,
        Reason.LOGIN_SECRET,
        Reason.ZENDESK_SECRET,
        Reason.ZENDESK_KEY_ID,
    }
)
_HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")
_COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~ ,]*\Z")
_SEGMENT = re.compile(r"[A-Za-z0-9_-]*\Z")
_TOKEN_MAX_CHARACTERS = 65_536


def accepted_user(*, cookie_header: str, config: IntegrationConfig, now: float) -> VerifiedUser | None:
    """Return whom the sample service would have signed for, None where it would have refused as well.

    `now` is in epoch seconds. The user's ID and address are as they came: no rule of ours has looked at them.
    """
    if config.login_algorithm is not LoginAlgorithm.HS256:
        return None
    token = _first_cookie(cookie_header, name=config.cookie_name)
    claims = _verify_claims(token, secrets=config.login_secrets_at(now))
    if claims is None or not _is_in_time(claims, now=int(now)):
        return None
    user_id, email = claims.get("sub"), claims.get("email")
    if not isinstance(user_id, str) or not user_id or not isinstance(email, str) or not email:
        return None
    return VerifiedUser(user_id=_whole(user_id), email=_whole(email), email_flaw=None, name="")


def _whole(text: str) -> str:
    # Go reads half of a pair of escapes as U+FFFD, as it does bytes that are no UTF-8.
    return _HALF_A_PAIR.sub("\ufffd", text)


def _first_cookie(header: str, *, name: str) -> str:
    for pair in header.split(";"):
        found, equals, value = pair.strip(" \t").partition("=")
        if len(value) > 1 and value.startswith('"') and value.endswith('"'):
            value = value[1:-1]
        if equals and found == name and _COOKIE_VALUE.match(value):
            return value
    return ""


def _verify_claims(token: str, *, secrets: tuple[bytes, ...]) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _TOKEN_MAX_CHARACTERS:
        return None
    header, claims, signature = _object(parts[0]), _object(parts[1]), _decode(parts[2])
    algorithm = header.get("alg") if header is not None else None
    hash_name = _HASHES.get(algorithm) if isinstance(algorithm, str) else None
    if hash_name is None or signature is None:
        return None
    signing_input = f"{parts[0]}.{parts[1]}".encode("ascii")
    is_signed = False
    for key in secrets:
        is_signed |= bool(key) and hmac.compare_digest(hmac.digest(key, signing_input, hash_name), signature)
    return claims if is_signed else None


def _is_in_time(claims: dict[str, Any], *, now: int) -> bool:
    expires, issued, begins = (_seconds(claims.get(name)) for name in ("exp", "iat", "nbf"))
    return (not expires or now <= expires) and now >= issued and now >= begins


def _seconds(value: object) -> int:
    # What is no number counts as not there: a text `exp` never expired.
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _object(segment: str) -> dict[str, Any] | None:
    raw = _decode(segment)
    if raw is None:
        return None
    try:
        value = json.loads(raw.decode("utf-8", "replace"), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _decode(segment: str) -> bytes | None:
    if not _SEGMENT.match(segment) or len(segment) % 4 == 1:
        return None
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("the number is too large")
    return value
