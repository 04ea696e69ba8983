import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.jwt import decode_unverified
from sandbox.world.players import PLAYERS
from tests.sandbox.client import Answer, Client
from tests.sandbox.login.calls import API, SERVER, USERS

WEB = {"client_id": "40002", "client_secret": "sandbox-web-client-secret-not-real"}
BACK = "http://127.0.0.1:5000/back"
FLOW = {"client_id": "40002", "redirect_uri": BACK, "state": "12345678", "response_type": "code"}


def redeem(client: Client, *, asked: dict[str, str], told: dict[str, str]) -> Answer:
    """Sign Omar in with further fields, and ask for tokens with further fields."""
    place = client.form("/login/sign-in", {**FLOW, "player": "omar", **asked}).headers["location"]
    code = parse_qs(urlsplit(place).query)["code"][0]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, **WEB, **told}
    return client.form("/login/api/oauth2/token", fields)


def tokens_for(client: Client, **asked: str) -> dict[str, object]:
    return redeem(client, asked=asked, told={}).json()


class TestSignInPage:
    def test_offers_every_player_with_escaped_names(self, client: Client):
        page = client.get("/login/").body.decode()
        assert all(f'id="player-{player.key}"' in page for player in PLAYERS)
        assert "<b>O'Brien" not in page

    def test_keeps_the_flow_escaped(self, client: Client):
        page = client.get("/login/", client_id="40002", state='12345678"><script>').body.decode()
        assert "<script>" not in page

    def test_a_short_state_is_refused(self, client: Client):
        answer = client.get("/login/", client_id="40002", state="1234567")
        assert (answer.status, answer.json()["error"]["code"]) == (400, "010-022")


class TestSigningIn:
    def test_by_jwt_sends_the_token_to_the_callback(self, client: Client):
        place = client.form("/login/sign-in", {"player": "nadia"}).headers["location"]
        assert place.startswith("/shop/callback?token=")
        assert decode_unverified(parse_qs(urlsplit(place).query)["token"][0]).claims["username"] == "nadia"

    def test_by_oauth_the_access_token_is_the_login_jwt(self, client: Client):
        tokens = tokens_for(client, scope="offline")
        assert set(tokens) == {"access_token", "expires_in", "refresh_token", "token_type"}
        assert decode_unverified(str(tokens["access_token"])).claims["scp"] == ["offline"]

    def test_a_refresh_token_works_once(self, client: Client):
        fields = {
            "grant_type": "refresh_token",
            "refresh_token": str(tokens_for(client, scope="offline")["refresh_token"]),
            **WEB,
        }
        statuses = [client.form("/login/api/oauth2/token", fields).status for _ in range(2)]
        assert statuses == [200, 400]

    def test_logging_out_everywhere_voids_the_refresh_token(self, client: Client):
        tokens = tokens_for(client, scope="offline")
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        client.call("GET", "/login/api/oauth2/logout", headers=bearer, sessions="all")
        fields = {"grant_type": "refresh_token", "refresh_token": str(tokens["refresh_token"]), **WEB}
        assert client.form("/login/api/oauth2/token", fields).status == 400

    def test_without_the_scope_offline_there_is_no_refresh_token(self, client: Client):
        assert set(tokens_for(client, scope="email")) == {"access_token", "expires_in", "token_type"}

    @pytest.mark.parametrize(("verifier", "status"), [("v" * 43, 200), ("w" * 43, 400), ("", 400)])
    def test_a_code_asked_for_with_a_challenge_needs_its_verifier(self, verifier: str, status: int, client: Client):
        challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).decode().rstrip("=")
        asked = {"code_challenge": challenge, "code_challenge_method": "S256"}
        assert redeem(client, asked=asked, told={"code_verifier": verifier}).status == status

    def test_a_foreign_redirect_is_refused(self, client: Client):
        fields = {**FLOW, "player": "omar", "redirect_uri": "https://evil.example"}
        assert client.form("/login/sign-in", fields).status == 400

    def test_nobody_is_no_player(self, client: Client):
        assert client.form("/login/sign-in", {"player": "nobody"}).status == 400

    def test_a_page_of_another_site_cannot_sign_in(self, client: Client):
        assert client.form("/login/sign-in", {"player": "nadia"}, {"Origin": "https://evil.example"}).status == 403


class TestServerToken:
    def test_has_no_refresh_token_and_lives_an_hour(self, client: Client, clock):
        answer = client.form(f"{API}/oauth2/token", SERVER).json()
        assert (set(answer), answer["expires_in"]) == ({"access_token", "expires_in", "token_type"}, 3600)
        clock.now_s += 3600
        headers = {"X-SERVER-AUTHORIZATION": answer["access_token"]}
        assert client.call("GET", f"{USERS}/search", headers=headers).status == 403

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
