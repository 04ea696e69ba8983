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

    def test_is_bound_to_its_redirect(self, client: Client):
        assert by_code(client, code_of(client), "http://localhost:1/callback").json()["error"] == "invalid_grant"


class TestRefresh:
    def test_works_once_and_gives_the_next(self, client: Client):
        first = by_code(client, code_of(client)).json()["refresh_token"]
        fields = {"grant_type": "refresh_token", "refresh_token": first, **PUBLIC}
        second, again = client.form(TOKEN, fields), client.form(TOKEN, fields)
        assert (second.status, again.status) == (200, 400)
        assert second.json()["refresh_token"] != first


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
