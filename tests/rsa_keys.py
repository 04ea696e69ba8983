"""RSA keys of a Login project, and tokens signed with them; made once a run, known to nobody."""

import base64
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from linking.core.key_sets import KeyEncoding, KeySet, usable_keys
from tests.factories import login_claims


def private_key(name: str = "first", bits: int = 2048) -> rsa.RSAPrivateKey:
    """The key called `name`; the same at every call."""
    return _made(name, bits)


@cache
def _made(_name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


def listed(name: str = "first", *, bits: int = 2048, **changes: Any) -> dict[str, Any]:
    """The public key as the standard key set lists it; a change of `...` drops the field."""
    numbers = private_key(name, bits).public_key().public_numbers()
    fields = {
        "kty": "RSA",
        "kid": name,
        "use": "sig",
        "alg": "RS256",
        "n": b64(numbers.n),
        "e": b64(numbers.e),
    } | changes
    return {field: value for field, value in fields.items() if value is not ...}


def listed_hex(name: str = "first", **changes: Any) -> dict[str, Any]:
    """The public key as the older list has it."""
    numbers = private_key(name).public_key().public_numbers()
    return listed(name, **({"n": f"{numbers.n:x}", "e": "10001"} | changes))


def key_set(*names: str) -> KeySet:
    """The keys of these names, ready for use."""
    return usable_keys([listed(name) for name in names], encoding=KeyEncoding.BASE64URL)


def rs256_jwt(*, name: str = "first", kid: str | None = "first", now: int, **changes: Any) -> str:
    """A Login JWT signed with the key `name`; its header names `kid`."""
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(login_claims(now=now, **changes), private_key(name), algorithm="RS256", headers=headers)


def b64(number: int) -> str:
    """A number as RFC 7518 writes it."""
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
