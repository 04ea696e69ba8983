"""Zendesk JWTs: the claims for either widget, and their signing.

Source: support.zendesk.com, "Enabling authenticated visitors in the Chat widget" and "Authenticating end users in
messaging", read 2026-11: `exp` at most 7 minutes after `iat` for Chat, no accented characters in the e-mail.
"""

import re
from hashlib import sha256
from typing import Any

from linking.core.config import EmailVerified, IntegrationConfig, MissingEmail, ZendeskProduct
from linking.tokens import jws
from linking.tokens.login_jwt import VerifiedUser
from linking.tokens.refusals import Reason, Refused

LIFETIME_S = 300
# Held here, because asking an enumeration for its member takes as long as a function call.
_CHAT = ZendeskProduct.CHAT
_CHAT_HEADER = jws.encode_header({"alg": "HS256", "typ": "JWT"})
# What may stand before the @ without quoting, at most 64 characters (RFC 5321 §4.5.3.1.1).
_LOCAL_PART = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*\Z")


class ZendeskTokenError(Refused):
    """No Zendesk JWT can be made for this user; reasons `email_missing`, `email_unusable`."""


class ZendeskSetupIncomplete(Refused):
    """The integration cannot sign for Zendesk yet; reasons `zendesk_secret`, `zendesk_key_id`."""


def zendesk_jwt(*, user: VerifiedUser, config: IntegrationConfig, now: float) -> str:
    """Return the signed token for the widget that `config` names; `now` is in epoch seconds.

    Raises: ZendeskTokenError, ZendeskSetupIncomplete.
    """
    key, issued = config.zendesk_secret_at(now), int(now)
    if not key:
        raise ZendeskSetupIncomplete(Reason.ZENDESK_SECRET)
    if config.zendesk_product is _CHAT:
        claims = chat_claims(user, config)
        claims["iat"], claims["exp"] = issued, issued + LIFETIME_S
        return jws.sign_hs256(header_segment=_CHAT_HEADER, claims=claims, key=key)
    if not config.zendesk_key_id:
        raise ZendeskSetupIncomplete(Reason.ZENDESK_KEY_ID)
    header = jws.encode_header({"alg": "HS256", "typ": "JWT", "kid": config.zendesk_key_id})
    claims = messaging_claims(user, config)
    claims["exp"] = issued + LIFETIME_S
    return jws.sign_hs256(header_segment=header, claims=claims, key=key)


def chat_claims(user: VerifiedUser, config: IntegrationConfig) -> dict[str, Any]:
    """Return `name`, `email`, `external_id`; without `email` where the policy is to omit it. `iat` and `exp` follow.

    Raises: ZendeskTokenError.
    """
    email = user.email or _email_instead(user, config)
    claims: dict[str, Any] = {"name": _name(user)}
    if email:
        claims["email"] = email
    claims["external_id"] = user.user_id
    return claims


def messaging_claims(user: VerifiedUser, config: IntegrationConfig) -> dict[str, Any]:
    """Return `external_id`, `scope`, `name`, `email`, `email_verified`; without the e-mail pair where omitted.

    Mapped attributes come with them and never in the place of one of these, nor of `exp`, which follows.

    A placeholder address is never called verified: nobody reads mail there.

    Raises: ZendeskTokenError.
    """
    email = user.email or _email_instead(user, config)
    claims: dict[str, Any] = {name: value for name, value in user.attributes if name != "exp"}
    claims |= {"external_id": user.user_id, "scope": "user", "name": _name(user)}
    if email:
        is_verified = bool(user.email) and config.email_verified is EmailVerified.ALWAYS
        claims |= {"email": email, "email_verified": is_verified}
    return claims


def _email_instead(user: VerifiedUser, config: IntegrationConfig) -> str:
    if config.missing_email is MissingEmail.OMIT:
        return ""
    if config.missing_email is MissingEmail.PLACEHOLDER:
        return f"{_local_part(user.user_id)}@{config.placeholder_domain}"
    raise ZendeskTokenError(user.email_flaw or Reason.EMAIL_MISSING)


def _local_part(user_id: str) -> str:
    # An ID that could not stand in an address gets a stable stand-in, else Zendesk would refuse the whole token.
    return user_id if _LOCAL_PART.match(user_id) else sha256(user_id.encode()).hexdigest()[:32]


def _name(user: VerifiedUser) -> str:
    # The vendor's guide shows agents the e-mail as the name. Zendesk wants a name always; the ID is the last resort.
    if user.is_name_chosen:
        return user.name
    return user.email or user.name or user.user_id
