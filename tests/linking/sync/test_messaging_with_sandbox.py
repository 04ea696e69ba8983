"""The whole way of a Messaging token: Login JWT in at the endpoint, the sandbox's Messaging judges what comes out."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.test import Client

from tests.factories import USER_ID, login_jwt, make_integration
from tests.sandbox_process import sandbox_process

pytestmark = pytest.mark.django_db
KEY = json.loads((Path(__file__).resolve().parents[3] / "sandbox" / "demo_messaging.json").read_text())


@pytest.fixture(scope="module")
def sandbox():
    with sandbox_process() as running:
        yield running


def given(*, secret=KEY["zendesk_shared_secret"], token=None, **changes):
    """The endpoint's answer for an integration of Messaging with `changes`."""
    settings = {"zendesk_product": "messaging", "zendesk_key_id": KEY["zendesk_key_id"], "missing_email": "omit"}
    make_integration(secrets={"zendesk_shared_secret": secret}, **(settings | changes))
    answer = Client().get("/generate/token/acme", headers={"Authorization": f"Bearer {token or login_jwt()}"})
    return answer.json()["token"]


def taken(sandbox, token):
    request = urllib.request.Request(f"{sandbox.url}/messaging/login", data=json.dumps({"jwt": token}).encode())
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        return json.load(refusal)


class TestMessaging:
    def test_signs_the_player_in(self, sandbox):
        assert taken(sandbox, given())["user"] == {
            "external_id": USER_ID, "name": "nadia@player.example", "email": "nadia@player.example",
            "email_verified": False,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("changes", "claims"),
        [
            ({}, {"email": ...}),
            ({"missing_email": "placeholder"}, {"email": ...}),
            ({"email_verified": "always"}, {"email": "vera@player.example", "sub": "vera"}),
            ({"claim_map": {"locale": "locale"}}, {"locale": "de"}),
            ({}, {"sub": "x" * 255}),
            ({}, {"sub": "игрок-7", "username": "Игрок"}),
        ],
    )
    def test_takes_every_kind_of_token_that_is_given(self, sandbox, changes, claims):
        assert "user" in taken(sandbox, given(token=login_jwt(**claims), **changes))

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"zendesk_key_id": "app_ffffffffffffffffffffffff"}, "kid_unknown"),
            ({"secret": "another-signing-key-than-messaging-s"}, "signature"),
            ({"zendesk_product": "chat"}, "kid_missing"),
        ],
    )
    def test_refuses_what_is_set_up_wrongly(self, sandbox, changes, reason):
        assert taken(sandbox, given(**changes))["sandbox"]["reason"] == reason
