"""The running sandbox has the shapes of the published samples: the same keys, and values of the same kind."""

import re
from typing import Any

import pytest

from sandbox.world.box import Box
from tests.sandbox.client import Client
from tests.sandbox.support.browser import Browser
from tests.sandbox.support.calls import START, Support, grant
from tests.sandbox.support.conftest import Receiver
from tests.sandbox.support.test_sunco import read
from tests.sandbox.test_published_shapes import sample

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")


def describe(value: Any) -> Any:
    """The shape of a value: keys and kinds; of a list that of its first item; a time by the digits of its second."""
    if isinstance(value, dict):
        return {name: describe(item) for name, item in value.items()}
    if isinstance(value, list):
        return [describe(value[0])] if value else []
    if isinstance(value, str) and (time := TIME.match(value)):
        return f"time{len(time[1] or '')}"
    return type(value).__name__


@pytest.fixture
def talk(client: Client, box: Box, receiver: Receiver) -> dict[str, Any]:
    """A person who signed in, wrote, and has a ticket; what webhooks told of it."""
    client.control("reset", empty=True)
    client.control("support", hold_back_s=0)
    client.control("support/sunco_webhook", url=receiver.url, secret="s")
    browser = Browser(client, box)
    browser.connect()
    state = browser.log_in("p-1", name="Nadia K", email="nadia@player.example", email_verified=True)
    wrote = browser.write()
    told = {call["events"][0]["type"]: call for call in receiver.wait(2)}
    return state | wrote | {"sunco_event": told["user:update"]}


class TestShapes:
    def test_of_a_user(self, client: Client, talk: dict[str, Any]):
        user = Support(client).get(f"/users/{talk['support_user_id']}")["user"]
        assert describe(user) == describe(sample("support_user"))
        assert list(user) == list(sample("support_user"))

    def test_of_a_page_of_the_feed(self, client: Client, talk: dict[str, Any]):
        page = Support(client).get("/incremental/users/cursor", start_time=START)
        assert describe(page) == describe(sample("support_users_page"))

    def test_of_a_search_without_result(self, client: Client):
        assert Support(client).get("/users/search", external_id="nobody") == sample("support_users_found")

    def test_of_identities(self, client: Client, talk: dict[str, Any]):
        found = Support(client).get(f"/users/{talk['support_user_id']}/identities")
        assert describe(found) == describe(sample("support_identities"))

    def test_of_a_token(self, client: Client):
        assert describe(grant(client, expires_in=7200).json()) == describe(sample("support_token"))

    def test_of_a_refused_token(self, client: Client):
        support = Support(client)
        support.token = "unknown"
        assert support.call("/users/1").json() == sample("support_token_refused")

    def test_of_an_event(self, client: Client, talk: dict[str, Any], receiver: Receiver):
        client.control("support/webhook", url=receiver.url, secret="s")
        client.control("support/users", id=int(talk["support_user_id"]), external_id="p-2")
        event = receiver.wait(3)[-1]
        assert describe(event) == describe(sample("support_event"))

    def test_of_a_messaging_user(self, client: Client, talk: dict[str, Any]):
        assert describe(read(client, "/users/p-1").json()) == describe(sample("sunco_user"))

    def test_of_an_event_of_a_messaging_user(self, talk: dict[str, Any]):
        assert describe(talk["sunco_event"]) == describe(sample("sunco_event"))
