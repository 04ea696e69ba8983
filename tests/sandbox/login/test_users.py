import pytest

from sandbox.world.players import PLAYERS
from tests.sandbox.client import Client
from tests.sandbox.login.calls import API, HS256_PROJECT_ID, USERS, login_jwt, server_headers, validate


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
    def test_one_behind_a_seeded_visitor_exists(self, client: Client):
        user_id = next(iter(client.get("/_control/truth").json()["truth"].values()))
        user = client.call("GET", f"{USERS}/search/by_id/{user_id}", headers=server_headers(client))
        assert (user.status, user.json()["id"]) == (200, user_id)

    def test_needs_a_server_token(self, client: Client):
        answer = client.get(f"{USERS}/search/by_id/x")
        assert (answer.status, answer.json()["error"]["code"]) == (401, "003-040")

    def test_refuses_a_server_token_with_the_word_bearer(self, client: Client):
        value = "Bearer " + server_headers(client)["X-SERVER-AUTHORIZATION"]
        answer = client.call("GET", f"{USERS}/search", headers={"X-SERVER-AUTHORIZATION": value})
        assert (answer.status, answer.json()["error"]["code"]) == (403, "1901-0001")

    def test_or_takes_it_by_switch(self, client: Client):
        client.control("faults", server_bearer=True)
        token = server_headers(client)["X-SERVER-AUTHORIZATION"]
        for value in (token, f"Bearer {token}"):
            headers = {"X-SERVER-AUTHORIZATION": value}
            assert client.call("GET", f"{USERS}/search", headers=headers).status == 200

    def test_an_unknown_one_is_404(self, client: Client):
        answer = client.call("GET", f"{USERS}/search/by_id/nobody", headers=server_headers(client))
        assert (answer.status, answer.json()["error"]["code"]) == (404, "003-002")

    def test_a_player_of_the_other_project_is_404(self, client: Client):
        path = f"{USERS}/search/by_id/{PLAYERS[4].user_id}"
        assert client.call("GET", path, headers=server_headers(client)).status == 404

    def test_are_found_by_contact_and_paged(self, client: Client):
        query = {"search_by": "contact", "search_query": "player.example", "limit": 2, "offset": 1}
        found = client.call("GET", f"{USERS}/search", headers=server_headers(client), **query).json()
        assert len(found["users"]) == 2 < found["count"]
        assert found["next_after"] == found["users"][-1]["id"]

    def test_are_listed_page_by_page_with_an_address_to_go_on(self, client: Client):
        headers, found, url = server_headers(client), [], f"{USERS}?limit=7"
        while url:
            page = client.call("GET", url.removeprefix(client.url), headers=headers).json()
            found += [user["id"] for user in page["users"]]
            url = page["next_url"]
        assert len(found) == len(set(found)) == page["count"] > 7

    def test_are_listed_behind_the_one_named_in_either_order(self, client: Client):
        headers = server_headers(client)
        ids = [user["id"] for user in client.call("GET", USERS, headers=headers, limit=100).json()["users"]]
        turned = client.call("GET", USERS, headers=headers, limit=2, after=ids[2], order="DESC").json()
        assert [user["id"] for user in turned["users"]] == [ids[1], ids[0]]
        assert (turned["next_after"], turned["next_url"]) == (None, None)

    def test_are_searched_in_the_order_asked_for(self, client: Client):
        query = {"search_query": "player.example", "order_column": "contact", "order_dir": "desc", "limit": 100}
        found = client.call("GET", f"{USERS}/search", headers=server_headers(client), **query).json()["users"]
        addresses = [user["email"].lower() for user in found]
        assert addresses == sorted(addresses, reverse=True)

    @pytest.mark.parametrize("query", ["after=nobody", "order=up", "limit=-1"])
    def test_a_list_of_nonsense_is_400(self, query: str, client: Client):
        assert client.call("GET", f"{USERS}?{query}", headers=server_headers(client)).status == 400

    @pytest.mark.parametrize(
        "query", ["limit=x", "search_by=shoe&search_query=42", "order_column=shoe", "order_dir=up"]
    )
    def test_a_search_of_nonsense_is_400(self, query: str, client: Client):
        assert client.call("GET", f"{USERS}/search?{query}", headers=server_headers(client)).status == 400

    def test_a_ban_shows_until_lifted(self, client: Client):
        path, headers = f"{USERS}/{PLAYERS[0].user_id}/ban", server_headers(client)
        bearer = {"Authorization": f"Bearer {login_jwt(client)}"}
        assert client.call("POST", path, {"reason": "rude"}, headers).status == 204
        assert client.call("GET", f"{API}/users/me", headers=bearer).json()["error"]["code"] == "002-040"
        assert client.call("DELETE", path, headers=headers).status == 204
        assert client.call("GET", f"{API}/users/me", headers=bearer).status == 200

    def test_a_deleted_one_is_gone_for_validate_too(self, client: Client):
        path = f"{API}/users/{PLAYERS[0].user_id}?projectId={HS256_PROJECT_ID}"
        assert client.call("DELETE", path, headers=server_headers(client)).status == 204
        assert validate(client, login_jwt(client)) == (404, "003-002")
