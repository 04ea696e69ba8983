import base64

import pytest

from sandbox.jwt import decode_unverified, encode_hs256
from sandbox.world.box import Box
from sandbox.world.players import PLAYERS, RS256_PROJECT_ID, build_claims
from tests.sandbox.client import Client
from tests.sandbox.conftest import NOW_S
from tests.sandbox.login.calls import API, HS256_PROJECT_ID, RS256, USERS, login_jwt, server_headers, validate


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
        client.call("POST", f"{USERS}/{PLAYERS[0].user_id}/ban", {"reason": "rude"}, server_headers(client))
        assert validate(client, login_jwt(client))[0] == status

    def test_one_of_another_project_is_404(self, client: Client):
        assert validate(client, login_jwt(client, xsolla_login_project_id="other")) == (404, "003-019")

    def test_one_of_an_unknown_user_is_404(self, client: Client):
        assert validate(client, login_jwt(client, sub="nobody")) == (404, "003-002")

    def test_an_hs256_token_that_claims_the_rs256_project_is_422(self, client: Client, box: Box):
        claims = build_claims(PLAYERS[4], project_id=RS256_PROJECT_ID, now_s=NOW_S)
        token = encode_hs256(claims=claims, secret=box.config.login_project_id)
        assert validate(client, token) == (422, "002-016")
