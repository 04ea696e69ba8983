import re

import pytest

from sandbox.support.events import PUBLIC_SECRET, format_nanoseconds, sign_call
from sandbox.world.box import Box, load_config
from tests.sandbox.client import Client
from tests.sandbox.conftest import NOW_S
from tests.sandbox.support.conftest import Receiver
from tests.sandbox_process import wait_until

SECRET = "a-webhook-secret-for-tests"


@pytest.fixture
def hooked(client: Client, receiver: Receiver) -> Client:
    client.control("reset", empty=True)
    client.control("support/webhook", url=receiver.url, secret=SECRET)
    return client


def create(client: Client, name: str = "Nadia", **fields) -> int:
    return client.control("support/users", name=name, **fields)["users"][0]["id"]


def read_fates(client: Client) -> list[str]:
    return [item["fate"] for item in client.get("/_control/support/webhook").json()["deliveries"]]


class TestEnvelope:
    def test_has_the_documented_form(self, hooked: Client, receiver: Receiver):
        user_id = create(hooked, external_id="p-1")
        (event,) = receiver.wait(1)
        assert event["type"] == "zen:event-type:user.created"
        assert event["subject"] == f"zen:user:{user_id}"
        assert (event["account_id"], event["zendesk_event_version"]) == (7700123, "2022-06-20")
        assert re.fullmatch(r"2026-09-21T14:13:20\.\d{9}Z", event["time"])
        assert event["detail"] == {
            "created_at": "2026-09-21T14:13:20Z", "updated_at": "2026-09-21T14:13:20Z", "email": "",
            "external_id": "p-1", "default_group_id": "0", "id": str(user_id), "organization_id": "0",
            "role": "end-user",
        }  # fmt: skip
        assert event["event"] == {}

    @pytest.mark.parametrize(("fields", "type_", "event"), [
        ({"external_id": "p-2"}, "user.external_id_changed", {"current": "p-2", "previous": "p-1"}),
        ({"external_id": None}, "user.external_id_changed", {"current": "", "previous": "p-1"}),
        ({"suspended": True}, "user.suspended_changed", {"current": True, "previous": False}),
        ({"role": "agent"}, "user.role_changed", {"current": "agent", "previous": "end-user"}),
        ({"name": "N"}, "user.name_changed", {"current": "N", "previous": "Nadia"}),
        ({"deleted": True}, "user.deleted", {}),
        ({"last_login_at": "2026-09-21T14:00:00Z"}, "user.last_login_changed",
         {"current": "2026-09-21T14:00:00Z", "previous": None}),
    ])  # fmt: skip
    def test_tells_each_change(self, hooked: Client, receiver: Receiver, fields: dict, type_: str, event: dict):
        user_id = create(hooked, external_id="p-1")
        hooked.control("support/users", id=user_id, **fields)
        told = receiver.wait(2)[1]
        assert (told["type"], told["event"]) == (f"zen:event-type:{type_}", event)

    def test_tells_addresses_as_identities(self, hooked: Client, receiver: Receiver):
        user_id = create(hooked)
        for email in ("a@b.example", "c@b.example", None):
            hooked.control("support/users", id=user_id, email=email)
        receiver.wait(4)
        assert receiver.list_types()[1:] == ["user.identity_created", "user.identity_changed", "user.identity_deleted"]

    def test_misprints_three_names_when_told_to(self, hooked: Client, receiver: Receiver):
        hooked.control("support", event_names="slash")
        hooked.control("support/users", id=create(hooked), email="a@b.example")
        types = [event["type"] for event in receiver.wait(2)]
        assert types == ["zen:event-type:user.created", "zen:event-type/user.identity_created"]

    @pytest.mark.parametrize(("digits", "text"), [(9, ".204118907Z"), (3, ".204Z"), (0, "Z")])
    def test_has_zero_to_nine_digits_of_a_second(self, digits: int, text: str):
        moment = format_nanoseconds(1_000_000.2041189071, digits=digits)
        assert moment.startswith("1970-01-12T13:46:40")
        assert len(moment) == len("1970-01-12T13:46:40") + len(text)


class TestSignature:
    @pytest.mark.parametrize(("body", "signature"), [
        ("", "uU4vGHHqkglGE9H/MnIAM9bA3F+M1jE4KVN6WRwIJvk="),
        (('{"type":"zen:event-type:user.created","account_id":1,"id":"e1","time":"2026-11-30T12:00:00Z",'
         '"zendesk_event_version":"2022-06-20","subject":"zen:user:1","detail":{"external_id":"p1"},"event":{}}'),
         "yiK3vxYqrwmKmcG74lyFa2/LJWyQN/HoapKcBREBCaU="),
    ])  # fmt: skip
    def test_agrees_with_the_vectors(self, body: str, signature: str):
        assert sign_call(secret=PUBLIC_SECRET, timestamp="2026-11-30T12:00:00Z", body=body) == signature

    def test_covers_timestamp_and_body(self, hooked: Client, receiver: Receiver):
        create(hooked)
        receiver.wait(1)
        headers, body = receiver.calls[0]
        timestamp = headers["X-Zendesk-Webhook-Signature-Timestamp"]
        assert headers["X-Zendesk-Webhook-Signature"] == sign_call(secret=SECRET, timestamp=timestamp, body=body)

    def test_of_the_test_call_is_made_with_the_public_secret(self, client: Client, receiver: Receiver):
        told = client.control("support/webhook", url=receiver.url, secret=SECRET, test=True)
        headers, body = receiver.calls[0]
        timestamp = headers["X-Zendesk-Webhook-Signature-Timestamp"]
        assert told["test_status"] == 200
        assert headers["X-Zendesk-Webhook-Signature"] == sign_call(secret=PUBLIC_SECRET, timestamp=timestamp, body=body)


class TestStart:
    def test_can_name_the_address(self):
        config = load_config(token="t", bridge="", support_webhook="http://127.0.0.1:9/hook")
        box = Box(config=config)
        assert box.support.events.url == "http://127.0.0.1:9/hook"
        assert box.support.events.secret == config.webhook_secret


class TestDelivery:
    def test_tells_only_the_subscribed_types(self, hooked: Client, receiver: Receiver):
        hooked.control("support/webhook", url=receiver.url, secret=SECRET, types=["zen:event-type:user.deleted"])
        hooked.control("support/users", id=create(hooked), deleted=True)
        receiver.wait(1)
        assert receiver.list_types() == ["user.deleted"]

    def test_repeats_an_event_with_the_same_id(self, hooked: Client, receiver: Receiver):
        hooked.control("support", event_duplicate_every=2)
        for name in "abc":
            create(hooked, name)
        ids = [event["id"] for event in receiver.wait(4)]
        assert ids[1] == ids[2]
        assert len(set(ids)) == 3

    def test_loses_events(self, hooked: Client, receiver: Receiver):
        hooked.control("support", event_loss_every=2)
        ids = [create(hooked, name) for name in "abc"]
        assert [event["detail"]["id"] for event in receiver.wait(2)] == [str(ids[0]), str(ids[2])]
        wait_until(lambda: sorted(read_fates(hooked)) == ["lost", "sent", "sent"])

    def test_swaps_neighbours(self, hooked: Client, receiver: Receiver):
        hooked.control("support", event_disorder=True)
        ids = [str(create(hooked, name)) for name in "ab"]
        assert [event["detail"]["id"] for event in receiver.wait(2)] == ids[::-1]

    def test_tries_a_409_again(self, hooked: Client, receiver: Receiver):
        receiver.statuses = [(409, {})]
        create(hooked)
        first, second = receiver.wait(2)
        assert first["id"] == second["id"]

    @pytest.mark.parametrize(("status", "headers", "tries"), [
        (503, {"Retry-After": "1"}, 2), (503, {}, 1), (503, {"Retry-After": "3600"}, 1), (500, {}, 1),
    ])  # fmt: skip
    def test_tries_a_short_pause_again(
        self, hooked: Client, receiver: Receiver, status: int, headers: dict, tries: int
    ):
        receiver.statuses = [(status, headers)]
        create(hooked)
        wait_until(lambda: read_fates(hooked))
        assert len(receiver.calls) == tries

    def test_pauses_after_many_errors_and_loses_what_falls_in_the_pause(
        self, hooked: Client, receiver: Receiver, clock
    ):
        receiver.statuses = [(500, {})] * 10
        for number in range(10):
            create(hooked, f"n{number}")
        wait_until(lambda: len(read_fates(hooked)) == 10)
        create(hooked, "in the pause")
        wait_until(lambda: read_fates(hooked)[10:] == ["paused"])
        clock.now_s = NOW_S + 60
        create(hooked, "after it")
        wait_until(lambda: read_fates(hooked)[11:] == ["sent"])

    def test_a_slow_receiver_counts_as_504(self, hooked: Client, box: Box, monkeypatch: pytest.MonkeyPatch):
        def be_slow(*_: object) -> None:
            raise TimeoutError

        monkeypatch.setattr("http.client.HTTPConnection.getresponse", be_slow)
        assert box.support.events.send_test_call() == 504

    @pytest.mark.parametrize("url", ["https://127.0.0.1/x", "http://example.com/", "ftp://localhost/"])
    def test_goes_to_this_machine_only(self, client: Client, url: str):
        for name in ("webhook", "sunco_webhook"):
            assert client.call("POST", f"/_control/support/{name}", {"url": url}).status == 400
