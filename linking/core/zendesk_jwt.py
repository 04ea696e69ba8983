"""Zendesk JWTs: the claims for either widget, and their signing.

Source: support.zendesk.com, "Enabling authenticated visitors in the Chat widget" and "Authenticating end users in
messaging", read 2026-11: `exp` at most 7 minutes after `iat` for Chat, no accented characters in the e-mail.
"""

import re
from hashlib import sha256
from typing import Any

from linking.core import jws
from linking.core.config import EmailVerified, IntegrationConfig, MissingEmail, ZendeskProduct
from linking.core.login_jwt import LoginUser
from linking.core.refusals import Reason, Refused

LIFETIME_S = 300
_CHAT_HEADER = jws.encode_header({"alg": "HS256", "typ": "JWT"})
# What may stand before the @ without quoting, at most 64 characters (RFC 5321 §4.5.3.1.1).
_LOCAL_PART = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*\Z")


class ZendeskTokenError(Refused):
    """No Zendesk JWT can be made for this user; reasons `email_missing`, `email_unusable`."""


class ZendeskSetupIncomplete(Refused):
    """The integration cannot sign for Zendesk yet; reasons `zendesk_secret`, `zendesk_key_id`."""


def zendesk_jwt(*, user: LoginUser, config: IntegrationConfig, now: float) -> str:
    """Return the signed token for the widget that `config` names; `now` is in epoch seconds.

    Raises: ZendeskTokenError, ZendeskSetupIncomplete.
    """
    key = config.zendesk_secret_at(now)
    if not key:
        raise ZendeskSetupIncomplete(Reason.ZENDESK_SECRET)
    if config.zendesk_product is ZendeskProduct.CHAT:
        return sign(claims=chat_claims(user=user, config=config, now=now), key=key)
    if not config.zendesk_key_id:
        raise ZendeskSetupIncomplete(Reason.ZENDESK_KEY_ID)
    claims = messaging_claims(user=user, config=config, now=now)
    return sign(claims=claims, key=key, key_id=config.zendesk_key_id)


def chat_claims(*, user: LoginUser, config: IntegrationConfig, now: float) -> dict[str, Any]:
    """Return `name`, `email`, `external_id`, `iat`, `exp`; without `email` where the policy is to omit it.

    Raises: ZendeskTokenError.
    """
    email = _email(user=user, config=config)
    issued = int(now)
    claims: dict[str, Any] = {"name": _name(user)}
    if email:
        claims["email"] = email
    claims["external_id"], claims["iat"], claims["exp"] = user.user_id, issued, issued + LIFETIME_S
    return claims


def messaging_claims(*, user: LoginUser, config: IntegrationConfig, now: float) -> dict[str, Any]:
    """Return `external_id`, `scope`, `name`, `email`, `email_verified`, `exp`; without the e-mail pair where omitted.

    Mapped attributes come with them and never in the place of one of these.

    A placeholder address is never called verified: nobody reads mail there.

    Raises: ZendeskTokenError.
    """
    email = _email(user=user, config=config)
    claims: dict[str, Any] = dict(user.attributes)
    claims |= {"external_id": user.user_id, "scope": "user", "name": _name(user)}
    if email:
        is_verified = bool(user.email) and config.email_verified is EmailVerified.ALWAYS
        claims |= {"email": email, "email_verified": is_verified}
    return claims | {"exp": int(now) + LIFETIME_S}


def sign(*, claims: dict[str, Any], key: bytes, key_id: str = "") -> str:
    """Return the token, its header `{"alg":"HS256","typ":"JWT"}`, with `kid` only where there is a `key_id`."""
    header = jws.encode_header({"alg": "HS256", "typ": "JWT", "kid": key_id}) if key_id else _CHAT_HEADER
    return jws.sign_hs256(header_segment=header, claims=claims, key=key)


def _email(*, user: LoginUser, config: IntegrationConfig) -> str:
    if user.email or config.missing_email is MissingEmail.OMIT:
        return user.email
    if config.missing_email is MissingEmail.PLACEHOLDER:
        return f"{_local_part(user.user_id)}@{config.placeholder_domain}"
    raise ZendeskTokenError(user.email_flaw or Reason.EMAIL_MISSING)


def _local_part(user_id: str) -> str:
    # An ID that could not stand in an address gets a stable stand-in, else Zendesk would refuse the whole token.
    return user_id if _LOCAL_PART.match(user_id) else sha256(user_id.encode()).hexdigest()[:32]


def _name(user: LoginUser) -> str:
    # The vendor's guide shows agents the e-mail as the name. Zendesk wants a name always; the ID is the last resort.
    if user.is_name_chosen:
        return user.name
    return user.email or user.name or user.user_id
