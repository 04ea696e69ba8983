import json

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sandbox.jwt import decode_unverified, is_signed_rs256
from tests.sandbox.client import Client
from tests.sandbox.conftest import NOW_S
from tests.sandbox.support.calls import API

KEY = f"{API}/apps/1001/public_key"


def mint(client: Client, **body) -> str:
    return client.control("support/panel_token", **body)["token"]


class TestKey:
    @pytest.mark.parametrize("end", ["", ".pem"])
    def test_is_open_to_anybody_and_verifies_a_start(self, client: Client, end: str):
        key = load_pem_public_key(client.call("GET", KEY + end).body)
        assert is_signed_rs256(decode_unverified(mint(client)), key=key)

    def test_can_come_as_a_json_text(self, client: Client):
        client.control("support", public_key_form="json")
        assert json.loads(client.call("GET", KEY).body).startswith("-----BEGIN PUBLIC KEY-----\n")

    def test_of_another_app_is_unknown(self, client: Client):
        assert client.call("GET", f"{API}/apps/1002/public_key").status == 404

    def test_does_not_verify_a_foreign_start(self, client: Client):
        key = load_pem_public_key(client.call("GET", KEY).body)
        assert not is_signed_rs256(decode_unverified(mint(client, foreign=True)), key=key)


class TestStart:
    def test_lives_five_minutes_and_names_the_installation(self, client: Client):
        claims = decode_unverified(mint(client)).claims
        assert (claims["nbf"], claims["exp"]) == (NOW_S, NOW_S + 300)
        assert claims["aud"] == "https://sandbox.zendesk.com/api/v2/apps/installations/5001.json"
        assert (claims["iss"], claims["context"]) == (
            "sandbox.zendesk.com", {"product": "support", "location": "ticket_sidebar"},
        )  # fmt: skip

    def test_each_has_an_id_of_its_own(self, client: Client):
        assert len({decode_unverified(mint(client)).claims["jti"] for _ in range(3)}) == 3

    def test_claims_can_be_changed_and_removed(self, client: Client):
        claims = decode_unverified(mint(client, claims={"exp": 1, "jti": None}, location="chat_sidebar")).claims
        assert (claims["exp"], "jti" in claims, claims["context"]["product"]) == (1, False, "chat")
