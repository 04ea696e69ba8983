from typing import Any

import pytest

from sandbox.jwt import encode_hs256
from sandbox.world.box import Box
from tests.sandbox.client import Answer, Client
from tests.sandbox.conftest import NOW_S


def token_of(box: Box, user_id: str = "u-1", *, key_id: str = "", **claims: Any) -> str:
    ((only_id, secret),) = list(box.config.messaging_keys.items())[:1]
    header = {"alg": "HS256", "typ": "JWT", "kid": key_id or only_id}
    whole = {"external_id": user_id, "scope": "user", "name": "Nadia", "exp": int(NOW_S) + 300} | claims
    return encode_hs256(claims=whole, secret=box.config.messaging_keys.get(key_id or only_id, secret), header=header)


def log_in(client: Client, token: str) -> Answer:
    return client.call("POST", "/messaging/login", {"jwt": token})


def me(client: Client, answer: Answer) -> Any:
    cookie = answer.cookies[0].split(";")[0]
    return client.call("GET", "/messaging/me", None, {"Cookie": cookie}).json()["user"]


class TestLogin:
    def test_signs_the_user_in(self, client: Client, box: Box):
        assert me(client, log_in(client, token_of(box)))["external_id"] == "u-1"

    def test_refuses_in_zendesk_s_words_and_says_the_rule_beside_them(self, client: Client, box: Box):
        answer = log_in(client, token_of(box, scope="admin"))
        assert answer.status == 401
        assert answer.json()["error"] == {"code": "invalid_auth", "description": "Invalid JWT"}
        assert answer.json()["sandbox"]["reason"] == "scope"

    def test_keeps_a_verified_address_for_its_first_user(self, client: Client, box: Box):
        verified = {"email": "n@b.example", "email_verified": True}
        assert log_in(client, token_of(box, **verified)).status == 200
        assert log_in(client, token_of(box, "u-2", **verified)).json()["sandbox"]["reason"] == "email_taken"

    def test_is_closed_to_pages_of_other_sites(self, client: Client, box: Box):
        sent = {"jwt": token_of(box)}
        answer = client.call("POST", "/messaging/login", sent, {"Origin": "https://evil.example"})
        assert answer.status == 403


class TestLogout:
    def test_makes_the_browser_a_stranger(self, client: Client, box: Box):
        answer = log_in(client, token_of(box))
        cookie = answer.cookies[0].split(";")[0]
        client.call("POST", "/messaging/logout", {}, {"Cookie": cookie})
        assert me(client, answer) is None


class TestJudge:
    @pytest.mark.parametrize(("scope", "ok"), [("user", True), ("admin", False)])
    def test_tells_and_changes_nothing(self, client: Client, box: Box, scope: str, ok: bool):
        answer = client.call("POST", "/messaging/judge", {"jwt": token_of(box, scope=scope)})
        assert (answer.status, answer.json()["ok"], answer.cookies) == (200, ok, [])
        assert box.support.messaging.users == {}


class TestKeys:
    def test_a_second_one_signs_as_well_until_it_is_deleted(self, client: Client, box: Box):
        client.control("messaging_keys", id="app_second", value="the-second-signing-key-of-messaging")
        token = token_of(box, key_id="app_second")
        assert log_in(client, token).status == 200
        client.control("messaging_keys", id="app_second")
        assert log_in(client, token).json()["sandbox"]["reason"] == "kid_unknown"

    def test_are_at_most_ten(self, client: Client, box: Box):
        for number in range(9):
            client.control("messaging_keys", id=f"app_{number}", value="x" * 32)
        answer = client.call("POST", "/_control/messaging_keys", {"id": "app_11", "value": "x" * 32})
        assert (answer.status, len(box.config.messaging_keys)) == (400, 10)

    def test_are_the_first_one_again_after_a_reset(self, client: Client, box: Box):
        client.control("messaging_keys", id="app_second", value="x" * 32)
        client.control("reset")
        assert len(box.config.messaging_keys) == 1
