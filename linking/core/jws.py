"""The one strict reader of compact JSON Web Signatures, and one function for each algorithm.

Reading never trusts: everything here refuses what two parsers could understand differently (RFC 7515, RFC 8725).
A key comes in only where its algorithm is in the function's name, so no key can ever be used as something else.
"""

import binascii
import hmac
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple, NoReturn

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from linking.core.refusals import Reason, Refused

TOKEN_MAX_CHARACTERS = 8192
HEADER_NAMES = frozenset({"alg", "typ", "kid", "cty"})
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_STANDARD, _TO_URL_SAFE = bytes.maketrans(b"-_", b"+/"), bytes.maketrans(b"+/", b"-_")
_PADDING = (b"", b"", b"==", b"=")
# By the characters left over after the last four: what the last one can be when the bits it has to spare are zero, as
# an encoder leaves them (RFC 4648 §3.5). One character left over is nothing's encoding.
_LAST = (_ALPHABET, b"", b"AQgw", b"AEIMQUYcgkosw048")
# Login's headers are a handful of constants; hostile ones only push each other out.
_HEADERS_KEPT = 64
_KEYS_KEPT = 64
_BLOCK_BYTES = 64
_INNER_PAD, _OUTER_PAD = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
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
    # All but the alphabet taken away, exactly the two dots must be left: no blank, no padding, no line end.
    if encoded.translate(None, _ALPHABET) != b"..":
        raise JWSError(Reason.MALFORMED)
    header, payload, signature = encoded.split(b".")
    signing_input = encoded[: len(header) + 1 + len(payload)]
    told = _read_header(header)
    # An unsecured JWT is whole without a signature (RFC 7519 §6). It is read, so that its algorithm is what is refused.
    signed = b"" if not signature and told.algorithm.lower() == "none" else _decode(signature)
    return UnverifiedJWS(told, signing_input, _decode(payload), signed)


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
        is_signed |= bool(key) and hmac.compare_digest(_hmac_sha256(key, jws.signing_input), jws.signature)
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
    return sign_input_hs256(header_segment + b"." + encode(orjson.dumps(claims)), key).decode("ascii")


def begin(*, header_segment: bytes, payload: bytes) -> tuple[bytes, bytes]:
    """Return what a JWS begins with whose payload begins with `payload`, and what of it the next bytes are needed for.

    Base64url spells three bytes at a time; up to two wait for those that follow.
    """
    whole = len(payload) - len(payload) % 3
    return header_segment + b"." + encode(payload[:whole]), payload[whole:]


def sign_input_hs256(signing_input: bytes, key: bytes) -> bytes:
    """Return the compact JWS of header and payload, both encoded already. Raises: ValueError for an empty key."""
    if not key:
        raise ValueError("An empty key signs nothing.")
    return signing_input + b"." + encode(_hmac_sha256(key, signing_input))


def encode_header(header: Mapping[str, str]) -> bytes:
    """Return the first segment, its names in the order given."""
    return encode(orjson.dumps(header))


def encode(raw: bytes) -> bytes:
    """Return `raw` as base64url without padding."""
    return binascii.b2a_base64(raw, newline=False).translate(_TO_URL_SAFE).rstrip(b"=")


def read_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`, read so that no other reader could see another one in it.

    UTF-8 without byte-order mark, no name twice at any depth, no NaN, Infinity or number that overflows to it.

    Raises: JWSError (`malformed`).
    """
    value = _read_canonical(raw)
    return _read_strictly(raw) if value is None else value


def _read_canonical(raw: bytes) -> dict[str, Any] | None:
    """Return the object in `raw` where it is spelled as our own writer would spell it; None leaves the verdict open.

    Four times as quick as the strict reader, and as strict: a name that stands twice, a blank, an escape or a number
    that another reader could see differently does not come out as it went in.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return value if type(value) is dict and orjson.dumps(value) == raw else None


def _read_strictly(raw: bytes) -> dict[str, Any]:
    try:
        # A byte-order mark survives this decoding and is then no JSON.
        value = _DECODER.decode(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        # ValueError covers bad UTF-8, bad JSON, the refusals of the hooks below, and integers of absurd length.
        raise JWSError(Reason.MALFORMED) from error
    if not isinstance(value, dict):
        raise JWSError(Reason.MALFORMED)
    return value


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
def _hmac_begun(key: bytes) -> tuple[Any, Any]:
    """Return the two hashes of HMAC (RFC 2104) that have taken in the padded key, to be copied and never updated."""
    block = (sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\x00")
    return sha256(block.translate(_INNER_PAD)), sha256(block.translate(_OUTER_PAD))


def _hmac_sha256(key: bytes, message: bytes) -> bytes:
    # Equal to `hmac.digest(key, message, "sha256")` in half its time, which is a sixth of checking and signing.
    begun_inner, begun_outer = _hmac_begun(key)
    inner, outer = begun_inner.copy(), begun_outer.copy()
    inner.update(message)
    outer.update(inner.digest())
    digest: bytes = outer.digest()
    return digest


def _decode(segment: bytes) -> bytes:
    """Return the bytes of unpadded base64url, refusing every spelling but the one an encoder makes.

    The alphabet has been checked: what is left to refuse is a length and a last character.
    """
    over = len(segment) % 4
    if not segment or segment[-1] not in _LAST[over]:
        raise JWSError(Reason.MALFORMED)
    return binascii.a2b_base64(segment.translate(_TO_STANDARD) + _PADDING[over])


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("the number is too large")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant, parse_float=_finite)
