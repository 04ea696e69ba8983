"""Checks a Zendesk JWT as Zendesk Chat does. Source: README Z7.1, one row for each rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.jwt import Parts, TokenUnreadable, decode_unverified, is_signed_hs256

SKEW_S = 120  # seconds that `iat` may differ from the clock, either way
LONGEST_LIFE_S = 420  # seconds from `iat` to `exp`
CLAIMS = ("name", "email", "external_id", "iat", "exp")
ADVISED_ID_LENGTH = 255  # a rule of Messaging; Chat documents none, so this is a note only

Claims = dict[str, Any]
Fault = tuple[str, str] | None  # the reason and a sentence


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result for one token: accepted when `reason` is empty; `notes` name undocumented things that are accepted."""

    reason: str
    sentence: str
    claims: Claims
    notes: tuple[str, ...] = ()


def judge(*, token: object, secret: str, now_s: float, email_needed: bool = True, exp_needed: bool = True) -> Judgement:
    """Return whether the token authenticates a visitor, otherwise the first broken rule.

    `secret` is the shared secret as text, `now_s` epoch seconds. Rules about the visitor are checked by the widget.
    """

    def find_fault(parts: Parts) -> Fault:
        return (
            _find_header_fault(parts)
            or _find_signature_fault(parts, secret)
            or _find_time_fault(parts.claims, now_s, exp_needed)
            or _find_person_fault(parts.claims, email_needed)
        )

    return judge_by(find_fault, token=token, welcome="The visitor is authenticated.", list_notes=_list_notes)


def judge_by(
    find_fault: Callable[[Parts], Fault],
    *,
    token: object,
    welcome: str,
    list_notes: Callable[[Claims], tuple[str, ...]],
) -> Judgement:
    """Return the judgement of a token: unreadable, refused by the rules of `find_fault`, or accepted with `welcome`."""
    if not isinstance(token, str) or not token:
        return Judgement("missing", "No token was handed over.", {})
    try:
        parts = decode_unverified(token)
    except TokenUnreadable as error:
        return Judgement("malformed", str(error), {})
    fault = find_fault(parts)
    if fault is not None:
        return Judgement(*fault, parts.claims)
    return Judgement("", welcome, parts.claims, list_notes(parts.claims))


def _find_header_fault(parts: Parts) -> Fault:
    """Require HS256, typ JWT and no `kid`: an account has one secret only."""
    if parts.header.get("alg") != "HS256":
        return "algorithm", "The header's alg must be HS256."
    if parts.header.get("typ") != "JWT":
        return "type", "The header's typ must be JWT."
    if "kid" in parts.header:
        return "kid", "The header must not name a kid; this looks like a Messaging token."
    return None


def _find_signature_fault(parts: Parts, secret: str) -> Fault:
    if not is_signed_hs256(parts, secret=secret):
        return "signature", "The signature does not match the account's shared secret."
    return None


def _find_time_fault(claims: Claims, now_s: float, exp_needed: bool) -> Fault:
    """Require `iat` near the clock, `exp` in the future, and at most seven minutes between them."""
    issued, expires = claims.get("iat"), claims.get("exp")
    if expires is None and not exp_needed and isinstance(issued, int):
        expires = issued + LONGEST_LIFE_S
    for name, value in (("iat", issued), ("exp", expires)):
        if isinstance(value, bool) or not isinstance(value, int):
            return f"{name}_missing", f"The claim {name} is needed, in whole epoch seconds."
    assert isinstance(issued, int) and isinstance(expires, int)
    if issued - now_s > SKEW_S:
        return "iat_future", "The claim iat is more than two minutes ahead of the clock."
    if now_s - issued > SKEW_S:
        return "iat_past", "The claim iat is more than two minutes behind the clock."
    if expires - issued > LONGEST_LIFE_S:
        return "exp_far", "The claim exp is more than seven minutes after iat."
    if expires <= now_s or expires <= issued:
        return "expired", "The token has expired."
    return None


def _find_person_fault(claims: Claims, email_needed: bool) -> Fault:
    """Require name, e-mail and external_id as text, and an e-mail without accented characters."""
    for name in ("external_id", "name", "email"):
        value = claims.get(name)
        if name == "email" and not email_needed and value in (None, ""):
            continue
        if not isinstance(value, str) or not value.strip():
            return f"{name}_missing", f"The claim {name} is needed, as text."
    if not str(claims.get("email") or "").isascii():
        return "email_accented", "The claim email must not hold accented characters."
    return None


def _list_notes(claims: Claims) -> tuple[str, ...]:
    """Return what Zendesk accepts but does not document."""
    extra = sorted(set(claims) - set(CLAIMS))
    notes = [f"undocumented claims: {', '.join(extra)}"] if extra else []
    if len(claims["external_id"]) > ADVISED_ID_LENGTH:
        notes.append("external_id is longer than 255 characters")
    return tuple(notes)
