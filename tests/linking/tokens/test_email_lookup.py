import json

import pytest

from linking.clients.xsolla_login import LoginBroken, LoginClient, LoginRefused, LoginTryLater
from linking.core.config import snapshot_of
from linking.limits import Limiter
from linking.tokens import email_lookup
from linking.tokens import endpoint as tokens
from tests.factories import USER_ID, login_jwt, make_config
from tests.linking.clients.test_xsolla_login import answer
from tests.linking.scripted_server import scripted
from tests.linking.tokens.test_endpoint import claims_of, refusal_of

NOW = 1_767_225_600
ADDRESS = "nadia@player.example"
LIMITS = tokens.TokenLimits(per_address=Limiter(per_minute=0), per_user=Limiter(per_minute=0))


class Login:
    """Stands in for the client: gives `answer`, or raises it."""

    def __init__(self, found=(USER_ID, ADDRESS)):
        self.found, self.calls, self.is_closed = found, 0, False

    def own_email(self, *, login_jwt):
        self.calls += 1
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def close(self):
        self.is_closed = True


def use(login):
    email_lookup.use(lambda: login)
    return login


def email_of(*, now=NOW, user_id=USER_ID):
    return email_lookup.email_of(integration_id=1, user_id=user_id, login_jwt="x", now=now)


class TestEmailOf:
    def test_is_what_login_says(self):
        login = use(Login())
        assert (email_of(), login.is_closed) == (ADDRESS, True)

    @pytest.mark.parametrize("found", [
        ("another-user", ADDRESS), (USER_ID, ""), (USER_ID, "é@player.example"), LoginRefused("no", reason="token"),
    ])  # fmt: skip
    def test_is_empty_where_there_is_none_to_use(self, found):
        use(Login(found))
        assert email_of() == ""

    @pytest.mark.parametrize(("found", "kept_s"), [((USER_ID, ADDRESS), 600), ((USER_ID, ""), 60)])
    def test_is_remembered_for_a_while(self, found, kept_s):
        login = use(Login(found))
        for now in (NOW, NOW + kept_s - 1, NOW + kept_s):
            email_of(now=now)
        assert login.calls == 2

    @pytest.mark.parametrize("found", [LoginTryLater("slow"), LoginBroken("?"), LoginRefused("where?", reason="host")])
    def test_leaves_login_alone_after_a_failure(self, found):
        login = use(Login(found))
        answers = [email_of(now=now) for now in (NOW, NOW + 1, NOW + 9, NOW + 10)]
        assert (answers, login.calls) == ([""] * 4, 2)

    @pytest.mark.parametrize("found", [LoginTryLater("slow"), (USER_ID, ADDRESS)])
    def test_asks_again_where_the_clock_was_put_back(self, found):
        login = use(Login(found))
        for now in (NOW, NOW - 86_400):
            email_of(now=now)
        assert login.calls == 2

    def test_is_empty_where_nobody_said_how_login_is_reached(self):
        assert email_of() == ""

    def test_remembers_no_more_users_than_its_bound(self, monkeypatch):
        monkeypatch.setattr(email_lookup, "MAX_KEPT", 3)
        login = use(Login(("x", "")))
        for number in range(10):
            email_of(user_id=f"user-{number}")
        assert login.calls == 10 and len(email_lookup._State.kept) <= 3


class TestOwnEmail:
    def own_email(self, sent):
        with scripted(lambda connection, _head: connection.sendall(sent)) as server:
            client = LoginClient(base_url=server.url, allow_loopback=True, deadline_s=1.0)
            try:
                return client.own_email(login_jwt="a.b.c"), server.heads
            finally:
                client.close()

    def test_shows_the_users_own_token(self):
        found, heads = self.own_email(answer({"id": USER_ID, "email": ADDRESS}))
        assert found == (USER_ID, ADDRESS) and "Authorization: Bearer a.b.c" in heads[0]

    @pytest.mark.parametrize("email", [None, 7, ...])
    def test_is_empty_where_the_user_has_none(self, email):
        body = {"id": USER_ID} if email is ... else {"id": USER_ID, "email": email}
        assert self.own_email(answer(body))[0] == (USER_ID, "")

    @pytest.mark.parametrize(("sent", "error"), [
        (answer({}, status="401 Unauthorized"), LoginRefused), (answer({}, status="403 Forbidden"), LoginRefused),
        (answer({}, status="503 Away"), LoginTryLater), (answer([1]), LoginBroken), (answer({"id": 7}), LoginBroken),
        (answer(b"<html>"), LoginBroken), (answer({}, status="302 Found", headers="Location: /x\r\n"), LoginBroken),
    ])  # fmt: skip
    def test_sorts_failures_by_what_to_do(self, sent, error):
        with pytest.raises(error):
            self.own_email(sent)


class TestTokens:
    def ask(self, *, look_up, is_on=True, **changes):
        token = login_jwt(now=NOW, **({"email": ...} | changes))
        return tokens.answer(
            request=tokens.TokenRequest(method="GET", cookie_header=f"token={token}"),
            snapshot=snapshot_of(configs=[make_config(is_email_looked_up=is_on)]),
            now=NOW,
            limits=LIMITS,
            look_up=look_up,
        )

    def test_take_the_address_that_was_found(self):
        given = self.ask(look_up=lambda **_: ADDRESS)
        assert claims_of(given)["email"] == ADDRESS and given.user.email == ADDRESS

    def test_fall_back_on_the_policy_where_none_was_found(self):
        assert refusal_of(self.ask(look_up=lambda **_: ""))[2] == "email_missing"

    def test_ask_nobody_unless_the_integration_says_so(self):
        assert refusal_of(self.ask(look_up=lambda **_: ADDRESS, is_on=False))[2] == "email_missing"

    def test_ask_nobody_for_a_user_whose_token_has_an_address(self):
        given = self.ask(look_up=lambda **_: "other@player.example", email=ADDRESS)
        assert json.loads(given.body) and claims_of(given)["email"] == ADDRESS
