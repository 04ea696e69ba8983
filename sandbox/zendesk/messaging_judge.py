"""Checks a JWT for Zendesk Messaging as Zendesk does. Source: README Z8."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.jwt import Parts, is_signed_hs256
from sandbox.zendesk.judge import Claims, Fault, Judgement, judge_by

CLAIMS = ("external_id", "scope", "name", "email", "email_verified", "exp")
LONGEST_ID = 255  # characters of external_id


def judge_messaging(
    *, token: object, keys: Mapping[str, str], now_s: float, id_of_email: Mapping[str, str] | None = None
) -> Judgement:
    """Return whether the token signs a user in, otherwise the first broken rule.

    `keys` are the account's signing keys, secret as text by key ID; `now_s` epoch seconds. `id_of_email` are the users
    with a verified address, `external_id` by lower-case address.
    """

    def find_fault(parts: Parts) -> Fault:
        return (
            _find_header_fault(parts, keys)
            or _find_signature_fault(parts, keys)
            or _find_scope_fault(parts.claims)
            or _find_person_fault(parts.claims)
            or _find_time_fault(parts.claims, now_s)
            or _find_conflict(parts.claims, id_of_email or {})
        )

    return judge_by(find_fault, token=token, welcome="The user is signed in.", list_notes=_list_notes)


def _find_header_fault(parts: Parts, keys: Mapping[str, str]) -> Fault:
    """Require HS256, typ JWT and the `kid` of one of the account's keys."""
    if parts.header.get("alg") != "HS256":
        return "algorithm", "The header's alg must be HS256."
    if parts.header.get("typ") != "JWT":
        return "type", "The header's typ must be JWT."
    kid = parts.header.get("kid")
    if not isinstance(kid, str) or not kid:
        return "kid_missing", "The header must name a kid; without one this looks like a Chat token."
    return None if kid in keys else ("kid_unknown", "The header's kid is no signing key of the account.")


def _find_signature_fault(parts: Parts, keys: Mapping[str, str]) -> Fault:
    if not is_signed_hs256(parts, secret=keys.get(str(parts.header.get("kid")), "")):
        return "signature", "The signature does not match the key that the kid names."
    return None


def _find_scope_fault(claims: Claims) -> Fault:
    return None if claims.get("scope") == "user" else ("scope", "The claim scope must be user.")


def _find_person_fault(claims: Claims) -> Fault:
    """Require `external_id`; name and e-mail are optional texts."""
    user_id = claims.get("external_id")
    if not isinstance(user_id, str) or not user_id.strip():
        return "external_id_missing", "The claim external_id is needed, as text."
    if len(user_id) > LONGEST_ID:
        return "external_id_long", f"The claim external_id may have {LONGEST_ID} characters."
    for name in ("name", "email"):
        if name in claims and (not isinstance(claims[name], str) or not claims[name].strip()):
            return name, f"The claim {name} must be text, or be left out."
    if not isinstance(claims.get("email_verified", False), bool):
        return "email_verified", "The claim email_verified must be true or false."
    return None


def _find_time_fault(claims: Claims, now_s: float) -> Fault:
    """Require `exp`, if present, in whole seconds in the future."""
    expires = claims.get("exp")
    if expires is None and "exp" not in claims:
        return None
    if isinstance(expires, bool) or not isinstance(expires, int):
        return "exp", "The claim exp must be whole epoch seconds."
    return ("expired", "The token has expired.") if expires <= now_s else None


def _find_conflict(claims: Claims, id_of_email: Mapping[str, str]) -> Fault:
    """Refuse a verified address of another `external_id`: users are not merged."""
    if claims.get("email_verified") is not True:
        return None
    owner = id_of_email.get(str(claims.get("email", "")).lower(), claims["external_id"])
    return None if owner == claims["external_id"] else ("email_taken", "The address is another external_id's.")


def _list_notes(claims: Claims) -> tuple[str, ...]:
    """Return what Zendesk accepts but does not document, or may ignore."""
    extra = sorted(set(claims) - set(CLAIMS))
    notes = [f"undocumented claims: {', '.join(extra)}"] if extra else []
    if "email" in claims and claims.get("email_verified") is not True:
        notes.append("email is not verified and may be left aside")
    return tuple(notes)
