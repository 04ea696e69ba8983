import base64
import hmac
import itertools
import json
from functools import partial
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linking.tokens import jws
from linking.tokens.refusals import Reason

KEY = b"a-key-of-at-least-thirty-two-bytes-length"
HEADER = '{"alg":"HS256","typ":"JWT"}'
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def b64(raw):
    raw = raw.encode() if isinstance(raw, str) else raw
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(*, header=HEADER, payload="{}", key=KEY):
    signing_input = f"{b64(header)}.{b64(payload)}"
    return f"{signing_input}.{b64(hmac.digest(key, signing_input.encode(), sha256))}"


def reason_of(call):
    with pytest.raises(jws.JWSError) as caught:
        call()
    return caught.value.reason


def is_read(token):
    try:
        jws.read(token)
    except jws.JWSError:
        return False
    return True


class TestRead:
    def test_returns_the_payload_as_bytes(self):
        assert jws.read(signed(payload='{"sub":"x"}')).payload == b'{"sub":"x"}'

    def test_takes_a_token_of_8192_characters(self):
        token = signed(payload="x" * 6083)
        assert len(token) == 8192
        assert jws.read(token)

    def test_refuses_a_token_of_8193_characters_before_looking_at_it(self):
        assert reason_of(lambda: jws.read("." * 8193)) is Reason.TOO_LARGE
        assert reason_of(lambda: jws.read("." * 8192)) is Reason.MALFORMED

    @pytest.mark.parametrize("damage", [
        lambda t: "", lambda t: "a", lambda t: t + ".", lambda t: "." + t, lambda t: t + ".e30", lambda t: t + "\n",
        lambda t: t + " ", lambda t: " " + t, lambda t: f'"{t}"', lambda t: t.replace(".", ".."),
        lambda t: t.replace(".", ". "), lambda t: t.replace(".", ",", 1), lambda t: t + "=", lambda t: t + "é",
        lambda t: t.rsplit(".", 1)[0], lambda t: t.rsplit(".", 1)[0] + ".", lambda t: t + "\x00", lambda t: t[::-1],
        lambda t: "Bearer " + t, lambda t: t + "&foo=bar", lambda t: t.replace(".", "%2E"), lambda t: "\ud800" + t,
        lambda t: t.replace(".", "\uff0e"), lambda t: t + "\u0661",
    ])  # fmt: skip
    def test_refuses_another_shape(self, damage):
        assert reason_of(lambda: jws.read(damage(signed()))) is Reason.MALFORMED

    @pytest.mark.parametrize("part", [0, 1, 2])
    def test_refuses_padding_in_any_part(self, part):
        parts = signed(payload='{"a":1}').split(".")
        parts[part] += "=" * (-len(parts[part]) % 4 or 4)
        assert reason_of(lambda: jws.read(".".join(parts))) is Reason.MALFORMED

    @pytest.mark.parametrize("part", [0, 1, 2])
    def test_refuses_a_length_no_encoder_makes(self, part):
        parts = [b64('{"alg":"HS256"} '[:15]), b64("{}x"), b64("x" * 33)]
        assert jws.read(".".join(parts))
        parts[part] += "A"
        assert reason_of(lambda: jws.read(".".join(parts))) is Reason.MALFORMED

    def test_refuses_set_bits_that_decoding_drops(self):
        header, payload, signature = signed(payload="{}").split(".")
        assert payload == "e30"
        assert reason_of(lambda: jws.read(f"{header}.e31.{signature}")) is Reason.MALFORMED

    @pytest.mark.parametrize("length", [1, 2, 3])
    def test_takes_of_short_parts_exactly_what_an_encoder_makes(self, length):
        alphabet = b64(bytes(range(256)) * 3)[:200] + "-_"
        letters = [*sorted(set(alphabet))[::2], "A", "Q", "g", "w"]
        segments = {"".join(one) for one in itertools.product(letters, repeat=length)}
        header, signature = b64(HEADER), b64("x" * 32)
        taken = {one for one in segments if is_read(f"{header}.{one}.{signature}")}
        assert taken == {one for one in segments if length > 1 and b64(base64.urlsafe_b64decode(one + "==")) == one}

    def test_refuses_the_standard_base64_alphabet(self):
        token = f"{b64(HEADER)}.{b64(bytes([0xFB, 0xFF]) * 3)}.{b64('x' * 32)}"
        assert jws.read(token)
        for ours, theirs in ("-+", "_/"):
            assert reason_of(partial(jws.read, token.replace(ours, theirs))) is Reason.MALFORMED

    @given(st.text("AQgwE_-+/= \n", max_size=12))
    @example("QQ==QQ==")
    @example("QQ=A")
    def test_takes_a_part_only_in_the_spelling_of_an_encoder(self, part):
        padded = part + "=" * (-len(part) % 4)
        try:
            is_encoded = b64(base64.b64decode(padded, b"-_", validate=True)) == part != ""
        except ValueError:
            is_encoded = False
        assert is_read(f"{b64(HEADER)}.{part}.{b64('x' * 32)}") is is_encoded


class TestReadHeader:
    @pytest.mark.parametrize("header", [
        '{"alg":"HS256"}', '{"typ":"JWT","alg":"HS256"}', '{"alg":"HS256","kid":"k1"}', ' {"alg" : "HS256"}\n',
        '{"alg":"HS256","cty":"JWT"}', '{"alg":"HS256","kid":""}',
    ])  # fmt: skip
    def test_takes_what_login_may_send(self, header):
        assert jws.read(signed(header=header)).header.algorithm == "HS256"

    @pytest.mark.parametrize("header", [
        '{"alg":"HS256","crit":["exp"]}', '{"alg":"HS256","b64":false}', '{"alg":"HS256","zip":"DEF"}',
        '{"alg":"HS256","enc":"A128GCM"}', '{"alg":"HS256","jku":"https://evil.example/k"}', '{"alg":"HS256","jwk":{}}',
        '{"alg":"HS256","x5u":"https://evil.example/c"}', '{"alg":"HS256","x5c":[]}', '{"alg":"HS256","Alg":"none"}',
        '{"alg":"HS256","typ":"JWS"}', '{"alg":"HS256","typ":"jwt"}', '{"alg":"HS256","typ":null}',
        '{"alg":"HS256","kid":7}', '{"alg":"HS256","kid":null}', '{"alg":"HS256","kid":["k"]}',
        '{"alg":"HS256","cty":{}}', '{"alg":["HS256"]}', '{"alg":null}', '{"alg":true}',
    ])  # fmt: skip
    def test_refuses_every_other_name_and_kind(self, header):
        assert reason_of(lambda: jws.read(signed(header=header))) is Reason.HEADER

    @pytest.mark.parametrize("header", [
        '{"alg":"none","alg":"HS256"}', '{"alg":"HS256","alg":"HS256"}', '{"alg":"HS256","\\u0061lg":"none"}',
        "[]", "null", '"HS256"', "7", "", "{", '{"alg":"HS256"}{}', '{"alg":"HS256",}', "{'alg':'HS256'}",
        '\ufeff{"alg":"HS256"}', '{"alg":NaN}', '{"alg":Infinity}', '{"alg":"HS\n256"}',
    ])  # fmt: skip
    def test_refuses_a_header_that_is_no_plain_json_object(self, header):
        assert reason_of(lambda: jws.read(signed(header=header))) is Reason.MALFORMED

    def test_refuses_utf_16(self):
        assert reason_of(lambda: jws.read(signed(header=HEADER.encode("utf-16")))) is Reason.MALFORMED

    def test_refuses_a_header_without_alg(self):
        assert reason_of(lambda: jws.read(signed(header='{"typ":"JWT"}'))) is Reason.ALGORITHM


class TestVerifyHS256:
    def test_takes_its_own_key(self):
        assert jws.verify_hs256(jws.read(signed()), keys=(KEY,)) is None

    @pytest.mark.parametrize("keys", [(KEY, b"another"), (b"another", KEY)])
    def test_takes_any_of_several_keys(self, keys):
        assert jws.verify_hs256(jws.read(signed()), keys=keys) is None

    @pytest.mark.parametrize("keys", [(), (b"",), (b"another",), (KEY + b"\n",), (KEY[:-1],), (b"", b"another")])
    def test_refuses_without_the_key(self, keys):
        assert reason_of(lambda: jws.verify_hs256(jws.read(signed()), keys=keys)) is Reason.SIGNATURE

    def test_refuses_what_anybody_can_sign_with_an_empty_key(self):
        assert reason_of(lambda: jws.verify_hs256(jws.read(signed(key=b"")), keys=(b"",))) is Reason.SIGNATURE

    @pytest.mark.parametrize("name", ["none", "None", "HS384", "HS512", "RS256", "ES256", "hs256", "HS256 ", ""])
    def test_refuses_another_algorithm_though_the_mac_is_right(self, name):
        token = signed(header=json.dumps({"alg": name}))
        assert reason_of(lambda: jws.verify_hs256(jws.read(token), keys=(KEY,))) is Reason.ALGORITHM

    @pytest.mark.parametrize("name", ["none", "None", "NONE"])
    @pytest.mark.parametrize("verify", [jws.verify_hs256, jws.verify_rs256])
    def test_refuses_an_unsecured_jwt_by_its_algorithm(self, verify, name):
        unsigned = signed(header=json.dumps({"alg": name})).rsplit(".", 1)[0] + "."
        assert reason_of(lambda: verify(jws.read(unsigned), keys=(KEY,))) is Reason.ALGORITHM

    @pytest.mark.parametrize("length", [1, 16, 31, 33, 64])
    def test_refuses_a_signature_of_another_length(self, length):
        header, payload, signature = signed().split(".")
        raw = (base64.urlsafe_b64decode(signature + "=") * 2)[:length]
        token = f"{header}.{payload}.{b64(raw)}"
        assert reason_of(lambda: jws.verify_hs256(jws.read(token), keys=(KEY,))) is Reason.SIGNATURE

    def test_refuses_a_changed_payload(self):
        header, _, signature = signed(payload='{"sub":"a"}').split(".")
        token = ".".join((header, b64(b'{"sub":"b"}'), signature))
        assert reason_of(lambda: jws.verify_hs256(jws.read(token), keys=(KEY,))) is Reason.SIGNATURE


def verified_payload(token, keys):
    """The payload of a token that is believed, or None."""
    try:
        read = jws.read(token)
        jws.verify_hs256(read, keys=keys)
    except jws.JWSError:
        return None
    return read.payload


LONGEST = signed(payload="x" * 6083)
TOKENS = {
    "good": signed(payload='{"a":1}'),
    "without content": signed(payload=""),
    "of an empty key": signed(key=b""),
    "of another key": signed(key=b"another"),
    "with a key ID": signed(header='{"alg":"HS256","kid":"k1"}'),
    "with an odd header": signed(header='{"alg":"HS256","zip":"DEF"}'),
    "with a broken header": signed(header="{"),
    "as long as may be": LONGEST,
    "longer": signed(payload="x" * 6084),
    "with dots alone": "..",
    "empty": "",
    "padded": signed() + "=",
    "with a line end": signed() + "\n",
    "with an accent": signed() + "é",
    "with half a pair": "\ud800" + signed(),
    "with one part more": signed() + ".e30",
    "without a signature": signed().rpartition(".")[0] + ".",
    "with set bits that decoding drops": signed().replace(".e30.", ".e31."),
    **{f"by {name}": signed(header=json.dumps({"alg": name})) for name in ("none", "HS384", "RS256", "hs256", "")},
}


class TestVerified:
    """Reading and verifying, one after the other."""

    def test_takes_tokens_of_the_greatest_length(self):
        assert len(LONGEST) == jws.TOKEN_MAX_CHARACTERS
        assert verified_payload(LONGEST, (KEY,))

    @pytest.mark.parametrize("keys", [(KEY,), (KEY, b"another"), (b"another", KEY), (b"", b"x", KEY)])
    def test_takes_these_and_no_others(self, keys):
        names = [name for name, token in TOKENS.items() if verified_payload(token, keys) is not None]
        others = ["of another key"] if b"another" in keys else []
        assert names == ["good", *others, "with a key ID", "as long as may be"]

    @pytest.mark.parametrize("keys", [(b"",), ()])
    def test_takes_none_without_a_key(self, keys):
        assert {verified_payload(token, keys) for token in TOKENS.values()} == {None}

    @given(st.integers(0, 10_000), st.characters())
    def test_takes_none_after_any_change(self, at, character):
        token = signed(payload='{"sub":"3f0d2c54"}')
        changed = token[: at % len(token)] + character + token[at % len(token) + 1 :]
        assert (verified_payload(changed, (KEY,)) is None) is (changed != token)


class TestReadObject:
    def test_reads_strict_json(self):
        assert jws.read_object(b'{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}

    def test_calls_anything_else_malformed(self):
        assert reason_of(lambda: jws.read_object(b'{"a":1,"a":1}')) is Reason.MALFORMED


class TestReadProperties:
    @given(st.text(max_size=300))
    def test_leaves_only_its_own_error_for_any_text(self, text):
        with pytest.raises(jws.JWSError):
            jws.read(text)

    @given(st.binary(min_size=1, max_size=120), st.binary(min_size=1, max_size=40))
    def test_signs_and_reads_any_payload(self, payload, key):
        read = jws.read(signed(payload=payload, key=key))
        assert (read.payload, jws.verify_hs256(read, keys=(key,))) == (payload, None)

    @given(st.integers(0, 10_000), st.sampled_from("ABCDEFGHabcdefgh0189-_"))
    def test_one_changed_character_is_never_accepted(self, at, character):
        token = signed(payload='{"sub":"3f0d2c54"}')
        changed = token[: at % len(token)] + character + token[at % len(token) + 1 :]
        if changed != token:
            with pytest.raises(jws.JWSError):
                jws.verify_hs256(jws.read(changed), keys=(KEY,))


class TestSignHS256:
    def test_makes_a_token_that_the_reader_takes(self):
        token = jws.sign_hs256(header_segment=jws.encode_header({"alg": "HS256"}), claims={"a": "é"}, key=KEY)
        read = jws.read(token)
        jws.verify_hs256(read, keys=(KEY,))
        assert jws.read_object(read.payload) == {"a": "é"}

    @given(key=st.binary(min_size=1, max_size=200), name=st.text(max_size=20))
    def test_signs_as_the_standard_library_does(self, key, name):
        token = jws.sign_hs256(header_segment=b"e30", claims={"name": name}, key=key)
        signing_input, _, signature = token.rpartition(".")
        assert signature == b64(hmac.digest(key, signing_input.encode(), "sha256"))

    @given(st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT))
    def test_writes_claims_that_the_standard_library_reads(self, claims):
        payload = jws.read(jws.sign_hs256(header_segment=jws.encode_header({"alg": "HS256"}), claims=claims, key=KEY))
        assert json.loads(payload.payload) == claims

    def test_refuses_an_empty_key(self):
        with pytest.raises(ValueError, match="empty key"):
            jws.sign_hs256(header_segment=b"e30", claims={}, key=b"")
