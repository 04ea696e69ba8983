"""The one strict reader of compact JSON Web Signatures, and one function for each algorithm.

Reading never trusts: everything here refuses what two parsers could understand differently (RFC 7515, RFC 8725).
A key comes in only where its algorithm is in the function's name, so no key can ever be used as something else.
"""

import binascii
import hmac
import json
import math
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, NoReturn

from linking.core.refusals import Reason, Refused

TOKEN_MAX_CHARACTERS = 8192
HEADER_NAMES = frozenset({"alg", "typ", "kid", "cty"})
# \Z and not $, which would let a line end pass.
_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\Z")
# Login's headers are a handful of constants; hostile ones only push each other out.
_HEADERS_KEPT = 64


class JWSError(Refused):
    """The text is no acceptable JWS; reasons `too_large`, `malformed`, `header`, `algorithm`, `signature`."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a header may say. `key_id` chooses among keys already fetched and is used for nothing else."""

    algorithm: str
    key_id: str | None


@dataclass(frozen=True, slots=True)
class UnverifiedJWS:
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
    match = _SHAPE.match(token)
    if match is None:
        raise JWSError(Reason.MALFORMED)
    header, payload, signature = match.groups()
    return UnverifiedJWS(
        header=_read_header(header),
        signing_input=token[: match.end(2)].encode("ascii"),
        payload=_decode(payload),
        signature=_decode(signature),
    )


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
        is_signed |= bool(key) and hmac.compare_digest(hmac.digest(key, jws.signing_input, sha256), jws.signature)
    if not is_signed:
        raise JWSError(Reason.SIGNATURE)


def sign_hs256(*, header_segment: bytes, claims: Mapping[str, Any], key: bytes) -> str:
    """Return the compact JWS of `claims` under a header that is encoded already (`encode_header`).

    Raises: ValueError for an empty key.
    """
    if not key:
        raise ValueError("An empty key signs nothing.")
    signing_input = header_segment + b"." + _encode(_COMPACT.encode(claims).encode("ascii"))
    return (signing_input + b"." + _encode(hmac.digest(key, signing_input, sha256))).decode("ascii")


def encode_header(header: Mapping[str, str]) -> bytes:
    """Return the first segment, its names in the order given."""
    return _encode(_COMPACT.encode(header).encode("ascii"))


def read_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`, read so that no other reader could see another one in it.

    UTF-8 without byte-order mark, no name twice at any depth, no NaN, Infinity or number that overflows to it.

    Raises: JWSError (`malformed`).
    """
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
def _read_header(segment: str) -> Header:
    header = read_object(_decode(segment))
    if not HEADER_NAMES.issuperset(header) or header.get("typ", "JWT") != "JWT":
        raise JWSError(Reason.HEADER)
    if not all(isinstance(value, str) for value in header.values()):
        raise JWSError(Reason.HEADER)
    if "alg" not in header:
        raise JWSError(Reason.ALGORITHM)
    return Header(algorithm=header["alg"], key_id=header.get("kid"))


def _decode(segment: str) -> bytes:
    """Return the bytes of unpadded base64url, refusing every spelling but the one an encoder makes."""
    encoded = segment.encode("ascii")
    try:
        decoded = urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
    except binascii.Error as error:
        raise JWSError(Reason.MALFORMED) from error
    if _encode(decoded) != encoded:
        raise JWSError(Reason.MALFORMED)
    return decoded


def _encode(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


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


_COMPACT = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant, parse_float=_finite)
