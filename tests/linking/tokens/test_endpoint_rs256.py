import pytest

from linking.clients.xsolla_login import KeyEncoding, ListedKeys
from linking.core.config import LoginAlgorithm, snapshot_of
from linking.limits import Limiter
from linking.tokens import answer_counts, key_fetching
from linking.tokens import endpoint as tokens
from tests.factories import LOGIN_PROJECT_ID, USER_ID, make_config, make_integration
from tests.linking.tokens.test_endpoint import claims_of, refusal_of
from tests.rsa_keys import key_set, listed, rs256_jwt

NOW = 1_767_225_600
LIMITS = tokens.TokenLimits(per_address=Limiter(per_minute=0), per_user=Limiter(per_minute=0))


def request(token):
    return tokens.TokenRequest(method="GET", cookie_header=f"token={token}")


def ask(token, *, keys):
    return tokens.answer(
        request=request(token),
        snapshot=snapshot_of(configs=[make_config(login_algorithm=LoginAlgorithm.RS256, login_secrets=())]),
        now=NOW,
        limits=LIMITS,
        keys=keys,
    )


class TestAnswer:
    def test_gives_a_token_under_the_projects_key(self):
        answer = ask(rs256_jwt(now=NOW), keys={LOGIN_PROJECT_ID: key_set("first")})
        assert claims_of(answer)["external_id"] == USER_ID

    def test_never_takes_another_projects_key(self):
        assert refusal_of(ask(rs256_jwt(now=NOW), keys={"another": key_set("first")}))[2] == "rs256_keys"

    def test_asks_to_come_back_while_no_key_is_known(self):
        answer = ask(rs256_jwt(now=NOW), keys={})
        assert (refusal_of(answer), dict(answer.headers)["Retry-After"]) == ((503, "00-07", "rs256_keys"), "60")

    def test_refuses_a_key_that_is_not_listed(self):
        answer = ask(rs256_jwt(now=NOW, kid="third"), keys={LOGIN_PROJECT_ID: key_set("first")})
        assert refusal_of(answer) == (401, "00-01", "unknown_key")


class Login:
    """Lists one more key at every call."""

    def __init__(self):
        self.calls = 0

    def key_set(self, *, project_id):
        self.calls += 1
        names = ("first", "second")[: self.calls]
        return ListedKeys(encoding=KeyEncoding.BASE64URL, keys=tuple(listed(name) for name in names))

    def close(self):
        """Nothing is open."""


@pytest.mark.django_db
class TestServe:
    @pytest.fixture(autouse=True)
    def rs256_project(self):
        key_fetching.forget()
        make_integration(login_algorithm=LoginAlgorithm.RS256)
        yield
        key_fetching.forget()
        answer_counts.forget()

    def serve(self, token):
        return tokens.serve(request=request(token), now=NOW, limits=LIMITS)

    def look(self, login, *, now_s):
        key_fetching.look(projects=(LOGIN_PROJECT_ID,), open_client=lambda: login, now_s=now_s)

    def test_takes_the_keys_that_were_fetched(self):
        self.look(Login(), now_s=0)
        assert self.serve(rs256_jwt(now=NOW)).status == 200

    def test_has_the_keys_fetched_again_for_a_new_kid(self):
        login = Login()
        self.look(login, now_s=0)
        rotated = rs256_jwt(now=NOW, name="second", kid="second")
        assert self.serve(rotated).status == 401
        self.look(login, now_s=61)
        assert self.serve(rotated).status == 200

    def test_fetches_nothing_within_a_request(self):
        login = Login()
        self.look(login, now_s=0)
        for _ in range(50):
            self.serve(rs256_jwt(now=NOW, kid="forged"))
        assert login.calls == 1
