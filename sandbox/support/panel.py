"""The signed start of an app in the agent's browser: the app's public key, and the token of a start.

Source: README M11. `apps.py` imitates the page around the frame.
"""

from __future__ import annotations

import json
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from sandbox.http1 import Response, respond_json
from sandbox.jwt import encode_rs256
from sandbox.problem import Problem
from sandbox.routing import Call, Route

APP_ID, INSTALLATION_ID = "1001", "5001"
ISSUER = "sandbox.zendesk.com"
AUDIENCE = f"https://{ISSUER}/api/v2/apps/installations/{INSTALLATION_ID}.json"
# Written down, so that the demo integrations can have its public half. It is invented and protects nothing.
APP_FILE = Path(__file__).parents[1] / "demo_app.json"
LIFE_S = 300  # Source: README M11, about five minutes


@lru_cache(maxsize=2)
def make_key(app_id: str, /) -> rsa.RSAPrivateKey:
    """Return the key pair of the app; "" stands for somebody else's, made once a process."""
    if app_id != APP_ID:
        return rsa.generate_private_key(65_537, 2048)
    app = json.loads(APP_FILE.read_text(encoding="utf-8"))
    key = load_pem_private_key(app["private_key"].encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("The app's key is of RSA.")
    return key


def show_public_key(call: Call) -> Response:
    """Answer the app's public key as PEM to anybody; the switch `public_key_form` wraps it into a JSON text."""
    if call.params["app_id"] != APP_ID:
        raise Problem(404, "RecordNotFound", "Not found")
    pem = make_key(APP_ID).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if call.box.support.switches.public_key_form == "json":
        return respond_json(pem.decode())
    return Response(body=pem, content_type="application/x-pem-file")


def sign_start(*, now_s: float, location: str, changes: dict[str, Any], is_foreign: bool) -> str:
    """Return the token of a start. `changes` changes claims, null removes one; a foreign one has another key."""
    issued_s = int(now_s)
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": f"https://{ISSUER}/api/v2/users/21478830000018.json", "iat": issued_s,
        "nbf": issued_s, "exp": issued_s + LIFE_S, "jti": secrets.token_hex(16), "qsh": secrets.token_hex(32),
        "context": {"product": "chat" if location == "chat_sidebar" else "support", "location": location},
    }  # fmt: skip
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return encode_rs256(claims=claims, key=make_key("" if is_foreign else APP_ID), kid=APP_ID)


ROUTES = [
    Route("GET", "/api/v2/apps/{app_id}/public_key", show_public_key, open_=True),
    Route("GET", "/api/v2/apps/{app_id}/public_key.pem", show_public_key, open_=True),
]
