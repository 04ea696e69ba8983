import jwt
import pytest

from linking.accounts.single_sign_on.id_tokens import BadIDToken, verify_id_token
from tests.rsa_keys import key_set, private_key

NOW = 1_800_000_000
ISSUER, CLIENT = "https://login.house.example", "zdbridge"
CLAIMS = {"iss": ISSUER, "aud": CLIENT, "sub": "nadia-7", "iat": NOW, "exp": NOW + 300, "nonce": "n0nce"}


def sign(key="first", kid="first", **changes):
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    return jwt.encode(claims, private_key(key), algorithm="RS256", headers={"kid": kid} if kid else None)


def verify(token, **changes):
    arguments = {"issuer": ISSUER, "client_id": CLIENT, "nonce": "n0nce", "now_epoch_s": NOW} | changes
    return verify_id_token(token, keys=key_set("first"), **arguments)


class TestVerifyIDToken:
    def test_returns_the_claims(self):
        assert verify(sign(email="a@b.example"))["email"] == "a@b.example"

    def test_accepts_one_of_several_audiences_that_was_issued_to_us(self):
        assert verify(sign(aud=["other", CLIENT], azp=CLIENT))["sub"] == "nadia-7"

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"iss": "https://login.other.example"}, "another issuer"),
            ({"aud": "other"}, "another client"),
            ({"aud": ["other", CLIENT]}, "issued to another client"),
            ({"azp": "other"}, "issued to another client"),
            ({"nonce": "another"}, "another sign-in"),
            ({"nonce": ...}, "another sign-in"),
            ({"exp": NOW - 60}, "expired"),
            ({"exp": ...}, "no time"),
            ({"iat": ...}, "no time"),
            ({"exp": True}, "no time"),
            ({"iat": NOW + 61}, "future"),
            ({"nbf": NOW + 61}, "future"),
            ({"sub": ""}, "names nobody"),
            ({"sub": ...}, "names nobody"),
            ({"sub": "x" * 192}, "names nobody"),
        ],
        ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
    )
    def test_refuses(self, changes, sentence):
        with pytest.raises(BadIDToken, match=sentence):
            verify(sign(**changes))

    def test_refuses_a_key_of_somebody_else(self):
        with pytest.raises(BadIDToken, match="no key"):
            verify(sign(key="second", kid="first"))

    def test_refuses_an_unknown_key(self):
        with pytest.raises(BadIDToken, match="no key"):
            verify(sign(kid="second"))

    @pytest.mark.parametrize("algorithm", ["none", "HS256"])
    def test_refuses_other_algorithms(self, algorithm):
        token = jwt.encode(CLAIMS, None if algorithm == "none" else "x" * 40, algorithm=algorithm)
        with pytest.raises(BadIDToken, match="RS256"):
            verify(token)

    @pytest.mark.parametrize("token", ["", "a.b.c", "x" * 50_001], ids=["empty", "garbage", "long"])
    def test_refuses_what_is_no_token(self, token):
        with pytest.raises(BadIDToken):
            verify(token)
