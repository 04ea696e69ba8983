import hmac
from hashlib import sha256

import jwt as pyjwt
import pytest

from sandbox.jwt import TokenUnreadable, decode_unverified, encode_hs256, encode_rs256, is_signed_hs256, is_signed_rs256
from sandbox.world.players import make_key

SECRET = "a secret of more than thirty-two bytes, é included"
CLAIMS = {"sub": "ü", "n": 1}


class TestHS256:
    def test_another_library_reads_it(self):
        assert pyjwt.decode(encode_hs256(claims=CLAIMS, secret=SECRET), SECRET, algorithms=["HS256"]) == CLAIMS

    def test_reads_another_librarys(self):
        parts = decode_unverified(pyjwt.encode(CLAIMS, SECRET, algorithm="HS256"))
        assert (parts.claims, is_signed_hs256(parts, secret=SECRET)) == (CLAIMS, True)

    def test_the_key_is_the_texts_utf8_bytes(self):
        parts = decode_unverified(encode_hs256(claims=CLAIMS, secret=SECRET))
        assert parts.signature == hmac.new(SECRET.encode(), parts.signed, sha256).digest()

    def test_another_secret_does_not_fit(self):
        assert not is_signed_hs256(decode_unverified(encode_hs256(claims=CLAIMS, secret=SECRET)), secret=SECRET + "x")


class TestRS256:
    def test_another_library_reads_it(self):
        pair = make_key(0)
        token = encode_rs256(claims=CLAIMS, key=pair.key, kid=pair.kid)
        assert pyjwt.decode(token, pair.key.public_key(), algorithms=["RS256"]) == CLAIMS

    @pytest.mark.parametrize(("place", "fits"), [(0, True), (1, False)])
    def test_only_its_own_key_fits(self, place: int, fits: bool):
        token = encode_rs256(claims=CLAIMS, key=make_key(0).key, kid="k")
        assert is_signed_rs256(decode_unverified(token), key=make_key(place).key.public_key()) is fits

    def test_a_key_is_named_by_its_content(self):
        assert make_key(0).kid != make_key(1).kid


class TestTakeApart:
    @pytest.mark.parametrize(
        "token", ["", "a.b", "e30.e30", "e30.e30.=", "e30.W10.", "MQ.e30.", "é.e30.e30", "e30.e3+0.e30"]
    )
    def test_refuses_what_is_no_jwt(self, token: str):
        with pytest.raises(TokenUnreadable):
            decode_unverified(token)
