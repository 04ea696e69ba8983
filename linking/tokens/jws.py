"""The one strict reader of compact JSON Web Signatures, and one function for each algorithm.

Reading never trusts: everything here refuses what two parsers could understand differently (RFC 7515, RFC 8725).
A key comes in only where its algorithm is in the function's name, so no key can ever be used as something else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hmac import compare_digest
from typing import Any, NamedTuple

import orjson
import pybase64
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from jwt.algorithms import RSAAlgorithm

from linking.core import strict_json
from linking.tokens.refusals import Reason, Refused

TOKEN_MAX_CHARACTERS = 8192
HEADER_NAMES = frozenset({"alg", "typ", "kid", "cty"})
# What base64url has in the place of `+` and `/` (RFC 4648 §5).
_URL_SAFE = b"-_"
# pybase64 lets these pass beside it still; as numbers, because bytes are looked for in ten times the time.
_PLUS, _SLASH = b"+/"
_BASE64URL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# By how many characters are left over beside groups of four: what can come last, the bits that it has to spare being
# zero (RFC 4648 §3.5), and what the padding would have been. No encoder leaves one over.
_LAST_CHARACTERS = (_BASE64URL, b"", _BASE64URL[::16], _BASE64URL[::4])
_PADDING = (b"", b"", b"==", b"=")
# Login's headers are a handful of constants; hostile ones only push each other out.
_HEADERS_KEPT = 64
_KEYS_KEPT = 64
_RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)


class JWSError(Refused):
    """The text is no acceptable JWS; reasons `too_large`, `malformed`, `header`, `algorithm`, `signature`."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a header may say. `key_id` chooses among keys already fetched and is used for nothing else."""

    algorithm: str
    key_id: str | None


class UnverifiedJWS(NamedTuple):
    """A well-formed JWS whose signature nobody has checked yet."""

    header: Header
    signing_input: bytes
    payload: bytes
    signature: bytes


def read(token: str) -> UnverifiedJWS:
    """Return the parts of `token`; the payload stays bytes, because a JWS may carry anything.

    Raises: JWSError (`too_large`, `malformed`, `header`).
    """
    if len(token) > TOKEN_MAX_CHARACTERS:
        raise JWSError(Reason.TOO_LARGE)
    try:
        encoded = token.encode("ascii")
    except UnicodeEncodeError as error:
        raise JWSError(Reason.MALFORMED) from error
    signing_input, _, signature = encoded.rpartition(b".")
    header, _, payload = signing_input.partition(b".")
    carried, made = _decode(payload), _decode(signature) if signature else b""
    told = _read_header(header)
    # An unsecured JWT is whole without a signature (RFC 7519 §6). It is read, so that its algorithm is what is refused.
    if not signature and told.algorithm.lower() != "none":
        raise JWSError(Reason.MALFORMED)
    return UnverifiedJWS(told, signing_input, carried, made)


def verify_hs256(jws: UnverifiedJWS, *, keys: Iterable[bytes]) -> None:
    """Return when one of `keys` made the signature with HMAC-SHA-256.

    Every key is tried whatever the others say, so that the time taken does not tell which one matched. An empty key
    never matches: anybody could sign with it.

    Raises: JWSError (`algorithm`, `signature`).
    """
    if jws.header.algorithm != "HS256":
        raise JWSError(Reason.ALGORITHM)
    is_signed = False
    for key in keys:
        is_signed |= bool(key) and compare_digest(_hmac_sha256(key, jws.signing_input), jws.signature)
    if not is_signed:
        raise JWSError(Reason.SIGNATURE)


def verify_rs256(jws: UnverifiedJWS, *, keys: Iterable[RSAPublicKey]) -> None:
    """Return when one of `keys` made the signature with RSASSA-PKCS1-v1_5 and SHA-256.

    Raises: JWSError (`algorithm`, `signature`).
    """
    if jws.header.algorithm != "RS256":
        raise JWSError(Reason.ALGORITHM)
    if not any(_RS256.verify(jws.signing_input, key, jws.signature) for key in keys):
        raise JWSError(Reason.SIGNATURE)


def sign_hs256(*, header_segment: bytes, claims: Mapping[str, Any], key: bytes) -> str:
    """Return the compact JWS of `claims` under a header that is encoded already (`encode_header`).

    Raises: ValueError for an empty key.
    """
    if not key:
        raise ValueError("An empty key signs nothing.")
    signing_input = header_segment + b"." + encode(orjson.dumps(claims))
    return (signing_input + b"." + encode(_hmac_sha256(key, signing_input))).decode("ascii")


def encode_header(header: Mapping[str, str]) -> bytes:
    """Return the first segment, its names in the order given."""
    return encode(orjson.dumps(header))


def encode(raw: bytes) -> bytes:
    """Return `raw` as base64url without padding."""
    return pybase64.b64encode(raw, _URL_SAFE).rstrip(b"=")


def read_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`, a payload for instance. Raises: JWSError (`malformed`)."""
    try:
        return strict_json.read_object(raw)
    except strict_json.NotStrictJSON as error:
        raise JWSError(Reason.MALFORMED) from error


@lru_cache(maxsize=_HEADERS_KEPT)
def _read_header(segment: bytes) -> Header:
    header = read_object(_decode(segment))
    if not HEADER_NAMES.issuperset(header) or header.get("typ", "JWT") != "JWT":
        raise JWSError(Reason.HEADER)
    if not all(isinstance(value, str) for value in header.values()):
        raise JWSError(Reason.HEADER)
    if "alg" not in header:
        raise JWSError(Reason.ALGORITHM)
    return Header(algorithm=header["alg"], key_id=header.get("kid"))


@lru_cache(maxsize=_KEYS_KEPT)
def _hmac_begun(key: bytes) -> HMAC:
    """Return the HMAC that has taken in the key, to be copied and never updated."""
    return HMAC(key, SHA256())


def _hmac_sha256(key: bytes, message: bytes) -> bytes:
    # Equal to `hmac.digest(key, message, "sha256")` in half its time, which is a tenth of checking and signing.
    mac = _hmac_begun(key).copy()
    mac.update(message)
    return mac.finalize()


def _decode(segment: bytes) -> bytes:
    """Return the bytes of base64url, refusing every spelling but the one an encoder makes.

    No blank, no padding, no character of another alphabet, and zero in the bits that the last one has to spare.
    """
    left_over = len(segment) % 4
    if not segment or segment[-1] not in _LAST_CHARACTERS[left_over] or _PLUS in segment or _SLASH in segment:
        raise JWSError(Reason.MALFORMED)
    try:
        # pybase64 can refuse padding and set bits by itself, but takes twice as long when told to.
        return pybase64.b64decode(segment + _PADDING[left_over], _URL_SAFE, True)
    except ValueError as error:
        raise JWSError(Reason.MALFORMED) from error
