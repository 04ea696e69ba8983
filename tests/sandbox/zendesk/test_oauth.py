from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.client import CHAT, Client

PUBLIC = {"client_id": "sandbox-public-client", "client_secret": "sandbox-public-client-secret-not-real"}
CONFIDENTIAL = {"client_id": "sandbox-confidential-client", "client_secret": "sandbox-confidential-secret-not-real"}
BACK = "http://localhost:8123/callback"
TOKEN = "/oauth2/chat/token"
AUTHORIZE = "/oauth2/chat/authorizations/new"


def code_of(client: Client) -> str:
    answer = client.get(AUTHORIZE, response_type="code", redirect_uri=BACK, scope="read write", state="s", **PUBLIC)
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def by_code(client: Client, code: str, back: str = BACK):
    return client.form(TOKEN, {"grant_type": "authorization_code", "code": code, "redirect_uri": back, **PUBLIC})


class TestConsent:
    def test_redirects_with_code_and_state(self, client: Client):
        answer = client.get(AUTHORIZE, response_type="code", redirect_uri=BACK, scope="read", state="s", **PUBLIC)
        assert answer.status == 302
        assert parse_qs(urlsplit(answer.headers["location"]).query)["state"] == ["s"]

    def test_the_implicit_grant_answers_in_the_fragment(self, client: Client):
        answer = client.get(AUTHORIZE, response_type="token", redirect_uri=BACK, scope="read", **PUBLIC)
        token = parse_qs(urlsplit(answer.headers["location"]).fragment)["access_token"][0]
        assert Client(client.port, token).get(f"{CHAT}/account").status == 200

    def test_a_refusal_comes_back_in_the_redirect(self, client: Client):
        answer = client.get(AUTHORIZE, response_type="code", redirect_uri=BACK, deny="1", **PUBLIC)
        assert set(parse_qs(urlsplit(answer.headers["location"]).query)) == {"error", "error_description"}

    @pytest.mark.parametrize(
        "back", ["", "http://evil.example/callback", "https://evil.example/", "/callback", "http://[x"]
    )
    def test_a_foreign_redirect_is_400(self, back: str, client: Client):
        assert client.get(AUTHORIZE, response_type="code", redirect_uri=back, **PUBLIC).status == 400


class TestConsentPage:
    BROWSER = {"Accept": "text/html,*/*;q=0.8"}

    def asked(self, client: Client, **changes):
        query = {"response_type": "code", "redirect_uri": BACK, "scope": "read", "state": "s", **PUBLIC} | changes
        return client.call("GET", AUTHORIZE, headers=self.BROWSER, **query)

    def pressed(self, client: Client, answer: str, **changes):
        fields = {"response_type": "code", "redirect_uri": BACK, "state": "s", "client_id": PUBLIC["client_id"]}
        return client.form("/oauth2/chat/authorizations", fields | {"consent": answer} | changes)

    def test_asks_a_person(self, client: Client):
        page = self.asked(client)
        assert (page.status, "Demo public" in page.body.decode(), "location" in page.headers) == (200, True, False)

    def test_shows_hostile_requests_as_text(self, client: Client):
        assert b"<script>" not in self.asked(client, scope="<script>", state='"><script>').body

    def test_allowing_brings_a_code_that_works(self, client: Client):
        place = urlsplit(self.pressed(client, "allow").headers["location"])
        assert by_code(client, parse_qs(place.query)["code"][0]).status == 200

    def test_denying_brings_an_error_and_the_state(self, client: Client):
        found = parse_qs(urlsplit(self.pressed(client, "deny").headers["location"]).query)
        assert (found["error"], found["state"], "code" in found) == (["access_denied"], ["s"], False)

    def test_redirects_nowhere_for_a_stranger(self, client: Client):
        assert self.pressed(client, "allow", redirect_uri="https://evil.example/").status == 400

    def test_takes_no_press_from_another_site(self, client: Client):
        headers = {"Origin": "https://evil.example"}
        fields = {"response_type": "code", "redirect_uri": BACK, "consent": "allow", **PUBLIC}
        assert client.form("/oauth2/chat/authorizations", fields, headers).status == 403


class TestCode:
    @pytest.mark.parametrize("path", ["/oauth2/chat/token", "/oauth2/token"])
    def test_gives_tokens_that_work(self, path: str, client: Client):
        fields = {"grant_type": "authorization_code", "code": code_of(client), "redirect_uri": BACK, **PUBLIC}
        tokens = client.form(path, fields).json()
        assert {"access_token", "refresh_token", "token_type"} <= set(tokens)
        assert Client(client.port, tokens["access_token"]).get(f"{CHAT}/account").status == 200

    def test_works_once(self, client: Client):
        code = code_of(client)
        assert [by_code(client, code).status for _ in range(2)] == [200, 400]

    def test_is_soon_too_old(self, client: Client, clock):
        code = code_of(client)
        clock.now_s += 121
        assert by_code(client, code).json()["error"] == "invalid_grant"

    def test_is_bound_to_its_redirect(self, client: Client):
        assert by_code(client, code_of(client), "http://localhost:1/callback").json()["error"] == "invalid_grant"


class TestRefresh:
    def test_works_once_and_gives_the_next(self, client: Client):
        first = by_code(client, code_of(client)).json()["refresh_token"]
        fields = {"grant_type": "refresh_token", "refresh_token": first, **PUBLIC}
        second, again = client.form(TOKEN, fields), client.form(TOKEN, fields)
        assert (second.status, again.status) == (200, 400)
        assert second.json()["refresh_token"] != first

    def test_works_again_by_switch(self, client: Client):
        first = by_code(client, code_of(client)).json()
        client.control("faults", refresh_once=False)
        fields = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], **PUBLIC}
        assert [client.form(TOKEN, fields).status for _ in range(2)] == [200, 200]

    def test_brings_the_scopes_of_the_first(self, client: Client):
        first = by_code(client, code_of(client)).json()
        fields = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], **PUBLIC}
        assert client.form(TOKEN, fields).json()["scope"] == first["scope"]

    def test_works_for_its_own_client_only(self, client: Client):
        first = by_code(client, code_of(client)).json()["refresh_token"]
        fields = {"grant_type": "refresh_token", "refresh_token": first, **CONFIDENTIAL}
        assert client.form(TOKEN, fields).json()["error"] == "invalid_grant"


class TestExpiry:
    def test_is_not_told_at_a_plain_start(self, client: Client):
        assert "expires_in" not in by_code(client, code_of(client)).json()

    def test_ends_an_access_token(self, client: Client, clock):
        client.control("faults", token_life_s=60)
        tokens = by_code(client, code_of(client)).json()
        bearer = Client(client.port, tokens["access_token"])
        before = bearer.get(f"{CHAT}/account").status
        clock.now_s += 60
        assert (tokens["expires_in"], before, bearer.get(f"{CHAT}/account").status) == (60, 200, 401)

    def test_leaves_the_refresh_token(self, client: Client, clock):
        client.control("faults", token_life_s=60)
        first = by_code(client, code_of(client)).json()["refresh_token"]
        clock.now_s += 3600
        fields = {"grant_type": "refresh_token", "refresh_token": first, **PUBLIC}
        assert client.form(TOKEN, fields).status == 200

    def test_that_is_negative_is_refused(self, client: Client):
        assert client.call("POST", "/_control/faults", {"token_life_s": -1}).status == 400


class TestClientCredentials:
    def test_are_for_confidential_clients(self, client: Client):
        answer = client.form(TOKEN, {"grant_type": "client_credentials", "scope": "read", **CONFIDENTIAL})
        assert Client(client.port, answer.json()["access_token"]).get(f"{CHAT}/account").status == 200

    def test_a_public_one_is_an_invalid_client(self, client: Client):
        answer = client.form(TOKEN, {"grant_type": "client_credentials", **PUBLIC})
        assert (answer.status, answer.json()["error"]) == (401, "invalid_client")

    def test_until_it_is_made_confidential(self, client: Client):
        client.call("PUT", f"{CHAT}/oauth/clients/1", {"client_type": "confidential"})
        assert client.form(TOKEN, {"grant_type": "client_credentials", **PUBLIC}).status == 200

    def test_a_wrong_secret_is_an_invalid_client(self, client: Client):
        fields = {"grant_type": "client_credentials", **CONFIDENTIAL, "client_secret": "wrong"}
        assert client.form(TOKEN, fields).json()["error"] == "invalid_client"

    def test_json_bodies_are_taken_too(self, client: Client):
        headers = {"Content-Type": "application/json"}
        assert client.call("POST", TOKEN, {"grant_type": "client_credentials", **CONFIDENTIAL}, headers).status == 200

    def test_a_read_token_may_not_write(self, client: Client):
        answer = client.form(TOKEN, {"grant_type": "client_credentials", "scope": "read", **CONFIDENTIAL})
        reader = Client(client.port, answer.json()["access_token"])
        assert reader.call("POST", f"{CHAT}/visitors", {}).status == 403


class TestManagingClients:
    def test_a_new_one_is_public_and_shows_its_secret_once(self, client: Client):
        made = client.call(
            "POST", f"{CHAT}/oauth/clients", {"name": "Mine", "redirect_uris": "https://a.example/cb"}
        ).json()
        shown = client.chat(f"/oauth/clients/{made['id']}")
        assert (made["client_type"], set(made) - set(shown)) == ("public", {"client_secret"})

    def test_a_deleted_one_takes_its_tokens_along(self, client: Client):
        token = client.form(TOKEN, {"grant_type": "client_credentials", **CONFIDENTIAL}).json()["access_token"]
        client.call("DELETE", f"{CHAT}/oauth/clients/2")
        assert Client(client.port, token).get(f"{CHAT}/account").status == 401

    def test_a_token_can_be_revoked_and_is_never_shown(self, client: Client):
        token = client.form(TOKEN, {"grant_type": "client_credentials", **CONFIDENTIAL}).json()["access_token"]
        listed = client.get(f"{CHAT}/oauth/tokens")
        assert token.encode() not in listed.body
        client.call("DELETE", f"{CHAT}/oauth/tokens/{listed.json()[0]['id']}")
        assert Client(client.port, token).get(f"{CHAT}/account").status == 401

    def test_the_number_of_a_revoked_token_is_not_given_again(self, client: Client):
        for _ in range(2):
            by_code(client, code_of(client))
        client.call("DELETE", f"{CHAT}/oauth/tokens/1")
        by_code(client, code_of(client))
        assert [token["id"] for token in client.chat("/oauth/tokens")] == [2, 3]
