"""A verdict that was kept is the verdict that would be given again, whatever changed in between."""

import itertools
import threading

import pytest

from linking.core.config import LoginAlgorithm, MissingEmail, Mode, ZendeskProduct, snapshot_of
from linking.limits import Limiter
from linking.tokens import endpoint as tokens
from linking.tokens import login_jwt as rules
from linking.tokens.login_jwt import LEEWAY_S
from linking.tokens.verified_tokens import VerifiedTokens
from tests.factories import LOGIN_PROJECT_ID, ORIGIN, USER_ID, make_config
from tests.linking.api.test_front_parity import hostile_tokens
from tests.linking.tokens.test_endpoint import NOW, OTHER_ORIGIN, fresh, other_config, other_token
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
    """One entry for each time that a token was really verified."""
    seen = []

    def verify(**words):
        seen.append(words["token"])
        return rules.verify_login_jwt(**words)

    monkeypatch.setattr(tokens, "verify_login_jwt", verify)
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

    def test_what_was_of_no_use_goes_first(self, verifications):
        kept = VerifiedTokens(at_most=2)
        for name in ("a", "b", "b", "c", "b"):
            ask(kept, fresh(username=name))
        assert len(verifications) == 3
        ask(kept, fresh(username="a"))
        assert len(verifications) == 4

    def test_more_players_than_there_is_room_for_push_each_other_out(self, verifications):
        kept = VerifiedTokens(at_most=3)
        for _ in range(3):
            for name in "abcd":
                assert ask(kept, fresh(username=name)).status == 200
        assert len(kept._verdicts) == len(kept._digests) == 3

    def test_what_has_ended_goes_before_what_was_of_use(self, verifications):
        kept = VerifiedTokens(at_most=2)
        for _ in range(2):
            ask(kept, fresh(username="ends", exp=NOW + 1))
            ask(kept, fresh(username="stays"))
        ask(kept, fresh(username="new"), now=NOW + 1 + LEEWAY_S)
        ask(kept, fresh(username="stays"), now=NOW + 1 + LEEWAY_S)
        assert len(verifications) == 3

    def test_many_threads_find_their_own(self):
        kept, wrong = VerifiedTokens(at_most=3), []

        def keep_asking(name):
            token = fresh(sub=name)
            for _ in range(200):
                if ask(kept, token).user.user_id != name:
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
        user_id = ask(kept, fresh()).user.user_id
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
        monkeypatch.setattr(kept, "add", lambda *_, **words: taken.append(words))
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


SETTINGS = {
    "one": [make_config()],
    "two": [make_config(), other_config()],
    "of one project": [make_config(), make_config(integration_id=3, slug="third", allowed_origins={OTHER_ORIGIN})],
    "observed": [make_config(mode=Mode.OBSERVE)],
    "switched off": [make_config(is_enabled=False)],
    "one switched off": [make_config(), other_config(is_enabled=False)],
    "blocked": [make_config(blocked_user_ids=frozenset({USER_ID}))],
    "without a secret": [make_config(zendesk_shared_secret=b"")],
    "without a key ID": [make_config(zendesk_product=ZendeskProduct.MESSAGING)],
    "messaging": [make_config(zendesk_product=ZendeskProduct.MESSAGING, zendesk_key_id="app_1")],
    "null listed": [make_config(allowed_origins=frozenset({ORIGIN, "null", "*"}))],
    "looked up": [make_config(is_email_looked_up=True)],
    "omitted": [make_config(missing_email=MissingEmail.OMIT)],
    "other cookie": [make_config(cookie_name="login")],
}
REQUESTS = {
    "method": ["GET", "POST", "HEAD", "OPTIONS", "PUT", "get"],
    "slug": [None, "acme", "other", "third", "nobody"],
    "origin": [None, ORIGIN, OTHER_ORIGIN, "null", "*", ""],
    "fetch_mode": ["", "cors", "navigate", "no-cors", "x"],
    "authorization": ["", "Basic eA==", "Bearer", "Bearer {token}", "Bearer x"],
    "cookie_header": [
        None, "", "x=1", "token={token}", "a=1; token={token} ;b=2", "token={token}; token={token}",
        "token={token}; token=x", "xtoken={token}", "token=", "token=x; x_token={token}", "login={token}",
        "a;token={token}", "a token={token}",
    ],
    "address": ["", "192.0.2.7", "2001:db8::1"],
}  # fmt: skip
ORDINARY = {"method": "GET", "cookie_header": "token={token}", "origin": ORIGIN, "address": "192.0.2.7"}


def requests_of(token):
    """Requests that differ in one or two things from the ordinary one, with or without a slug."""
    for slug in (None, "acme"):
        for one, other in itertools.combinations(REQUESTS, 2):
            for values in itertools.product(REQUESTS[one], REQUESTS[other]):
                words = ORDINARY | {"slug": slug} | dict(zip((one, other), values, strict=True))
                yield tokens.TokenRequest(**{
                    name: text if text is None else text.replace("{token}", token) for name, text in words.items()
                })  # fmt: skip


class TestEveryRequest:
    """A token that is remembered is answered as one that is verified."""

    @pytest.mark.parametrize("settings", SETTINGS)
    @pytest.mark.parametrize("claims", [{}, {"email": ...}, {"nbf": NOW}])
    def test_is_answered_alike_with_the_memory_and_without(self, kept, settings, claims):
        token, snapshot = fresh(**claims), snapshot_of(configs=SETTINGS[settings])
        for slug in (None, "acme", "third"):
            ask(kept, token, snapshot=snapshot, slug=slug)
        for request in requests_of(token):
            without = self.answered(request, snapshot, None)
            assert self.answered(request, snapshot, kept) == without, request
            assert self.answered(request, snapshot, VerifiedTokens()) == without, request

    @staticmethod
    def answered(request, snapshot, verified):
        """Two answers each without limits, with one a minute for an address and one for a user, and what was spent."""
        found = []
        for per_address, per_user in ((0, 0), (1, 0), (0, 1)):
            limits = tokens.TokenLimits(
                per_address=Limiter(per_minute=per_address), per_user=Limiter(per_minute=per_user)
            )
            for limiter in (limits.per_address, limits.per_user):
                limiter.take_spent()
            words = {"request": request, "snapshot": snapshot, "now": NOW, "limits": limits, "verified": verified}
            found.append([tokens.answer(**words, look_up=lambda **_: "found@player.example") for _ in range(2)])
            found.append([limits.per_address.take_spent(), limits.per_user.take_spent()])
        return found


class TestGoodBetween:
    @pytest.mark.parametrize("changes", [{}, {"iat": ...}, {"nbf": NOW - 100}, {"iat": NOW + 30, "nbf": NOW + 50}])
    def test_is_where_the_rules_believe(self, changes):
        token = fresh(exp=NOW + 1000, **changes)
        config = make_config(previous_login_secret=b"p" * 32, previous_login_secret_until_epoch_s=NOW + 400)
        claims = rules.LoginToken(token).unverified_claims()
        begins, ends = rules.good_between(claims, config=config, now=NOW)
        assert ends == NOW + 400
        assert rules.verify_login_jwt(token=token, config=config, now=begins)
        if begins > 0:
            with pytest.raises(rules.LoginTokenError):
                rules.verify_login_jwt(token=token, config=config, now=begins - 0.5)
        begins, ends = rules.good_between(claims, config=config, now=NOW + 400)
        assert rules.verify_login_jwt(token=token, config=config, now=ends - 0.5)
        with pytest.raises(rules.LoginTokenError):
            rules.verify_login_jwt(token=token, config=config, now=ends)
