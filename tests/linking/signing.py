"""Signs webhook calls as Zendesk would, by an implementation that is not the one under test."""

import base64
import hashlib
import hmac

SECRET = "webhook-signing-secret-of-acme-for-tests-only"


def signature(*, timestamp: str, body: bytes, secret: str = SECRET) -> str:
    mac = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def stamp(at) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
