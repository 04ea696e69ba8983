"""Every rule of the judge has a refused token and an accepted twin one change away."""

from typing import Any

import pytest

from sandbox.jwt import encode_hs256
from sandbox.zendesk.judge import Judgement, judge

SECRET = "shared-secret-for-tests-0123456789abcdef"
NOW_S = 1_790_000_000.0
NOW = int(NOW_S)
GOOD: dict[str, Any] = {
    "name": "a@b.example",
    "email": "a@b.example",
    "external_id": "u-1",
    "iat": NOW,
    "exp": NOW + 300,
}


def verdict_of(
    header: dict[str, Any] | None = None, *, secret: str = SECRET, without: str = "", **changes: Any
) -> Judgement:
    claims = {name: value for name, value in (GOOD | changes).items() if name != without}
    return judge(token=encode_hs256(claims=claims, secret=secret, header=header), secret=SECRET, now_s=NOW_S)


class TestJudge:
    def test_accepts_a_good_token_without_notes(self):
        assert verdict_of() == Judgement("", "The visitor is authenticated.", GOOD)

    @pytest.mark.parametrize(("header", "reason"), [
        ({"alg": "HS384", "typ": "JWT"}, "algorithm"),
        ({"alg": "none", "typ": "JWT"}, "algorithm"),
        ({"typ": "JWT"}, "algorithm"),
        ({"alg": "HS256"}, "type"),
        ({"alg": "HS256", "typ": "JWT", "kid": "app_1"}, "kid"),
        ({"alg": "HS256", "typ": "JWT"}, ""),
    ])  # fmt: skip
    def test_header(self, header: dict[str, Any], reason: str):
        assert verdict_of(header).reason == reason

    @pytest.mark.parametrize(
        ("secret", "reason"), [(SECRET + "x", "signature"), (SECRET.upper(), "signature"), (SECRET, "")]
    )
    def test_signature(self, secret: str, reason: str):
        assert verdict_of(secret=secret).reason == reason

    @pytest.mark.parametrize(("offset", "reason"), [(-121, "iat_past"), (-120, ""), (120, ""), (121, "iat_future")])
    def test_iat_may_differ_by_two_minutes(self, offset: int, reason: str):
        assert verdict_of(iat=NOW + offset, exp=NOW + offset + 300).reason == reason

    @pytest.mark.parametrize(
        ("life", "reason"), [(421, "exp_far"), (420, ""), (1, ""), (0, "expired"), (-5, "expired")]
    )
    def test_exp_is_at_most_seven_minutes_after_iat(self, life: int, reason: str):
        assert verdict_of(exp=NOW + life).reason == reason

    def test_exp_is_in_the_future(self):
        assert verdict_of(iat=NOW - 60, exp=NOW - 1).reason == "expired"

    @pytest.mark.parametrize("name", ["iat", "exp", "name", "email", "external_id"])
    def test_every_claim_is_needed(self, name: str):
        assert verdict_of(without=name).reason == f"{name}_missing"

    @pytest.mark.parametrize("name", ["iat", "exp"])
    @pytest.mark.parametrize("value", ["1790000000", 1.79e9, True, None])
    def test_times_are_whole_seconds(self, name: str, value: object):
        assert verdict_of(**{name: value}).reason == f"{name}_missing"

    @pytest.mark.parametrize("name", ["name", "email", "external_id"])
    @pytest.mark.parametrize("value", ["", "  ", 7, None])
    def test_the_person_is_told_in_text(self, name: str, value: object):
        assert verdict_of(**{name: value}).reason == f"{name}_missing"

    @pytest.mark.parametrize(("email", "reason"), [("josé@b.example", "email_accented"), ("jose@b.example", "")])
    def test_an_address_has_no_accents(self, email: str, reason: str):
        assert verdict_of(email=email).reason == reason

    def test_a_name_may_have_accents(self):
        assert verdict_of(name="José").reason == ""

    @pytest.mark.parametrize(
        "token", ["a.b", "a.b.c.d", "....", "é.é.é", "bnVsbA.bnVsbA.", "W10.W10.", "a=.b.c", "x" * 10_000]
    )
    def test_what_is_no_jwt_is_malformed(self, token: str):
        assert judge(token=token, secret=SECRET, now_s=NOW_S).reason == "malformed"

    @pytest.mark.parametrize("token", [None, "", 3, {}])
    def test_no_token_is_missing(self, token: object):
        assert judge(token=token, secret=SECRET, now_s=NOW_S).reason == "missing"

    def test_undocumented_claims_are_noted_not_refused(self):
        assert verdict_of(jti="1").notes == ("undocumented claims: jti",)

    def test_an_email_can_be_optional(self):
        token = encode_hs256(claims={name: GOOD[name] for name in GOOD if name != "email"}, secret=SECRET)
        assert judge(token=token, secret=SECRET, now_s=NOW_S, email_needed=False).reason == ""
