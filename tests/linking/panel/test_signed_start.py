import jwt
import pytest

from linking.panel.signed_start import StartReason, StartRefused, verify_start
from tests.linking.panel.zendesk import AUDIENCE, make_claims, make_pem, sign_start
from tests.rsa_keys import private_key

NOW = 1_790_000_000.0


def verify(token, *, now=NOW, **changes):
    values = {"public_key": make_pem(), "audience": AUDIENCE, "issuer": "acme.zendesk.com"}
    return verify_start(token=token, now=now, **(values | changes))


def refusal(token, **changes):
    with pytest.raises(StartRefused) as raised:
        verify(token, **changes)
    return raised.value.reason


class TestVerifyStart:
    def test_believes_what_zendesk_signs(self):
        start = verify(sign_start(now=NOW, jti="one", sub="agent"))
        assert (start.token_id, start.agent, start.location, start.ends_epoch_s) == (
            "one", "agent", "ticket_sidebar", NOW + 300,
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"aud": AUDIENCE.replace("5001", "5002")}, StartReason.AUDIENCE),
            ({"aud": [AUDIENCE]}, StartReason.AUDIENCE),
            ({"aud": ...}, StartReason.AUDIENCE),
            ({"iss": "other.zendesk.com"}, StartReason.ISSUER),
            ({"iss": "acme.zendesk.com."}, StartReason.ISSUER),
            ({"iss": ...}, StartReason.ISSUER),
            ({"exp": ...}, StartReason.TIMES),
            ({"nbf": ...}, StartReason.TIMES),
            ({"exp": True}, StartReason.TIMES),
            ({"exp": 1_790_000_300_000}, StartReason.TIMES),
            ({"jti": ...}, StartReason.NO_ID),
            ({"jti": ""}, StartReason.NO_ID),
            ({"jti": 7}, StartReason.NO_ID),
            ({"jti": "x" * 256}, StartReason.NO_ID),
        ],
    )
    def test_refuses_a_claim_that_is_not_ours(self, changes, reason):
        assert refusal(sign_start(now=NOW, **changes)) is reason

    @pytest.mark.parametrize(("late_s", "is_good"), [(359, True), (360, False)])
    def test_forgives_a_minute_after_the_end(self, late_s, is_good):
        token = sign_start(now=NOW)
        assert verify(token, now=NOW + late_s) if is_good else refusal(token, now=NOW + late_s) is StartReason.EXPIRED

    @pytest.mark.parametrize(("early_s", "is_good"), [(60, True), (61, False)])
    def test_forgives_a_minute_before_the_begin(self, early_s, is_good):
        token, now = sign_start(now=NOW), NOW - early_s
        assert verify(token, now=now) if is_good else refusal(token, now=now) is StartReason.NOT_YET_VALID

    def test_refuses_another_key(self):
        assert refusal(sign_start(now=NOW, key="foreign")) is StartReason.SIGNATURE

    def test_refuses_the_public_key_as_a_shared_secret(self):
        token = jwt.api_jws.encode(b"{}", b"k" * 32, algorithm="HS256")
        assert refusal(token) is StartReason.ALGORITHM

    @pytest.mark.parametrize("algorithm", ["RS384", "PS256"])
    def test_refuses_other_algorithms_of_the_same_key(self, algorithm):
        token = jwt.encode(make_claims(now=NOW), private_key("app"), algorithm=algorithm)
        assert refusal(token) is StartReason.ALGORITHM

    def test_refuses_an_unsigned_token(self):
        assert refusal(jwt.encode(make_claims(now=NOW), None, algorithm="none")) is StartReason.ALGORITHM

    @pytest.mark.parametrize(
        ("token", "reason"),
        [
            ("", StartReason.NO_TOKEN),
            ("no token", StartReason.MALFORMED),
            ("a.b.c", StartReason.MALFORMED),
            ("é.é.é", StartReason.MALFORMED),
            ("a" * 8193, StartReason.TOO_LARGE),
        ],
    )
    def test_refuses_what_is_no_token(self, token, reason):
        assert refusal(token) is reason

    def test_refuses_a_payload_that_is_no_object(self):
        assert refusal(jwt.api_jws.encode(b"[]", private_key("app"), algorithm="RS256")) is StartReason.MALFORMED

    def test_refuses_a_claim_that_stands_twice(self):
        payload = b'{"aud": "x", "aud": "' + AUDIENCE.encode() + b'"}'
        assert refusal(jwt.api_jws.encode(payload, private_key("app"), algorithm="RS256")) is StartReason.MALFORMED

    @pytest.mark.parametrize("context", [..., None, [], {"location": 7}, {"location": "nav_bar"}])
    def test_names_no_location_that_the_app_does_not_have(self, context):
        assert verify(sign_start(now=NOW, context=context)).location == ""
