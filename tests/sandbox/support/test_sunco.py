from base64 import b64encode
from typing import Any

import pytest

from sandbox.jwt import encode_hs256
from sandbox.world.box import Box
from tests.sandbox.client import Answer, Client
from tests.sandbox.support.browser import Browser
from tests.sandbox.support.conftest import Receiver

APP = "/support/sc/v2/apps/6a10c0ffee0000000000a001"
KEY, SECRET = "app_6a10c0ffee0000000000f001", "sandbox-sunco-secret-not-a-real-one-0000"
BASIC = "Basic " + b64encode(f"{KEY}:{SECRET}".encode()).decode()


@pytest.fixture
def browser(client: Client, box: Box) -> Browser:
    return Browser(client, box)


def read(client: Client, path: str, authorization: str = BASIC, **query: Any) -> Answer:
    return client.call("GET", APP + path, None, {"Authorization": authorization}, **query)


class TestUser:
    def test_is_found_by_either_id(self, browser: Browser):
        user_id = browser.log_in("p-1", name="Nadia K")["messaging_user_id"]
        one, other = (read(browser.client, f"/users/{key}").json()["user"] for key in ("p-1", user_id))
        assert one == other
        assert (one["id"], one["externalId"], one["authenticated"], one["zendeskId"]) == (user_id, "p-1", True, None)
        assert len(user_id) == 24

    @pytest.mark.parametrize(("choice", "shown"), [("with_ticket", True), ("null", False), ("missing", False)])
    def test_names_the_support_user_by_switch(self, browser: Browser, choice: str, shown: bool):
        browser.client.control("support", zendesk_id=choice)
        browser.log_in("p-1")
        support_id = browser.write()["support_user_id"]
        user = read(browser.client, "/users/p-1").json()["user"]
        assert user.get("zendeskId") == (support_id if shown else None)
        assert ("zendeskId" in user) == (choice != "missing")

    @pytest.mark.parametrize("key", ["nobody", "P-1"])
    def test_unknown_is_user_not_found(self, browser: Browser, key: str):
        browser.log_in("p-1")
        answer = read(browser.client, f"/users/{key}")
        assert (answer.status, answer.json()["errors"][0]["code"]) == (404, "user_not_found")


class TestList:
    def test_needs_the_address(self, browser: Browser):
        browser.log_in("p-1", email="n@b.example")
        assert read(browser.client, "/users").status == 400
        found = read(browser.client, "/users", **{"filter[identities.email]": "N@b.example"}).json()["users"]
        assert [user["externalId"] for user in found] == ["p-1"]

    def test_of_conversations_is_one_user_s(self, browser: Browser):
        browser.log_in("p-1")
        browser.write()
        found = read(browser.client, "/conversations", **{"filter[userExternalId]": "p-1"}).json()
        assert (len(found["conversations"]), found["meta"]) == (1, {"hasMore": False})


class TestKey:
    @pytest.mark.parametrize("authorization", ["", "Basic x", "Bearer x", BASIC[:-4]])
    def test_is_needed(self, client: Client, authorization: str):
        assert read(client, "/users/x", authorization).status == 401

    def test_can_sign_a_jwt(self, client: Client):
        token = encode_hs256(claims={"scope": "app"}, secret=SECRET, header={"alg": "HS256", "typ": "JWT", "kid": KEY})
        assert read(client, "/users/x", f"Bearer {token}").status == 404


class TestWebhook:
    @pytest.fixture
    def hooked(self, browser: Browser, receiver: Receiver) -> Browser:
        browser.client.control("support/sunco_webhook", url=receiver.url, secret="shared")
        return browser

    def test_tells_that_an_anonymous_user_became_known(self, hooked: Browser, receiver: Receiver):
        hooked.connect()
        user_id = hooked.log_in("p-1")["messaging_user_id"]
        (call,) = receiver.wait(1)
        payload = call["events"][0]["payload"]
        assert (call["events"][0]["type"], payload["reason"]) == ("user:update", "authentication")
        assert payload["user"] == {"id": user_id, "authenticated": True, "externalId": "p-1"}
        assert receiver.calls[0][0]["X-API-Key"] == "shared"

    def test_tells_a_known_person_s_conversation_and_removal(self, hooked: Browser, receiver: Receiver):
        hooked.log_in("p-1")
        hooked.write()
        receiver.wait(1)
        hooked.client.control("support/remove_messaging_user", id="p-1")
        types = [call["events"][0]["type"] for call in receiver.wait(2)]
        assert types == ["conversation:create", "user:remove"]

    def test_can_hold_several_events_in_a_call(self, hooked: Browser, receiver: Receiver):
        hooked.client.control("support", sunco_events_per_call=2)
        hooked.connect()
        hooked.log_in("p-1")
        hooked.write()
        (call,) = receiver.wait(1)
        assert [event["type"] for event in call["events"]] == ["user:update", "conversation:create"]

    def test_tells_a_merge(self, hooked: Browser, receiver: Receiver, box: Box):
        Browser(hooked.client, box).log_in("p-1")
        anonymous = hooked.connect()["messaging_user_id"]
        hooked.log_in("p-1")
        (call,) = receiver.wait(1)
        assert call["events"][0]["payload"]["mergedUsers"]["discarded"]["id"] == anonymous
