import base64

import pytest

from sandbox.jwt import decode_unverified, encode_hs256
from sandbox.world.box import Box
from sandbox.world.players import PLAYERS, RS256_PROJECT_ID, build_claims
from tests.sandbox.client import Client
from tests.sandbox.conftest import NOW_S

API = "/login/api"
HS256_PROJECT_ID = "b7a1d0e2-5c3f-4e0a-8b7d-2f9c1a6e4d10"
RS256 = f"{API}/projects/{RS256_PROJECT_ID}"
SERVER = {
    "grant_type": "client_credentials",
    "client_id": "40001",
    "client_secret": "sandbox-server-client-secret-not-real",
}


def login_jwt(client: Client, player: str = "nadia", **claims: object) -> str:
    return client.control("login_jwt", player=player, claims=claims)["token"]


def server_headers(client: Client) -> dict[str, str]:
    return {"X-SERVER-AUTHORIZATION": client.form(f"{API}/oauth2/token", SERVER).json()["access_token"]}


def validate(client: Client, token: object) -> tuple[int, str]:
    answer = client.call("POST", f"{API}/token/validate", {"token": token})
    return answer.status, answer.json()["error"]["code"] if answer.body else ""


class TestKeys:
    def test_both_forms_hold_the_same_numbers(self, client: Client):
        rfc = client.get(f"{RS256}/jwks.json").json()["keys"][0]
        bare = client.get(f"{RS256}/keys").json()[0]
        assert base64.urlsafe_b64decode(rfc["n"] + "==").hex() == bare["n"]
        assert rfc["kid"] == bare["kid"]

    def test_the_player_of_that_project_is_signed_by_it(self, client: Client):
        header = decode_unverified(login_jwt(client, "omar")).header
        assert header == {"alg": "RS256", "kid": client.get(f"{RS256}/keys").json()[0]["kid"], "typ": "JWT"}

    def test_an_hs256_project_has_none(self, client: Client):
        base = f"{API}/projects/{HS256_PROJECT_ID}"
        assert client.get(f"{base}/jwks.json").json() == {"keys": []}
        assert client.get(f"{base}/keys").json() == []

    def test_none_can_be_an_empty_object(self, client: Client):
        client.control("faults", empty_keys="object")
        assert client.get(f"{API}/projects/{HS256_PROJECT_ID}/keys").json() == {}

    def test_the_exponent_may_begin_with_a_nought(self, client: Client):
        client.control("faults", hex_exponent="010001")
        assert client.get(f"{RS256}/keys").json()[0]["e"] == "010001"
        assert client.get(f"{RS256}/jwks.json").json()["keys"][0]["e"] == "AQAB"

    def test_rotation_lists_both_and_signs_with_the_newest(self, client: Client):
        old = login_jwt(client, "omar")
        new = client.call("POST", f"{RS256}/keys", {}, server_headers(client)).json()["kid"]
        assert len(client.get(f"{RS256}/jwks.json").json()["keys"]) == 2
        assert decode_unverified(login_jwt(client, "omar")).header["kid"] == new
        assert validate(client, old)[0] == 204

    def test_rotation_is_for_servers(self, client: Client):
        assert client.call("POST", f"{RS256}/keys", {}).status == 401

    def test_an_unknown_project_is_404(self, client: Client):
        answer = client.get(f"{API}/projects/00000000-0000-4000-8000-000000000000/jwks.json")
        assert (answer.status, answer.json()["error"]["code"]) == (404, "003-019")


class TestValidate:
    @pytest.mark.parametrize("player", ["nadia", "zoe", "kai", "li", "omar"])
    def test_a_living_token_is_204_with_no_body(self, player: str, client: Client):
        answer = client.call("POST", f"{API}/token/validate", {"token": login_jwt(client, player)})
        assert (answer.status, answer.body) == (204, b"")
        assert "content-length" not in answer.headers

    @pytest.mark.parametrize(("token", "outcome"), [
        (None, (400, "002-028")), (3, (400, "002-027")), ("", (400, "002-027")), ("a.b.c", (400, "002-027")),
    ])  # fmt: skip
    def test_what_is_no_token_is_400(self, token: object, outcome: tuple[int, str], client: Client):
        assert validate(client, token) == outcome

    def test_an_expired_one_is_422(self, client: Client):
        assert validate(client, login_jwt(client, "eve")) == (422, "002-016")

    def test_a_changed_one_is_422(self, client: Client):
        head, claims, signature = login_jwt(client).split(".")
        assert validate(client, f"{head}.{claims}.{signature[::-1]}") == (422, "002-016")

    @pytest.mark.parametrize("status", [400, 401])
    def test_or_another_status_by_switch(self, status: int, client: Client):
        client.control("faults", invalid_token_status=status)
        assert validate(client, login_jwt(client, "eve")) == (status, "002-016")

    @pytest.mark.parametrize(("choice", "status"), [("accept", 204), ("refuse", 422)])
    def test_whether_a_banned_user_passes_is_a_switch(self, choice: str, status: int, client: Client):
        client.control("faults", validate_banned=choice)
        client.call("POST", f"{TestUsers.BASE}/{PLAYERS[0].user_id}/ban", {"reason": "rude"}, server_headers(client))
        assert validate(client, login_jwt(client))[0] == status

    def test_one_of_another_project_is_404(self, client: Client):
        assert validate(client, login_jwt(client, xsolla_login_project_id="other")) == (404, "003-019")

    def test_one_of_an_unknown_user_is_404(self, client: Client):
        assert validate(client, login_jwt(client, sub="nobody")) == (404, "003-002")

    def test_an_hs256_token_that_claims_the_rs256_project_is_422(self, client: Client, box: Box):
        claims = build_claims(PLAYERS[4], project_id=RS256_PROJECT_ID, now_s=NOW_S)
        token = encode_hs256(claims=claims, secret=box.config.login_project_id)
        assert validate(client, token) == (422, "002-016")


class TestMe:
    def test_is_the_user_of_the_token(self, client: Client):
        headers = {"Authorization": f"Bearer {login_jwt(client, 'kai')}"}
        me = client.call("GET", f"{API}/users/me", headers=headers).json()
        assert (me["id"], me["email"], me["ban"]) == (PLAYERS[2].user_id, None, None)

    def test_knows_the_own_email(self, client: Client):
        headers = {"Authorization": f"Bearer {login_jwt(client)}"}
        assert client.call("GET", f"{API}/users/me/email", headers=headers).json() == {
            "current_email": "nadia@player.example"
        }

    @pytest.mark.parametrize(("player", "networks"), [("kai", ["steam"]), ("nadia", []), ("li", [])])
    def test_knows_the_own_networks(self, player: str, networks: list[str], client: Client):
        headers = {"Authorization": f"Bearer {login_jwt(client, player)}"}
        found = client.call("GET", f"{API}/users/me/social_providers", headers=headers).json()
        assert [network["provider"] for network in found] == networks
        assert all(set(n) == {"full_name", "nickname", "picture", "provider", "social_id"} for n in found)

    @pytest.mark.parametrize("value", ["", "Bearer", "Bearer x.y.z", "Basic abc"])
    def test_without_a_living_token_is_401(self, value: str, client: Client):
        answer = client.call("GET", f"{API}/users/me", headers={"Authorization": value})
        assert (answer.status, answer.json()["error"]["code"]) == (401, "002-016")


class TestLogout:
    def test_of_all_sessions_voids_the_tokens_given_out_before(self, client: Client, clock):
        bearer = {"Authorization": f"Bearer {login_jwt(client)}"}
        assert client.call("GET", f"{API}/oauth2/logout", headers=bearer, sessions="all").status == 204
        assert client.call("GET", f"{API}/users/me", headers=bearer).status == 401
        clock.now_s += 1
        again = {"Authorization": f"Bearer {login_jwt(client)}"}
        assert client.call("GET", f"{API}/users/me", headers=again).status == 200

    def test_of_one_session_leaves_them(self, client: Client):
        bearer = {"Authorization": f"Bearer {login_jwt(client)}"}
        assert client.call("GET", f"{API}/oauth2/logout", headers=bearer, sessions="sso").status == 204
        assert client.call("GET", f"{API}/users/me", headers=bearer).status == 200

    @pytest.mark.parametrize(("choice", "status"), [("accept", 204), ("refuse", 422)])
    def test_whether_validate_knows_of_it_is_a_switch(self, choice: str, status: int, client: Client):
        token = login_jwt(client)
        client.control("faults", validate_revoked=choice)
        client.call("GET", f"{API}/oauth2/logout", headers={"Authorization": f"Bearer {token}"}, sessions="all")
        assert validate(client, token)[0] == status

    def test_needs_a_token_and_a_word_it_knows(self, client: Client):
        bearer = {"Authorization": f"Bearer {login_jwt(client)}"}
        assert client.get(f"{API}/oauth2/logout", sessions="all").status == 401
        assert client.call("GET", f"{API}/oauth2/logout", headers=bearer, sessions="some").status == 400


class TestUsers:
    BASE = f"{API}/projects/{HS256_PROJECT_ID}/users"

    def test_one_behind_a_seeded_visitor_exists(self, client: Client):
        user_id = next(iter(client.get("/_control/truth").json()["truth"].values()))
        user = client.call("GET", f"{self.BASE}/search/by_id/{user_id}", headers=server_headers(client))
        assert (user.status, user.json()["id"]) == (200, user_id)

    def test_needs_a_server_token(self, client: Client):
        answer = client.get(f"{self.BASE}/search/by_id/x")
        assert (answer.status, answer.json()["error"]["code"]) == (401, "003-040")

    def test_refuses_a_server_token_with_the_word_bearer(self, client: Client):
        value = "Bearer " + server_headers(client)["X-SERVER-AUTHORIZATION"]
        answer = client.call("GET", f"{self.BASE}/search", headers={"X-SERVER-AUTHORIZATION": value})
        assert (answer.status, answer.json()["error"]["code"]) == (403, "1901-0001")

    def test_or_takes_it_by_switch(self, client: Client):
        client.control("faults", server_bearer=True)
        token = server_headers(client)["X-SERVER-AUTHORIZATION"]
        for value in (token, f"Bearer {token}"):
            headers = {"X-SERVER-AUTHORIZATION": value}
            assert client.call("GET", f"{self.BASE}/search", headers=headers).status == 200

    def test_an_unknown_one_is_404(self, client: Client):
        answer = client.call("GET", f"{self.BASE}/search/by_id/nobody", headers=server_headers(client))
        assert (answer.status, answer.json()["error"]["code"]) == (404, "003-002")

    def test_a_player_of_the_other_project_is_404(self, client: Client):
        path = f"{self.BASE}/search/by_id/{PLAYERS[4].user_id}"
        assert client.call("GET", path, headers=server_headers(client)).status == 404

    def test_are_found_by_contact_and_paged(self, client: Client):
        query = {"search_by": "contact", "search_query": "player.example", "limit": 2, "offset": 1}
        found = client.call("GET", f"{self.BASE}/search", headers=server_headers(client), **query).json()
        assert len(found["users"]) == 2 < found["count"]
        assert found["next_after"] == found["users"][-1]["id"]

    def test_are_listed_page_by_page_with_an_address_to_go_on(self, client: Client):
        headers, found, url = server_headers(client), [], f"{self.BASE}?limit=7"
        while url:
            page = client.call("GET", url.removeprefix(client.url), headers=headers).json()
            found += [user["id"] for user in page["users"]]
            url = page["next_url"]
        assert len(found) == len(set(found)) == page["count"] > 7

    def test_are_listed_behind_the_one_named_in_either_order(self, client: Client):
        headers = server_headers(client)
        ids = [user["id"] for user in client.call("GET", self.BASE, headers=headers, limit=100).json()["users"]]
        turned = client.call("GET", self.BASE, headers=headers, limit=2, after=ids[2], order="DESC").json()
        assert [user["id"] for user in turned["users"]] == [ids[1], ids[0]]
        assert (turned["next_after"], turned["next_url"]) == (None, None)

    def test_are_searched_in_the_order_asked_for(self, client: Client):
        query = {"search_query": "player.example", "order_column": "contact", "order_dir": "desc", "limit": 100}
        found = client.call("GET", f"{self.BASE}/search", headers=server_headers(client), **query).json()["users"]
        addresses = [user["email"].lower() for user in found]
        assert addresses == sorted(addresses, reverse=True)

    @pytest.mark.parametrize("query", ["after=nobody", "order=up", "limit=-1"])
    def test_a_list_of_nonsense_is_400(self, query: str, client: Client):
        assert client.call("GET", f"{self.BASE}?{query}", headers=server_headers(client)).status == 400

    @pytest.mark.parametrize(
        "query", ["limit=x", "search_by=shoe&search_query=42", "order_column=shoe", "order_dir=up"]
    )
    def test_a_search_of_nonsense_is_400(self, query: str, client: Client):
        assert client.call("GET", f"{self.BASE}/search?{query}", headers=server_headers(client)).status == 400

    def test_a_ban_shows_until_lifted(self, client: Client):
        path, headers = f"{self.BASE}/{PLAYERS[0].user_id}/ban", server_headers(client)
        bearer = {"Authorization": f"Bearer {login_jwt(client)}"}
        assert client.call("POST", path, {"reason": "rude"}, headers).status == 204
        assert client.call("GET", f"{API}/users/me", headers=bearer).json()["error"]["code"] == "002-040"
        assert client.call("DELETE", path, headers=headers).status == 204
        assert client.call("GET", f"{API}/users/me", headers=bearer).status == 200

    def test_a_deleted_one_is_gone_for_validate_too(self, client: Client):
        path = f"{API}/users/{PLAYERS[0].user_id}?projectId={HS256_PROJECT_ID}"
        assert client.call("DELETE", path, headers=server_headers(client)).status == 204
        assert validate(client, login_jwt(client)) == (404, "003-002")


class TestServerToken:
    def test_has_no_refresh_token_and_lives_an_hour(self, client: Client, clock):
        answer = client.form(f"{API}/oauth2/token", SERVER).json()
        assert (set(answer), answer["expires_in"]) == ({"access_token", "expires_in", "token_type"}, 3600)
        clock.now_s += 3600
        headers = {"X-SERVER-AUTHORIZATION": answer["access_token"]}
        assert client.call("GET", f"{TestUsers.BASE}/search", headers=headers).status == 403

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"client_secret": "wrong"}, "010-019"),
            ({"grant_type": "password"}, "0"),
            ({"grant_type": "refresh_token"}, "010-019"),
        ],
    )
    def test_is_refused_otherwise(self, change: dict[str, str], code: str, client: Client):
        answer = client.form(f"{API}/oauth2/token", SERVER | change)
        assert (answer.status, answer.json()["error"]["code"]) == (400, code)
