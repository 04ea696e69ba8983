"""Verifies an ID token: who signed in at the issuer, for this client and for this very sign-in.

Every check is spelled out, the library's defaults included; the token is verified although it comes straight from the
issuer, so that a proxy in between, or a wrong address, cannot make people up.

Source: OpenID Connect Core 1.0, section 3.1.3.7, read 2026-11.
"""

from collections.abc import Mapping
from typing import Any

import jwt
from django.utils.crypto import constant_time_compare

from linking.core.key_sets import KeySet

ALGORITHM = "RS256"
LEEWAY_S = 60  # clocks of two machines that both ask for the time
TOKEN_MAX_CHARACTERS = 50_000
SUBJECT_MAX_CHARACTERS = 191  # of allauth's table; OpenID Connect allows 255, no issuer known here needs them


class BadIDToken(Exception):
    """The ID token does not show who signed in; the message is for the log and carries none of it."""


def verify_id_token(
    token: str, *, keys: KeySet, issuer: str, client_id: str, nonce: str, now_epoch_s: float
) -> Mapping[str, Any]:
    """Return the claims of `token`, which `issuer` made for `client_id` and the sign-in that sent `nonce`.

    Raises: BadIDToken.
    """
    claims = _verify_signature(token, keys=keys)
    if claims.get("iss") != issuer:
        raise BadIDToken("the ID token is of another issuer")
    _require_audience(claims, client_id=client_id)
    _require_time(claims, now_epoch_s=now_epoch_s)
    theirs = claims.get("nonce")
    if not isinstance(theirs, str) or not nonce or not constant_time_compare(theirs, nonce):
        raise BadIDToken("the ID token is for another sign-in (nonce)")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.strip() or len(subject) > SUBJECT_MAX_CHARACTERS:
        raise BadIDToken("the ID token names nobody (sub)")
    return claims


def _verify_signature(token: str, *, keys: KeySet) -> dict[str, Any]:
    if len(token) > TOKEN_MAX_CHARACTERS:
        raise BadIDToken("the ID token is too long")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise BadIDToken("the ID token cannot be read") from error
    if header.get("alg") != ALGORITHM:
        raise BadIDToken("the ID token is not signed with RS256")
    # The rest is checked here, by a clock that comes in as an argument.
    options: Any = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
    for key in keys.choose(header.get("kid")):
        try:
            return jwt.decode(token, key, algorithms=[ALGORITHM], options={"verify_signature": True, **options})
        except jwt.PyJWTError:
            continue
    raise BadIDToken("no key of the issuer verifies the ID token")


def _require_audience(claims: Mapping[str, Any], *, client_id: str) -> None:
    audience = claims.get("aud")
    names = audience if isinstance(audience, list) else [audience]
    if client_id not in names:
        raise BadIDToken("the ID token is for another client (aud)")
    party = claims.get("azp")
    if (len(names) > 1 and party is None) or party not in (None, client_id):
        raise BadIDToken("the ID token was issued to another client (azp)")


def _require_time(claims: Mapping[str, Any], *, now_epoch_s: float) -> None:
    expires, issued = _read_time(claims, "exp"), _read_time(claims, "iat")
    if expires is None or issued is None:
        raise BadIDToken("the ID token has no time (exp, iat)")
    if now_epoch_s >= expires + LEEWAY_S:
        raise BadIDToken("the ID token has expired")
    begins = _read_time(claims, "nbf")
    if issued > now_epoch_s + LEEWAY_S or (begins is not None and begins > now_epoch_s + LEEWAY_S):
        raise BadIDToken("the ID token comes from the future; compare the clocks")


def _read_time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
