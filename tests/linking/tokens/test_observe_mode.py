import base64
import hmac
import json

import jwt
import pytest

from linking.core.config import LoginAlgorithm
from linking.tokens.observe_mode import accepted_user
from tests.factories import LOGIN_SECRET_KEY, USER_ID, login_claims, make_config

NOW = 1_767_225_600
KEY = LOGIN_SECRET_KEY.encode()


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(*, header=b'{"alg":"HS256"}', payload=None, key=KEY, hash_name="sha256", **changes):
    payload = payload if payload is not None else json.dumps(login_claims(now=NOW, **changes)).encode()
    text = f"{b64(header)}.{b64(payload)}"
    return f"{text}.{b64(hmac.digest(key, text.encode(), hash_name))}"


def user_of(cookie_header, **changes):
    return accepted_user(cookie_header=cookie_header, config=make_config(**changes), now=NOW)


ACCEPTED = {
    "a good token": signed(),
    "another hash": signed(header=b'{"alg":"HS512"}', hash_name="sha512"),
    "no end": signed(exp=...),
    "an end as text": signed(exp="1"),
    "the last second": signed(exp=NOW, iat=NOW - 9),
    "another issuer": signed(iss="https://evil.example"),
    "another project": signed(xsolla_login_project_id="x"),
    "a name twice": signed(payload=b'{"sub":"a","sub":"b","email":"a@b.example"}'),
    "more in the header": signed(header=b'{"alg":"HS256","jku":"https://evil.example"}'),
    "a junk ID": signed(sub="null"),
    "an address of any kind": signed(email="x"),
}
REFUSED = {
    "nothing": "",
    "an unsigned one": signed(header=b'{"alg":"none"}', key=b"x"),
    "another key": signed(key=b"another key"),
    "an empty key": signed(key=b""),
    "another algorithm": signed(header=b'{"alg":"RS256"}'),
    "one that has ended": signed(exp=NOW - 1),
    "one issued in a second": signed(iat=NOW + 1),
    "one that begins in a second": signed(nbf=NOW + 1),
    "no user": signed(sub=...),
    "an empty user": signed(sub=""),
    "a number as user": signed(sub=7),
    "no address": signed(email=...),
    "an empty address": signed(email=""),
    "no object": signed(payload=b"[]"),
    "deep nesting": signed(payload=b"[" * 20_000),
    "no JSON": signed(payload=b'{"sub":NaN}'),
    "an endless number": signed(payload=b'{"sub":"a","email":"b","exp":1e999}'),
    "no header": f"{b64(b'[]')}.{b64(b'{}')}.AAAA",
    "bad base64": "A.A.A",
    "two parts": "a.b",
    "an algorithm that is no text": signed(header=b'{"alg":["HS256"]}'),
}


class TestSampleServiceUser:
    @pytest.mark.parametrize("name", ACCEPTED)
    def test_is_the_one_the_sample_would_sign_for(self, name):
        assert user_of(f"token={ACCEPTED[name]}").user_id in (USER_ID, "b", "null")

    @pytest.mark.parametrize("name", REFUSED)
    def test_is_none_where_the_sample_refuses(self, name):
        assert user_of(f"token={REFUSED[name]}") is None

    @pytest.mark.parametrize("header", [
        f'token="{signed()}"', f"token={signed()}; token={signed(sub='other')}", f"other=1; token={signed()}",
    ])  # fmt: skip
    def test_comes_from_the_first_cookie_without_quotes(self, header):
        assert user_of(header).user_id == USER_ID

    def test_is_none_for_a_project_the_sample_could_not_serve(self):
        token = jwt.encode(login_claims(now=NOW), "x" * 32, algorithm="HS256")
        assert user_of(f"token={token}", login_algorithm=LoginAlgorithm.RS256) is None

    def test_is_none_without_any_secret(self):
        assert user_of(f"token={signed(key=b'')}", login_secrets=(b"",)) is None


def test_half_a_pair_of_escapes_is_read_as_go_reads_it():
    user = user_of("token=" + signed(sub="a\ud800", email="\udc00@player.example"))
    assert (user.user_id, user.email) == ("a\ufffd", "\ufffd@player.example")
