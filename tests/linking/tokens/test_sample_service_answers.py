"""The vendor's sample service and this one, answer by answer.

`SAME` rows must stay what that service says, for pages written against it. `DIFFERENT` rows are stricter or more
helpful on purpose; docs/token-endpoint.md lists them. Source: the published sample's behaviour, observed by running it.
"""

import base64
import hmac
import json
from hashlib import sha512

import jwt
import pytest

from linking.core.config import snapshot_of
from linking.limits import Limiter
from linking.tokens import endpoint as tokens
from linking.tokens import jws
from tests.factories import (
    LOGIN_SECRET_KEY,
    ORIGIN,
    USER_ID,
    ZENDESK_SHARED_SECRET,
    login_claims,
    login_jwt,
    make_config,
)

NOW = 1_767_225_600


def signed(*, header=None, **changes):
    claims = login_claims(now=NOW, **changes)
    segment = jws.encode_header(header or {"alg": "HS256", "typ": "JWT"})
    return jws.sign_hs256(header_segment=segment, claims=claims, key=LOGIN_SECRET_KEY.encode())


def signed_with_hs512():
    """The right key, and only the algorithm another one."""
    signing_input = signed(header={"alg": "HS512", "typ": "JWT"}).rpartition(".")[0]
    signature = hmac.digest(LOGIN_SECRET_KEY.encode(), signing_input.encode(), sha512)
    return f"{signing_input}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def ask(**request):
    given = tokens.answer(
        request=tokens.TokenRequest(**({"method": "GET"} | request)),
        snapshot=snapshot_of(configs=[make_config()]),
        now=NOW,
        limits=tokens.TokenLimits(per_address=Limiter(per_minute=0), per_user=Limiter(per_minute=0)),
    )
    return given.status, json.loads(given.body).get("code") if given.body else None


def cookie(token):
    return {"cookie_header": f"token={token}"}


SAME = {
    "a good cookie": (cookie(signed()), 200, None),
    "a good cookie by POST": (cookie(signed()) | {"method": "POST"}, 200, None),
    "a listed origin": (cookie(signed()) | {"origin": ORIGIN}, 200, None),
    "no cookie": ({}, 401, "00-00"),
    "an empty cookie": (cookie(""), 401, "00-01"),
    "a malformed cookie": (cookie("x"), 401, "00-01"),
    "a bad signature": (cookie(signed()[:-4] + "AAAA"), 401, "00-01"),
    "no algorithm": (cookie(signed(header={"alg": "none"})), 401, "00-01"),
    "an expired token": (cookie(signed(exp=NOW - 3600, iat=NOW - 7200)), 401, "00-01"),
    "issued in the future": (cookie(signed(iat=NOW + 3600)), 401, "00-01"),
    "not valid before the future": (cookie(signed(nbf=NOW + 3600)), 401, "00-01"),
    "sub missing": (cookie(signed(sub=...)), 422, "00-02"),
    "sub empty": (cookie(signed(sub="")), 422, "00-02"),
    "sub null": (cookie(signed(sub=None)), 422, "00-02"),
    "sub a number": (cookie(signed(sub=7)), 422, "00-02"),
    "sub and email missing": (cookie(signed(sub=..., email=...)), 422, "00-02"),
    "email missing": (cookie(signed(email=...)), 422, "00-03"),
    "email empty": (cookie(signed(email="")), 422, "00-03"),
    "email null": (cookie(signed(email=None)), 422, "00-03"),
    "email a number": (cookie(signed(email=7)), 422, "00-03"),
}
DIFFERENT = {
    # case: request, what the sample answers, what we answer
    "a Bearer token": ({"authorization": f"Bearer {signed()}"}, (401, "00-00"), (200, None)),
    "one cookie with two values": (
        {"cookie_header": f"token={signed()}; token={signed(sub='b')}"},
        (200, None),
        (401, "00-01"),
    ),
    "a quoted cookie": (cookie(f'"{signed()}"'), (200, None), (401, "00-01")),
    "a foreign origin": (cookie(signed()) | {"origin": "https://evil.example"}, (200, None), (403, "00-04")),
    "a page load": (cookie(signed()) | {"fetch_mode": "navigate"}, (200, None), (403, "00-04")),
    "another method": (cookie(signed()) | {"method": "PUT"}, (200, None), (405, "00-08")),
    "an unknown path": (cookie(signed()) | {"slug": "anything"}, (200, None), (404, "00-06")),
    "HS512": (cookie(signed_with_hs512()), (200, None), (401, "00-01")),
    "no exp": (cookie(signed(exp=...)), (200, None), (401, "00-01")),
    "exp as text": (cookie(signed(exp=str(NOW - 3600))), (200, None), (401, "00-01")),
    "another issuer": (cookie(signed(iss="https://evil.example")), (200, None), (401, "00-01")),
    "another project": (cookie(signed(xsolla_login_project_id="x")), (200, None), (401, "00-01")),
    "no project": (cookie(signed(xsolla_login_project_id=...)), (200, None), (401, "00-01")),
    "just expired": (cookie(signed(exp=NOW - 30, iat=NOW - 60)), (401, "00-01"), (200, None)),
    "clock a little ahead": (cookie(signed(iat=NOW + 30)), (401, "00-01"), (200, None)),
    "a junk sub": (cookie(signed(sub="undefined")), (200, None), (422, "00-02")),
    "an accented email": (cookie(signed(email="nádia@player.example")), (200, None), (422, "00-03")),
}


class TestSampleService:
    @pytest.mark.parametrize(("request_", "status", "code"), SAME.values(), ids=SAME)
    def test_is_answered_alike(self, request_, status, code):
        assert ask(**request_) == (status, code)

    @pytest.mark.parametrize(("request_", "theirs", "ours"), DIFFERENT.values(), ids=DIFFERENT)
    def test_is_answered_differently_on_purpose(self, request_, theirs, ours):
        assert ask(**request_) == ours
        assert theirs != ours

    def test_claims_are_those_of_the_sample_and_an_expiry(self):
        given = tokens.answer(
            request=tokens.TokenRequest(method="GET", **cookie(login_jwt(now=NOW))),
            snapshot=snapshot_of(configs=[make_config()]),
            now=NOW,
            limits=tokens.TokenLimits(per_address=Limiter(per_minute=0), per_user=Limiter(per_minute=0)),
        )
        token = json.loads(given.body)["token"]
        claims = jwt.decode(
            token, ZENDESK_SHARED_SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
        )
        sample = {"email": "nadia@player.example", "name": "nadia@player.example", "external_id": USER_ID, "iat": NOW}
        assert claims == sample | {"exp": NOW + 300}
