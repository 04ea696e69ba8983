from base64 import b64encode

import pytest

from tests.sandbox.client import Client
from tests.sandbox.conftest import Clock
from tests.sandbox.support.calls import API, CLIENT, START, TOKENS, Support, grant, read_error

PUBLIC = {"client_id": "sandbox-support-public-client", "client_secret": "sandbox-support-public-secret-not-real"}


def read_with(client: Client, authorization: str, path: str = "/users/show_many"):
    return client.call("GET", API + path, None, {"Authorization": authorization}, ids="1", start_time=START)


def build_basic(email: str = "admin@sandbox.example/token", token: str = "sandbox-support-api-token-not-real") -> str:
    return "Basic " + b64encode(f"{email}:{token}".encode()).decode()


class TestGrant:
    def test_says_the_end_only_when_told_one(self, client: Client):
        assert set(grant(client).json()) == {"access_token", "token_type", "scope"}
        assert grant(client, expires_in=7200).json()["expires_in"] == 7200

    def test_takes_forms_too(self, client: Client):
        fields = {"grant_type": "client_credentials", "scope": "read", "expires_in": "7200", **CLIENT}
        assert client.form(TOKENS, fields).json()["expires_in"] == 7200

    @pytest.mark.parametrize(("life_s", "status"), [(300, 400), (301, 200), (172_800, 200), (172_801, 400), ("x", 400)])
    def test_bounds_the_life(self, client: Client, life_s: object, status: int):
        assert grant(client, expires_in=life_s).status == status

    @pytest.mark.parametrize("fields", [{"client_secret": "wrong"}, {"client_id": "nobody"}, PUBLIC])
    def test_refuses_wrong_and_public_clients(self, client: Client, fields: dict):
        assert read_error(grant(client, **fields)) == (401, "invalid_client")

    def test_knows_no_other_grant(self, client: Client):
        assert read_error(grant(client, grant_type="refresh_token")) == (400, "unsupported_grant_type")

    def test_its_text_can_be_a_jwt(self, client: Client):
        client.control("support", token_text="jwt")
        assert grant(client).json()["access_token"].count(".") == 2
        assert Support(client).call("/users/me").status == 200


class TestToken:
    @pytest.mark.parametrize(("fields", "life_s"), [({}, 1800), ({"expires_in": 7200}, 7200)])
    def test_is_dead_at_its_time(self, client: Client, clock: Clock, fields: dict, life_s: int):
        bearer = f"Bearer {grant(client, **fields).json()['access_token']}"
        clock.now_s += life_s - 1
        assert read_with(client, bearer).status == 200
        clock.now_s += 1
        assert read_with(client, bearer).json() == {
            "error": "invalid_token",
            "error_description": (
                "The access token provided is expired, revoked, malformed or invalid for other reasons."
            ),
        }

    def test_can_die_between_two_pages(self, support: Support):
        support.client.control("support", token_calls=2)
        statuses = [support.call("/incremental/users/cursor", start_time=START).status for _ in range(3)]
        assert statuses == [200, 200, 401]

    def test_can_be_ended(self, support: Support):
        assert support.client.control("support/end_tokens") == {"ended": 1}
        assert support.call("/users/1").status == 401

    def test_can_revoke_itself(self, support: Support):
        headers = {"Authorization": f"Bearer {support.token}"}
        assert support.client.call("DELETE", f"{API}/oauth/tokens/current.json", None, headers).status == 204
        assert support.call("/users/1").status == 401

    def test_with_an_unknown_scope_is_given_and_opens_nothing(self, client: Client):
        support = Support(client, scope="everything")
        assert [support.call(path).status for path in ("/users", "/users/me", "/deleted_users")] == [403] * 3

    @pytest.mark.parametrize(("path", "status"), [("/users", 200), ("/users/{}/identities", 403),
                                                  ("/incremental/users/cursor", 403)])  # fmt: skip
    def test_with_a_finer_scope_opens_less(self, client: Client, path: str, status: int):
        user_id = Support(client).read_feed()[0]["id"]
        assert Support(client, scope="users:read").call(path.format(user_id), start_time=START).status == status

    @pytest.mark.parametrize("text", ["", "Bearer", "Bearer x", "Token x", "Basic x"])
    def test_is_needed(self, client: Client, text: str):
        assert read_with(client, text).status == 401


class TestWhoItIs:
    def test_is_an_admin(self, support: Support):
        user = support.get("/users/me.json")["user"]
        assert (user["role"], user["email"]) == ("admin", "admin@sandbox.example")

    def test_is_nobody_without_credentials(self, client: Client):
        answer = client.get(f"{API}/users/me")
        assert (answer.status, answer.json()["user"]["id"]) == (200, None)

    def test_with_a_bad_token_by_switch(self, client: Client):
        assert read_with(client, "Bearer x", "/users/me").status == 401
        client.control("support", bad_token_at_me="anonymous")
        assert read_with(client, "Bearer x", "/users/me").json()["user"]["id"] is None


class TestApiToken:
    def test_works_until_the_end_of_api_tokens(self, client: Client):
        assert read_with(client, build_basic(), "/incremental/users/cursor").status == 200
        client.control("support", api_tokens_ended=True)
        assert read_with(client, build_basic()).json() == {"error": "Couldn't authenticate you"}

    @pytest.mark.parametrize(("email", "token"), [("admin@sandbox.example/token", "wrong"), ("no@b.example/token", ""),
                                                  ("admin@sandbox.example", "password")])  # fmt: skip
    def test_must_be_right(self, client: Client, email: str, token: str):
        assert read_with(client, build_basic(email, token)).status == 401
