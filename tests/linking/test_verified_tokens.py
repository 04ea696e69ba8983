"""A verdict that was kept is the verdict that would be given again, whatever changed in between."""

import threading

import pytest

from linking import tokens
from linking.core import login_jwt as rules
from linking.core.config import LoginAlgorithm, snapshot_of
from linking.core.login_jwt import LEEWAY_S
from linking.limits import Limiter
from linking.verified_tokens import VerifiedTokens
from tests.factories import LOGIN_PROJECT_ID, ORIGIN, make_config
from tests.linking.api.test_front_parity import hostile_tokens
from tests.linking.test_tokens import NOW, OTHER_ORIGIN, fresh, other_config, other_token
from tests.rsa_keys import key_set, rs256_jwt

UNLIMITED = tokens.TokenLimits(per_address=Limiter(per_minute=0), per_user=Limiter(per_minute=0))
ACME = snapshot_of(configs=[make_config()])
BOTH = snapshot_of(configs=[make_config(), other_config()])
PREVIOUS = "previous-login-secret-key-for-tests-only"


@pytest.fixture
def kept():
    return VerifiedTokens()


@pytest.fixture
def verifications(monkeypatch):
    """How often a token was really verified."""
    real, seen = tokens.verify_login_jwt, []

    def counted(**words):
        seen.append(words)
        return real(**words)

    monkeypatch.setattr(tokens, "verify_login_jwt", counted)
    return seen


def ask(kept, token, *, snapshot=ACME, now=NOW, keys=None, **request):
    return tokens.answer(
        request=tokens.TokenRequest(method="GET", cookie_header=f"token={token}", **request),
        snapshot=snapshot,
        now=now,
        limits=UNLIMITED,
        keys=keys or {},
        verified=kept,
    )


class TestKept:
    def test_a_second_page_costs_no_second_verification(self, kept, verifications):
        first, second = ask(kept, fresh()), ask(kept, fresh())
        assert (first, len(verifications)) == (second, 1)

    def test_the_answer_is_signed_anew(self, kept):
        assert ask(kept, fresh()).body != ask(kept, fresh(), now=NOW + 1).body

    def test_the_oldest_goes_first(self, verifications):
        kept = VerifiedTokens(at_most=2)
        for name in ("a", "b", "c", "b", "c"):
            ask(kept, fresh(username=name))
        assert len(verifications) == 3
        ask(kept, fresh(username="a"))
        assert len(verifications) == 4

    def test_many_threads_find_their_own(self):
        kept, wrong = VerifiedTokens(at_most=3), []

        def keep_asking(name):
            token = fresh(sub=name)
            for _ in range(200):
                if ask(kept, token).sighting.user_id != name:
                    wrong.append(name)

        threads = [threading.Thread(target=keep_asking, args=(f"player-{number}",)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


class TestVerifiedAnew:
    """Each case is believed first, and then something changes."""

    def refused(self, kept, token, **changes):
        answer = ask(kept, token, **changes)
        assert answer == ask(None, token, **changes)
        return answer.reason

    def test_when_the_secret_changes(self, kept):
        assert ask(kept, fresh()).status == 200
        changed = snapshot_of(configs=[make_config(login_secrets=(b"another-secret-of-thirty-two-bytes",))])
        assert self.refused(kept, fresh(), snapshot=changed) == "signature"

    def test_when_the_token_expires(self, kept):
        token = fresh(exp=NOW + 10)
        assert ask(kept, token, now=NOW + 9 + LEEWAY_S).status == 200
        assert self.refused(kept, token, now=NOW + 10 + LEEWAY_S) == "expired"

    @pytest.mark.parametrize("claim", ["iat", "nbf"])
    def test_when_the_clock_is_set_back_before_its_time(self, kept, claim):
        token = fresh(**{claim: NOW + LEEWAY_S})
        assert ask(kept, token).status == 200
        assert self.refused(kept, token, now=NOW - 1) == "not_yet_valid"

    def test_when_the_previous_secret_retires(self, kept):
        rotating = snapshot_of(configs=[
            make_config(previous_login_secret=PREVIOUS.encode(), previous_login_secret_until_epoch_s=NOW + 5)
        ])  # fmt: skip
        token = fresh(secret=PREVIOUS)
        assert ask(kept, token, snapshot=rotating, now=NOW + 4).status == 200
        assert self.refused(kept, token, snapshot=rotating, now=NOW + 5) == "signature"

    def test_when_the_user_is_blocked(self, kept):
        user_id = ask(kept, fresh()).sighting.user_id
        blocked = snapshot_of(configs=[make_config(blocked_user_ids=frozenset({user_id}))])
        assert self.refused(kept, fresh(), snapshot=blocked) == "blocked"

    def test_when_the_integration_is_switched_off(self, kept):
        assert ask(kept, fresh()).status == 200
        off = snapshot_of(configs=[make_config(is_enabled=False)])
        assert self.refused(kept, fresh(), snapshot=off) == "disabled"

    def test_when_the_key_set_changes(self, kept):
        snapshot = snapshot_of(configs=[make_config(login_algorithm=LoginAlgorithm.RS256, login_secrets=())])
        token = rs256_jwt(now=NOW)
        keys = key_set("first")
        for _ in range(2):
            assert ask(kept, token, snapshot=snapshot, keys={LOGIN_PROJECT_ID: keys}).status == 200
        without = {LOGIN_PROJECT_ID: key_set("second")}
        assert self.refused(kept, token, snapshot=snapshot, keys=without) == "unknown_key"
        assert self.refused(kept, token, snapshot=snapshot, keys={}) == "rs256_keys"


class TestNotPartOfTheVerdict:
    def test_a_foreign_page_is_refused_each_time(self, kept):
        assert ask(kept, other_token(), snapshot=BOTH, origin=OTHER_ORIGIN).status == 200
        assert ask(kept, other_token(), snapshot=BOTH, origin=ORIGIN).reason == "origin"

    def test_a_path_that_names_another_integration_is_judged_by_it(self, kept):
        assert ask(kept, fresh(), snapshot=BOTH).status == 200
        answer = ask(kept, fresh(), snapshot=BOTH, slug="other")
        assert (answer, answer.status) == (ask(None, fresh(), snapshot=BOTH, slug="other"), 401)

    def test_limits_count_each_time(self, kept):
        limits = tokens.TokenLimits(per_address=Limiter(per_minute=0), per_user=Limiter(per_minute=1))
        request = tokens.TokenRequest(method="GET", cookie_header=f"token={fresh()}")
        words = {"request": request, "snapshot": ACME, "now": NOW, "limits": limits, "verified": kept}
        assert [tokens.answer(**words).status for _ in range(2)] == [200, 429]


class TestRefused:
    def test_tokens_are_never_kept(self, kept, monkeypatch):
        monkeypatch.setattr(kept, "keep", lambda *_, **words: taken.append(words))
        taken, refused = [], []
        for token in hostile_tokens():
            before = len(taken)
            if ask(kept, token).status != 200:
                refused.append(token)
                assert len(taken) == before
        assert len(refused) > 50

    def test_every_token_is_judged_alike_however_often_it_comes(self, kept):
        for token in [*hostile_tokens(), *hostile_tokens()]:
            assert ask(kept, token) == ask(None, token)


class TestGoodBetween:
    @pytest.mark.parametrize("changes", [{}, {"iat": ...}, {"nbf": NOW - 100}, {"iat": NOW + 30, "nbf": NOW + 50}])
    def test_is_where_the_rules_believe(self, changes):
        token = fresh(exp=NOW + 1000, **changes)
        config = make_config(previous_login_secret=b"p" * 32, previous_login_secret_until_epoch_s=NOW + 400)
        user = rules.verify_login_jwt(token=token, config=config, now=NOW)
        begins, ends = rules.good_between(user=user, config=config, now=NOW)
        assert ends == NOW + 400
        assert rules.verify_login_jwt(token=token, config=config, now=begins)
        if begins > 0:
            with pytest.raises(rules.LoginTokenError):
                rules.verify_login_jwt(token=token, config=config, now=begins - 0.5)
        begins, ends = rules.good_between(user=user, config=config, now=NOW + 400)
        assert rules.verify_login_jwt(token=token, config=config, now=ends - 0.5)
        with pytest.raises(rules.LoginTokenError):
            rules.verify_login_jwt(token=token, config=config, now=ends)
