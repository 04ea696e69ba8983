"""Starts of the app as Zendesk signs them, made by PyJWT, which is not the implementation under test."""

import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.rsa_keys import private_key

AUDIENCE = "https://acme.zendesk.com/api/v2/apps/installations/5001.json"


def make_pem(name: str = "app", bits: int = 2048) -> str:
    """The public key of an app."""
    public = private_key(name, bits).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def make_claims(*, now: float | None = None, **changes: Any) -> dict[str, Any]:
    """The claims of a fresh start; a change of `...` (Ellipsis) drops the claim."""
    issued = int(time.time() if now is None else now)
    claims = {
        "iss": "acme.zendesk.com", "aud": AUDIENCE, "sub": "https://acme.zendesk.com/api/v2/users/7.json",
        "iat": issued, "nbf": issued, "exp": issued + 300, "jti": uuid.uuid4().hex, "qsh": "q",
        "context": {"product": "support", "location": "ticket_sidebar"},
    } | changes  # fmt: skip
    return {name: value for name, value in claims.items() if value is not ...}


def sign_start(*, key: str = "app", now: float | None = None, **changes: Any) -> str:
    """The token of a start."""
    return jwt.encode(make_claims(now=now, **changes), private_key(key), algorithm="RS256")


def set_up_app(**changes: Any) -> dict[str, Any]:
    """The settings of an integration whose panel can start."""
    return {"zendesk_app_public_key": make_pem(), "zendesk_app_audience": AUDIENCE} | changes
