"""Measures checking a Login JWT and signing a Zendesk JWT in process, beside PyJWT, and the whole answer.

    .venv/bin/python benchmarks/codec.py

The figures are the least of many short batches: what the code costs when nothing else runs. PyJWT is asked for what it
can check (signature, issuer, times with leeway, required claims) and for the same claims signed; the rules about
duplicate names, projects, audiences and user IDs, which it does not have, are on our side only. `barest` is what is
left when nothing but the signature and `exp` is checked: it says how much of our time the rules can have.
"""

# Django has to stand before anything of ours that needs its settings is imported, and `_limits` is put out of the way.
# ruff: noqa: E402, SLF001

import base64
import hmac
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zdbridge.settings")

import django

django.setup()

import jwt
import orjson

from linking.api import front, token
from linking.core.config import IntegrationConfig, snapshot_of
from linking.core.key_sets import NO_KEYS
from linking.limits import Limiter
from linking.tokens import endpoint as tokens
from linking.tokens.login_jwt import ISSUER, LEEWAY_S, verify_login_jwt
from linking.tokens.verified_tokens import Verified, VerifiedTokens, digest_token
from linking.tokens.zendesk_jwt import LIFETIME_S, zendesk_jwt

PROJECT_ID = "b7a1d0e2-5c3f-4e0a-8b7d-2f9c1a6e4d10"
LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET = (
    "login-secret-of-the-benchmark-only-00",
    "zendesk-secret-of-the-benchmark-only",
)
ORIGIN = "https://shop.example"
CONFIG = IntegrationConfig(
    integration_id=1,
    slug="bench",
    name="Benchmark",
    login_project_id=PROJECT_ID,
    login_secrets=(LOGIN_SECRET_KEY.encode(),),
    allowed_origins=frozenset({ORIGIN}),
    zendesk_shared_secret=ZENDESK_SHARED_SECRET.encode(),
)
SNAPSHOT = snapshot_of(configs=[CONFIG])
NOW = int(time.time())
CLAIMS = {
    "email": "nadia@player.example", "exp": NOW + 86_400, "iat": NOW, "iss": ISSUER,
    "groups": [{"id": 1204, "name": "default", "is_default": True}], "is_master": True, "publisher_id": 77001,
    "promo_email_agreement": False, "sub": "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01", "type": "xsolla_login",
    "username": "nadia", "xsolla_login_project_id": PROJECT_ID,
}  # fmt: skip
TOKEN = jwt.encode(CLAIMS, LOGIN_SECRET_KEY, algorithm="HS256")
KNOWN = VerifiedTokens()
KNOWN.add(
    digest_token(TOKEN),
    Verified(
        config=CONFIG,
        user=verify_login_jwt(token=TOKEN, config=CONFIG, now=NOW),
        slug=None,
        snapshot=SNAPSHOT,
        keys=NO_KEYS,
        begins_epoch_s=NOW,
        ends_epoch_s=NOW + 86_400,
    ),
    NOW,
)
UNLIMITED = tokens.TokenLimits(per_address=Limiter(per_minute=0), per_user=Limiter(per_minute=0))
LIMITED = tokens.TokenLimits(per_address=Limiter(per_minute=10**6), per_user=Limiter(per_minute=10**6))


def ours() -> str:
    """Check and sign with all our rules."""
    return zendesk_jwt(user=verify_login_jwt(token=TOKEN, config=CONFIG, now=NOW), config=CONFIG, now=NOW)


def ours_known() -> str:
    """Sign for a token that was verified before."""
    verdict = KNOWN.find(digest_token(TOKEN), None, SNAPSHOT, {}, NOW)
    if verdict is None:
        raise SystemExit("The token is not remembered.")
    return zendesk_jwt(user=verdict.user, config=verdict.config, now=NOW)


def theirs() -> str:
    """Check and sign with PyJWT."""
    claims = jwt.decode(
        TOKEN, LOGIN_SECRET_KEY, algorithms=["HS256"], issuer=ISSUER, leeway=LEEWAY_S,
        options={"require": ["exp", "sub", "iss"], "verify_aud": False},
    )  # fmt: skip
    answer = {
        "name": claims["email"], "email": claims["email"], "external_id": claims["sub"],
        "iat": NOW, "exp": NOW + LIFETIME_S,
    }  # fmt: skip
    return jwt.encode(answer, ZENDESK_SHARED_SECRET, algorithm="HS256")


def barest() -> str:
    """Check signature and `exp` and sign, with the standard library and orjson; nobody should use this."""
    signing_input, _, signature = TOKEN.encode().rpartition(b".")
    made = hmac.digest(CONFIG.login_secrets[0], signing_input, "sha256")
    if not hmac.compare_digest(made, base64.urlsafe_b64decode(signature + b"==")):
        raise ValueError("another signature")
    header, _, payload = signing_input.partition(b".")
    claims = orjson.loads(base64.urlsafe_b64decode(payload + b"=="))
    if claims["exp"] < NOW:
        raise ValueError("expired")
    answer = {
        "name": claims["email"], "email": claims["email"], "external_id": claims["sub"],
        "iat": NOW, "exp": NOW + LIFETIME_S,
    }  # fmt: skip
    signing_input = header + b"." + base64.urlsafe_b64encode(orjson.dumps(answer)).rstrip(b"=")
    made = hmac.digest(CONFIG.zendesk_shared_secret, signing_input, "sha256")
    return (signing_input + b"." + base64.urlsafe_b64encode(made).rstrip(b"=")).decode()


def answered(*, slug: str | None = None, limits: tokens.TokenLimits = UNLIMITED) -> Callable[[], object]:
    """Return a call of the answer function."""
    request = tokens.TokenRequest(
        method="GET", slug=slug, cookie_header=f"token={TOKEN}", origin=ORIGIN, fetch_mode="cors", address="192.0.2.7"
    )
    return lambda: tokens.answer(request, SNAPSHOT, NOW, limits, verified=VerifiedTokens())


def served(*, is_direct: bool) -> Callable[[], object]:
    """Return a call of the WSGI front, or of the view behind it, with the snapshot put in force."""
    application = front.TokenFront(application=None, is_direct=is_direct, allowed_hosts=["127.0.0.1"])
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/generate/token", "QUERY_STRING": "", "REMOTE_ADDR": "192.0.2.7",
        "HTTP_HOST": "127.0.0.1:8000", "HTTP_COOKIE": f"token={TOKEN}", "HTTP_ORIGIN": ORIGIN,
        "HTTP_SEC_FETCH_MODE": "cors", "SCRIPT_NAME": "", "wsgi.url_scheme": "http",
    }  # fmt: skip
    tokens.registry.current = lambda: SNAPSHOT
    token._limits = lambda: UNLIMITED
    return lambda: application(dict(environ), lambda *_: None)


def least_us(call: Callable[[], object], *, batches: int = 2000, calls: int = 20) -> float:
    """Return the microseconds one call takes in the quickest batch."""
    call()
    times = []
    for _ in range(batches):
        begun = time.perf_counter()
        for _ in range(calls):
            call()
        times.append((time.perf_counter() - begun) / calls * 1e6)
    return min(times)


def main() -> None:
    """Measure and print."""
    signed_claims = [jwt.decode(one(), options={"verify_signature": False}) for one in (theirs, ours, barest)]
    if any(one != signed_claims[0] for one in signed_claims):
        raise SystemExit("They sign different claims.")
    other = least_us(theirs)
    print("| in process, least of many batches | µs | times PyJWT |\n|---|---|---|")
    print(f"| PyJWT, check and sign | {other:.1f} | 1.0 |")
    compared = {
        "the barest codec: signature and `exp` only": barest,
        "ours, check and sign, all rules": ours,
        "ours, for a token that was verified before": ours_known,
    }
    for name, call in compared.items():
        taken = least_us(call)
        print(f"| {name} | {taken:.1f} | {other / taken:.1f} |")
    rows = {
        "the whole answer, path without a slug": answered(),
        "the whole answer, path with a slug": answered(slug="bench"),
        "the same with both limits counted": answered(slug="bench", limits=LIMITED),
        "the front around it, with the sighting noted": served(is_direct=True),
        "the view around it, with the sighting noted": served(is_direct=False),
    }
    for name, call in rows.items():
        print(f"| {name} | {least_us(call):.1f} | |")


if __name__ == "__main__":
    main()
