"""Observe mode, blocks and turning over secrets, as the endpoint shows them."""

import json

import jwt
import pytest

from linking.core.config import Mode
from linking.tokens.refusals import Reason
from tests.factories import ORIGIN, USER_ID, ZENDESK_SHARED_SECRET, make_config
from tests.linking.tokens.test_endpoint import NOW, ask, claims_of, fresh, limits, other_config, refusal_of

OBSERVED = make_config(mode=Mode.OBSERVE)
NEXT = "the-next-shared-secret-of-zendesk-for-tests"


class TestObserve:
    @pytest.mark.parametrize(("token", "request_", "reason"), [
        (fresh(exp=...), {}, Reason.EXP_MISSING),
        (fresh(iss="https://evil.example"), {}, Reason.ISSUER),
        (fresh(sub="null"), {}, Reason.SUB_JUNK),
        (fresh(xsolla_login_project_id="x"), {}, Reason.PROJECT),
        (fresh(email="é@player.example"), {}, Reason.EMAIL_UNUSABLE),
        (fresh(email="half \ud800 a pair"), {}, Reason.EMAIL_UNUSABLE),
        (fresh(sub="half \udc00 a pair"), {}, Reason.SUB_UNPRINTABLE),
        (fresh(), {"origin": "https://new.example"}, Reason.ORIGIN),
        (fresh(), {"fetch_mode": "navigate"}, Reason.FETCH_MODE),
        (fresh(), {"authorization": "Bearer x"}, Reason.MALFORMED),
    ])  # fmt: skip
    def test_serves_what_the_sample_service_served_and_says_what_was_wrong(self, token, request_, reason):
        answer = ask(configs=[OBSERVED], token=token, **request_)
        assert (answer.status, answer.reason) == (200, reason)
        assert "external_id" in claims_of(answer)

    def test_refuses_what_the_sample_service_refused(self):
        answer = ask(configs=[OBSERVED], token=fresh(exp=NOW - 100, iat=NOW - 200))
        assert refusal_of(answer) == (401, "00-01", "expired")

    def test_lets_no_foreign_page_read_the_answer(self):
        answer = ask(configs=[OBSERVED], token=fresh(), origin="https://new.example")
        assert "Access-Control-Allow-Origin" not in dict(answer.headers)

    def test_counts_against_no_limit(self):
        limited = limits(per_address=1, per_user=1)
        assert [ask(configs=[OBSERVED], token=fresh(), limited=limited).status for _ in range(3)] == [200] * 3

    def test_records_no_user_whose_id_is_none(self):
        assert ask(configs=[OBSERVED], token=fresh(sub="null")).user is None

    def test_records_no_address_that_could_not_be_kept(self):
        assert ask(configs=[OBSERVED], token=fresh(email="a\x00b")).user.email == ""

    def test_still_refuses_a_blocked_user(self):
        config = make_config(mode=Mode.OBSERVE, blocked_user_ids=frozenset({USER_ID}))
        assert {ask(configs=[config], token=token).status for token in (fresh(), fresh(exp=...))} == {403, 401}

    def test_still_refuses_when_switched_off(self):
        assert (
            refusal_of(ask(configs=[make_config(mode=Mode.OBSERVE, is_enabled=False)], token=fresh()))[2] == "disabled"
        )

    def test_leaves_other_integrations_strict(self):
        answer = ask(configs=[other_config(mode=Mode.OBSERVE), make_config()], token=fresh(exp=...))
        assert refusal_of(answer)[2] == "exp_missing"

    def test_never_serves_other_methods(self):
        assert ask(configs=[OBSERVED], token=fresh(), method="DELETE").status == 405

    def test_is_refused_once_enforced(self):
        assert refusal_of(ask(token=fresh(exp=...)))[2] == "exp_missing"


class TestBlocked:
    def test_users_get_no_token(self):
        config = make_config(blocked_user_ids=frozenset({USER_ID}))
        answer = ask(configs=[config], token=fresh(), origin=ORIGIN)
        assert refusal_of(answer) == (403, "00-04", "blocked")
        assert dict(answer.headers)["Access-Control-Allow-Origin"] == ORIGIN

    def test_users_are_told_so_only_under_a_good_token(self):
        config = make_config(blocked_user_ids=frozenset({USER_ID}))
        assert refusal_of(ask(configs=[config], token=fresh(secret="x" * 32)))[2] == "signature"

    def test_users_do_not_stop_others(self):
        config = make_config(blocked_user_ids=frozenset({"somebody-else"}))
        assert ask(configs=[config], token=fresh()).status == 200


class TestZendeskSecret:
    @pytest.mark.parametrize(("switch", "secret"), [(NOW + 1, ZENDESK_SHARED_SECRET), (NOW, NEXT), (0, NEXT)])
    def test_turns_over_at_the_moment_that_is_set(self, switch, secret):
        config = make_config(zendesk_shared_secret_next=NEXT.encode(), zendesk_secret_switch_epoch_s=switch)
        token = json.loads(ask(configs=[config], token=fresh()).body)["token"]
        options = {"verify_exp": False, "verify_iat": False}
        assert jwt.decode(token, secret, algorithms=["HS256"], options=options)["external_id"] == USER_ID

    def test_stays_when_there_is_no_next_one(self):
        config = make_config(zendesk_secret_switch_epoch_s=0)
        assert ask(configs=[config], token=fresh()).status == 200
