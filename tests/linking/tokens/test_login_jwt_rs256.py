import json

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from linking.core.config import LoginAlgorithm
from linking.core.key_sets import NO_KEYS
from linking.tokens import jws
from linking.tokens.login_jwt import LoginSetupIncomplete, verify_login_jwt
from linking.tokens.refusals import Reason, Refused
from tests.factories import LOGIN_SECRET_KEY, USER_ID, login_claims, login_jwt, make_config
from tests.rsa_keys import key_set, listed, private_key, rs256_jwt

NOW = 1_767_225_600
CONFIG = make_config(login_algorithm=LoginAlgorithm.RS256, login_secrets=(LOGIN_SECRET_KEY.encode(),))
KEYS = key_set("first", "second")


def verify(token, *, keys=KEYS, config=CONFIG):
    return verify_login_jwt(token=token, config=config, now=NOW, keys=keys)


def reason_of(token, **around):
    with pytest.raises(Refused) as caught:
        verify(token, **around)
    return caught.value.reason


def token(**changes):
    return rs256_jwt(now=NOW, **changes)


class TestRS256:
    @pytest.mark.parametrize("name", ["first", "second"])
    def test_takes_the_key_that_the_header_names(self, name):
        assert verify(token(name=name, kid=name)).user_id == USER_ID

    def test_refuses_a_listed_key_under_the_name_of_another(self):
        assert reason_of(token(name="first", kid="second")) is Reason.SIGNATURE

    def test_refuses_a_name_that_is_not_listed(self):
        assert reason_of(token(kid="third")) is Reason.UNKNOWN_KEY

    def test_takes_the_only_key_when_the_header_names_none(self):
        assert verify(token(kid=None), keys=key_set("first")).user_id == USER_ID

    def test_refuses_to_guess_among_several_keys(self):
        assert reason_of(token(kid=None)) is Reason.UNKNOWN_KEY

    def test_takes_either_of_two_keys_of_one_name(self):
        keys = key_set("first", "second")
        twins = type(keys)(keys=tuple(type(one)("same", one.key) for one in keys.keys))
        assert {verify(token(name=name, kid="same"), keys=twins).user_id for name in ("first", "second")} == {USER_ID}

    @pytest.mark.parametrize("name", ["RS384", "RS512", "PS256"])
    def test_refuses_another_rsa_algorithm_under_the_right_key(self, name):
        signed = jwt.encode(login_claims(now=NOW), private_key(), algorithm=name, headers={"kid": "first"})
        assert reason_of(signed) is Reason.ALGORITHM

    def test_judges_the_claims_as_strictly(self):
        assert reason_of(token(iss="https://evil.example")) is Reason.ISSUER

    def test_says_when_no_key_is_known_yet(self):
        with pytest.raises(LoginSetupIncomplete) as caught:
            verify(token(), keys=NO_KEYS)
        assert caught.value.reason is Reason.RS256_KEYS

    def test_refuses_a_changed_payload(self):
        header, _payload, signature = token().split(".")
        other = token(sub="somebody-else").split(".")[1]
        assert reason_of(f"{header}.{other}.{signature}") is Reason.SIGNATURE

    @pytest.mark.parametrize("signature", ["AA", "A" * 342, "A" * 400])
    def test_refuses_a_signature_of_any_length_that_is_none(self, signature):
        assert reason_of(token().rpartition(".")[0] + "." + signature) is Reason.SIGNATURE


class TestMixUps:
    """No key of one algorithm is ever used for another."""

    @pytest.mark.parametrize("secret", [
        LOGIN_SECRET_KEY.encode(),
        json.dumps(listed()).encode(),
        private_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        private_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        listed()["n"].encode(),
        b"",
    ], ids=["login secret", "jwk", "der", "pem", "modulus", "empty"])  # fmt: skip
    def test_no_hmac_passes_for_an_rs256_project(self, secret):
        header = jws.encode_header({"alg": "HS256", "kid": "first"})
        signed = jws.sign_hs256(header_segment=header, claims=login_claims(now=NOW), key=secret or b"x")
        assert reason_of(signed) is Reason.ALGORITHM

    def test_no_rsa_signature_passes_for_an_hs256_project(self):
        assert reason_of(token(), config=make_config()) is Reason.ALGORITHM

    def test_an_hs256_token_of_the_same_project_passes_only_without_rs256(self):
        assert reason_of(login_jwt(now=NOW)) is Reason.ALGORITHM
        assert verify(login_jwt(now=NOW), config=make_config()).user_id == USER_ID
