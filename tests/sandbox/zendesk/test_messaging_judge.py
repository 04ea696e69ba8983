"""Every rule of the Messaging judge has a refused token and an accepted twin one change away."""

from typing import Any

import pytest

from sandbox.jwt import encode_hs256
from sandbox.zendesk.judge import Judgement
from sandbox.zendesk.messaging_judge import judge_messaging

KEY_ID, SECRET = "app_0123456789abcdef01234567", "signing-key-for-tests-0123456789abcdef"
NOW_S = 1_790_000_000.0
NOW = int(NOW_S)
HEADER = {"alg": "HS256", "typ": "JWT", "kid": KEY_ID}
GOOD: dict[str, Any] = {"external_id": "u-1", "scope": "user", "name": "Nadia", "exp": NOW + 300}
OTHER_KEY = ("app_other", "another-signing-key-0123456789abcdef")


def judge_claims(
    header: dict[str, Any] | None = None, *, secret: str = SECRET, without: str = "", **changes: Any
) -> Judgement:
    claims = {name: value for name, value in (GOOD | changes).items() if name != without}
    token = encode_hs256(claims=claims, secret=secret, header=header or HEADER)
    keys = {KEY_ID: SECRET, OTHER_KEY[0]: OTHER_KEY[1]}
    return judge_messaging(token=token, keys=keys, now_s=NOW_S, id_of_email={"a@b.example": "u-1"})


class TestJudgeMessaging:
    def test_accepts_a_good_token_without_notes(self):
        assert judge_claims() == Judgement("", "The user is signed in.", GOOD)

    def test_a_verified_address_without_external_id_breaks_the_rule_of_external_id(self):
        judgement = judge_claims(without="external_id", email="b@c.example", email_verified=True)
        assert judgement.reason == "external_id_missing"

    @pytest.mark.parametrize(("header", "reason"), [
        (HEADER | {"alg": "HS384"}, "algorithm"),
        (HEADER | {"alg": "none"}, "algorithm"),
        ({"alg": "HS256", "kid": KEY_ID}, "type"),
        ({"alg": "HS256", "typ": "JWT"}, "kid_missing"),
        (HEADER | {"kid": ""}, "kid_missing"),
        (HEADER | {"kid": 7}, "kid_missing"),
        (HEADER | {"kid": KEY_ID.upper()}, "kid_unknown"),
        (HEADER, ""),
    ])  # fmt: skip
    def test_header(self, header: dict[str, Any], reason: str):
        assert judge_claims(header).reason == reason

    @pytest.mark.parametrize(
        ("kid", "secret", "reason"),
        [
            (KEY_ID, SECRET + "x", "signature"),
            (KEY_ID, OTHER_KEY[1], "signature"),
            (KEY_ID, SECRET, ""),
            (*OTHER_KEY, ""),
        ],
    )
    def test_signature_is_by_the_key_that_is_named(self, kid: str, secret: str, reason: str):
        assert judge_claims(HEADER | {"kid": kid}, secret=secret).reason == reason

    @pytest.mark.parametrize(("scope", "reason"), [("admin", "scope"), ("", "scope"), (None, "scope"), ("user", "")])
    def test_scope_is_user(self, scope: str | None, reason: str):
        assert judge_claims(scope=scope).reason == reason

    @pytest.mark.parametrize(
        ("user_id", "reason"),
        [
            ("", "external_id_missing"), (" ", "external_id_missing"), (7, "external_id_missing"),
            ("x" * 256, "external_id_long"), ("x" * 255, ""),
        ],
    )  # fmt: skip
    def test_external_id_is_text_of_at_most_255_characters(self, user_id: object, reason: str):
        assert judge_claims(external_id=user_id).reason == reason

    @pytest.mark.parametrize(
        ("exp", "reason"), [(NOW, "expired"), (NOW + 1, ""), (str(NOW + 300), "exp"), (1.5, "exp"), (None, "exp")]
    )
    def test_exp_is_whole_seconds_in_the_future(self, exp: object, reason: str):
        assert judge_claims(exp=exp).reason == reason

    @pytest.mark.parametrize(
        ("without", "reason"), [("exp", ""), ("name", ""), ("external_id", "external_id_missing"), ("scope", "scope")]
    )
    def test_some_claims_may_be_missing(self, without: str, reason: str):
        assert judge_claims(without=without).reason == reason

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"name": " "}, "name"), ({"email": 7}, "email"), ({"email": "a@b.example", "email_verified": "true"},
            "email_verified"), ({"email": "a@b.example", "email_verified": True}, ""),
        ],
    )  # fmt: skip
    def test_the_person_is_told_in_text(self, changes: dict[str, Any], reason: str):
        assert judge_claims(**changes).reason == reason

    @pytest.mark.parametrize(
        ("user_id", "is_verified", "reason"), [("u-2", True, "email_taken"), ("u-2", False, ""), ("u-1", True, "")]
    )
    def test_a_verified_address_is_one_user_s(self, user_id: str, is_verified: bool, reason: str):
        assert judge_claims(external_id=user_id, email="A@b.example", email_verified=is_verified).reason == reason

    def test_notes_what_is_not_documented(self):
        found = judge_claims(iat=NOW, email="n@b.example")
        assert found.notes == ("undocumented claims: iat", "email is not verified and may be left aside")

    @pytest.mark.parametrize("token", [None, "", 7, "a.b", "x.y.z", "..", "é.é.é"])
    def test_refuses_what_is_no_token(self, token: object):
        found = judge_messaging(token=token, keys={KEY_ID: SECRET}, now_s=NOW_S)
        assert found.reason in ("missing", "malformed")
