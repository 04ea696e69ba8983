"""A Login project's public keys: either published shape in, the keys that may verify a Login JWT out.

Source: developers.xsolla.com, Login API, "JSON Web Key Set" (an object, base64url), and Xsolla's Go and PHP SDKs (a
bare array, hexadecimal digits), read 2026-11. The first one's example writes one exponent the second one's way.
"""

import binascii
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

RSA_MIN_BITS = 2048
RSA_MAX_BITS = 8192  # a larger one would make every verification expensive
KEYS_MAX = 50
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+\Z")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]+\Z")
_COMMON_EXPONENT = frozenset({"10001", "010001"})  # 65537 in hexadecimal


class BadKeySet(ValueError):
    """The document has neither of the two published shapes."""


class KeyEncoding(StrEnum):
    """How `n` and `e` of the listed keys are written."""

    BASE64URL = "base64url"
    HEXADECIMAL = "hexadecimal"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One RSA key that may verify RS256; `key_id` is "" where the list names none."""

    key_id: str
    key: RSAPublicKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of one project; `ignored` counts those listed that are not."""

    keys: tuple[PublicKey, ...] = ()
    ignored: int = 0

    def choose(self, key_id: str | None) -> tuple[RSAPublicKey, ...]:
        """Return the keys that a token naming `key_id` may be signed with; one naming none needs there to be one key.

        More than one is returned only where the list gives several keys the same ID.
        """
        if key_id is None:
            return (self.keys[0].key,) if len(self.keys) == 1 else ()
        return tuple(one.key for one in self.keys if one.key_id == key_id)


NO_KEYS = KeySet()


def list_keys(document: object) -> tuple[KeyEncoding, tuple[Mapping[str, object], ...]]:
    """Return how the keys in a parsed document are written, which its outer type says, and the keys unjudged.

    `{}` lists none, whichever shape it is meant as. Raises: BadKeySet.
    """
    encoding, keys = KeyEncoding.HEXADECIMAL, document
    if isinstance(document, dict):
        encoding, keys = KeyEncoding.BASE64URL, document.get("keys", [])
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise BadKeySet("the list of keys has another shape than published")
    return encoding, tuple(keys)


def usable_keys(listed: Iterable[Mapping[str, object]], *, encoding: KeyEncoding) -> KeySet:
    """Return those of `listed` that may verify RS256: RSA, 2048 bits or more, meant for signatures and nothing else."""
    known = tuple(listed)
    found = [_public_key(one, encoding=encoding) for one in known[:KEYS_MAX]]
    keys = tuple(one for one in found if one is not None)
    return KeySet(keys=keys, ignored=len(known) - len(keys))


def _public_key(listed: Mapping[str, object], *, encoding: KeyEncoding) -> PublicKey | None:
    key_id = listed.get("kid", "")
    if not isinstance(key_id, str) or not _is_for_rs256(listed):
        return None
    modulus = _number(listed.get("n"), encoding=encoding)
    exponent = _exponent(listed.get("e"), encoding=encoding)
    if not RSA_MIN_BITS <= modulus.bit_length() <= RSA_MAX_BITS or not 3 <= exponent < 2**32:
        return None
    try:
        return PublicKey(key_id=key_id, key=RSAPublicNumbers(e=exponent, n=modulus).public_key())
    except ValueError:  # numbers that are no RSA key, an even modulus for instance
        return None


def _is_for_rs256(listed: Mapping[str, object]) -> bool:
    if listed.get("kty") != "RSA" or listed.get("alg", "RS256") != "RS256" or listed.get("use", "sig") != "sig":
        return False
    operations = listed.get("key_ops")
    return operations is None or (isinstance(operations, list) and "verify" in operations)


def _exponent(value: object, *, encoding: KeyEncoding) -> int:
    if value in _COMMON_EXPONENT:
        return 65_537
    if encoding is KeyEncoding.HEXADECIMAL and value == "AQAB":
        return 65_537
    return _number(value, encoding=encoding)


def _number(value: object, *, encoding: KeyEncoding) -> int:
    """Return the number, 0 when `value` is not one written as `encoding` says."""
    if not isinstance(value, str):
        return 0
    if encoding is KeyEncoding.HEXADECIMAL:
        return int(value, 16) if _HEXADECIMAL.match(value) else 0
    if not _BASE64URL.match(value):
        return 0
    try:
        return int.from_bytes(urlsafe_b64decode(value + "=" * (-len(value) % 4)), "big")
    except binascii.Error:
        return 0
