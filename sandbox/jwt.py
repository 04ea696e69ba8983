"""The sandbox's own compact JWTs: HS256 by `hmac`, RS256 by `cryptography`. Shares no code with the app."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


class TokenUnreadable(Exception):
    """The text is not a compact JWT with JSON objects as header and claims."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The decoded parts of a token, nothing verified."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def encode_base64url(raw: bytes) -> str:
    """Return the base64url form without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Decode base64url without padding. Raises: ValueError."""
    if not text.isascii() or set(text) & set("+/="):
        raise ValueError("not base64url")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def encode_hs256(*, claims: dict[str, Any], secret: str, header: dict[str, Any] | None = None) -> str:
    """Return a token signed with the secret's UTF-8 bytes, as both vendors do."""
    signed = _build_signing_input(header or {"alg": "HS256", "typ": "JWT"}, claims)
    return f"{signed}.{encode_base64url(sign_hs256(signed.encode(), secret))}"


def encode_rs256(*, claims: dict[str, Any], key: rsa.RSAPrivateKey, kid: str) -> str:
    """Return a token signed with RSASSA-PKCS1-v1_5; the header names the key."""
    signed = _build_signing_input({"alg": "RS256", "kid": kid, "typ": "JWT"}, claims)
    return f"{signed}.{encode_base64url(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def sign_hs256(signed: bytes, secret: str) -> bytes:
    """Return the HMAC-SHA256 of the signing input."""
    return hmac.digest(secret.encode(), signed, hashlib.sha256)


def decode_unverified(token: str) -> Parts:
    """Decode a token without verifying it. Raises: TokenUnreadable with the reason."""
    pieces = token.split(".")
    if len(pieces) != 3:
        raise TokenUnreadable("A JWT has three parts separated by dots.")
    try:
        header, claims = (json.loads(decode_base64url(piece)) for piece in pieces[:2])
        signature = decode_base64url(pieces[2])
    except (ValueError, RecursionError):
        raise TokenUnreadable("A part of the JWT is not base64url of JSON.") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise TokenUnreadable("Header and claims of a JWT are JSON objects.")
    return Parts(header=header, claims=claims, signed=f"{pieces[0]}.{pieces[1]}".encode(), signature=signature)


def is_signed_hs256(parts: Parts, *, secret: str) -> bool:
    """Return whether the header says HS256 and this secret made the signature."""
    return parts.header.get("alg") == "HS256" and hmac.compare_digest(sign_hs256(parts.signed, secret), parts.signature)


def is_signed_rs256(parts: Parts, *, key: rsa.RSAPublicKey) -> bool:
    """Return whether the header says RS256 and this key made the signature."""
    if parts.header.get("alg") != "RS256":
        return False
    try:
        key.verify(parts.signature, parts.signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _build_signing_input(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return header and claims, encoded and joined by a dot."""
    return ".".join(
        encode_base64url(json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode())
        for part in (header, claims)
    )
