"""Explains a signature that does not match: tries the usual mistakes with secrets one by one.

Every attempt is an HMAC with a key made from a stored secret, so the result tells a stranger nothing that signing a
token with that key would not.
"""

import binascii
import hmac
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Callable, Iterator

from linking.core.config import IntegrationConfig, SecretName
from linking.tokens.jws import UnverifiedJWS

LOGIN_SECRET, ZENDESK_SECRET = SecretName.LOGIN_SECRET_KEY.value, SecretName.ZENDESK_SHARED_SECRET.value
_HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}

Explanation = tuple[str, dict[str, object]]


def explain_signature(
    unverified: UnverifiedJWS, *, own: tuple[bytes, ...], own_name: str, other: bytes, other_name: str,
    elsewhere: tuple[IntegrationConfig, ...],
) -> Explanation:  # fmt: skip
    """Return the cause of a signature that none of `own` made, and the values for its sentence.

    `other`: the other secret of the integration. `elsewhere`: the other integrations.
    """
    if matches(unverified, key=b""):
        return "signed_empty", {}
    if other and matches(unverified, key=other):
        return "signed_swapped", {"name": other_name}
    for config in elsewhere:
        if any(key and matches(unverified, key=key) for key in (*config.login_secrets, config.zendesk_shared_secret)):
            return "signed_elsewhere", {"slug": config.slug}
    for name, secret in [*((own_name, one) for one in own), (other_name, other)]:
        for cause, key in _list_variants(secret):
            if key and key != secret and matches(unverified, key=key):
                return cause, {"name": name}
    return "signed_unknown", {}


def matches(unverified: UnverifiedJWS, *, key: bytes) -> bool:
    """Return whether `key` made the signature, with the HMAC that the header names (SHA-256 if it names none)."""
    name = _HASHES.get(unverified.header.algorithm, "sha256")
    return hmac.compare_digest(hmac.digest(key, unverified.signing_input, name), unverified.signature)


def is_other_hash(algorithm: str) -> bool:
    """Return whether `algorithm` is an HMAC with another hash than SHA-256."""
    return algorithm in _HASHES and algorithm != "HS256"


def _list_variants(secret: bytes) -> Iterator[tuple[str, bytes]]:
    if not secret:
        return
    stripped = secret.strip()
    yield "signed_trimmed", stripped
    yield from (("signed_line_end", secret + end) for end in (b"\n", b"\r\n", b" "))
    decoders: tuple[Callable[[bytes], bytes], ...] = (_decode_base64, _decode_base64url)
    yield from (("signed_base64", _try_decoding(decode, stripped)) for decode in decoders)
    yield "signed_base64_text", b64encode(secret)
    yield "signed_hex", _try_decoding(binascii.unhexlify, stripped)
    yield from (("signed_quoted", quote + secret + quote) for quote in (b'"', b"'"))
    if secret[:1] in (b'"', b"'") and secret[:1] == secret[-1:]:
        yield "signed_unquoted", secret[1:-1]
    yield from (("signed_case", changed) for changed in (secret.lower(), secret.upper()))


def _decode_base64(raw: bytes) -> bytes:
    return b64decode(raw + b"=" * (-len(raw) % 4), validate=True)


def _decode_base64url(raw: bytes) -> bytes:
    return urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))


def _try_decoding(decode: Callable[[bytes], bytes], raw: bytes) -> bytes:
    try:
        return decode(raw)
    except ValueError:  # binascii.Error is one
        return b""
