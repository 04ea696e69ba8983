"""Support's user events: whoever they name is read again by the next pass, and nothing else of them is stored."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from linking.models import ChangedUser, Integration, Visitor, VisitorLink
from linking.sync import webhook
from linking.sync.webhook import Queued, SignedCall
from linking.sync.webhook_calls import check_signature, parse_notice
from tests.factories import make_integration
from tests.linking.signing import SECRET, signature, stamp
from tests.linking.sync.fake_chat import NOW, FakeTime
from tests.linking.sync.messaging.fake_support import FakeSupport, make_support, run, use, uuid

PUBLIC_SECRET = b"dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="
TIMESTAMP = "2026-11-30T12:00:00Z"
CREATED = (
    '{"type":"zen:event-type:user.created","account_id":1,"id":"e1","time":"2026-11-30T12:00:00Z",'
    '"zendesk_event_version":"2022-06-20","subject":"zen:user:1","detail":{"external_id":"p1"},"event":{}}'
)


def event(kind="user.external_id_changed", *, colon=":", subject="zen:user:7", detail=None, **values):
    return {
        "type": f"zen:event-type{colon}{kind}", "account_id": 9812345, "id": "7c1d9a40",
        "time": "2026-11-29T05:33:18.204118907Z", "zendesk_event_version": "2022-06-20", "subject": subject,
        "detail": detail or {"id": "7", "email": "canary@foreign.example", "external_id": "", "role": "end-user"},
        "event": values or {"current": uuid(1), "previous": ""},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "expected"),
    [("", "uU4vGHHqkglGE9H/MnIAM9bA3F+M1jE4KVN6WRwIJvk="), (CREATED, "yiK3vxYqrwmKmcG74lyFa2/LJWyQN/HoapKcBREBCaU=")],
)
def test_the_published_vectors_of_the_signature_hold(body, expected):
    worked_out = base64.b64encode(hmac.digest(PUBLIC_SECRET, (TIMESTAMP + body).encode(), hashlib.sha256)).decode()
    assert worked_out == expected
    check_signature(secret=PUBLIC_SECRET, timestamp=TIMESTAMP, body=body.encode(), signature=expected)


class TestParse:
    @pytest.mark.parametrize(
        ("said", "user_ids"),
        [
            (event(), ("7",)),
            (event("user.merged", colon="/", user={"id": "8"}), ("7", "8")),
            (event(subject="zen:user:9007199254740993"), ("9007199254740993", "7")),
            (event(subject=7, detail={"id": 7}), ("7",)),
            (event(subject="zen:user:me", detail={"id": "0"}), ()),
            (event(subject=None, detail=["7"], user="x"), ()),
            (event("ticket.created"), ()),
            (event("messaging_ticket.message_added"), ()),
        ],
    )
    def test_reads_whom_an_event_names(self, said, user_ids):
        notice = parse_notice(body=json.dumps(said).encode(), at=NOW)
        assert (notice.changed_user_ids, notice.is_unknown) == (user_ids, not user_ids)


@pytest.mark.django_db
class TestReceive:
    @pytest.fixture
    def acme(self):
        secrets = {"zendesk_client_secret": "client-secret-of-acme-for-tests", "zendesk_webhook_secret": SECRET}
        return make_support(secrets=secrets)

    @pytest.fixture
    def support(self, monkeypatch):
        return use(FakeSupport(), monkeypatch)

    @pytest.fixture
    def time(self):
        return FakeTime()

    def receive(self, said, *, at=NOW):
        body, timestamp = json.dumps(said).encode(), stamp(at)
        signed = signature(timestamp=timestamp, body=body, secret=SECRET)
        return webhook.receive(slug="acme", call=SignedCall(timestamp=timestamp, signature=signed, body=body), now=at)

    def test_the_next_pass_reads_the_user_before_the_feed_tells(self, acme, support, time):
        support.put(7, external_id=uuid(1))
        support.log.clear()
        assert self.receive(event()) is Queued.VISITOR
        assert list(ChangedUser.objects.values_list("user_id", flat=True)) == ["7"]
        assert Integration.objects.get().poked_at == NOW
        run(acme, time)
        assert (support.calls[0], ChangedUser.objects.count()) == (("show", ("7",)), 0)
        assert VisitorLink.objects.get().login_user.user_id == uuid(1)

    @pytest.mark.parametrize("values", [{"external_id": None}, {"external_id": uuid(1), "role": "agent"}])
    def test_of_a_user_who_is_not_kept_nothing_stays(self, acme, support, time, values):
        support.put(7, **values)
        self.receive(event())
        run(acme, time)
        assert (Visitor.objects.count(), ChangedUser.objects.count()) == (0, 0)

    def test_a_user_who_is_gone_ends_the_link(self, acme, support, time):
        support.put(7, external_id=uuid(1))
        run(acme, time)
        del support.users[7]
        self.receive(event("user.deleted"))
        time.now += timedelta(seconds=10)
        run(acme, time)
        assert (support.calls[-2], Visitor.objects.get().state) == (("user", "7"), "gone")

    def test_events_that_say_nothing_of_users_are_dropped(self, acme):
        assert self.receive(event("ticket.created")) is Queued.NOTHING
        assert (ChangedUser.objects.count(), Integration.objects.get().poked_at) == (0, None)

    def test_a_trigger_goes_on(self, acme):
        assert self.receive({"ticket_id": "7"}) is Queued.SYNC
        assert self.receive({"visitor_id": "8", "ticket_id": "9"}) is Queued.VISITOR
        assert list(ChangedUser.objects.values_list("user_id", flat=True)) == ["8"]

    def test_an_account_on_chat_has_no_such_users(self):
        make_integration(secrets={"zendesk_webhook_secret": SECRET})
        assert self.receive(event()) is Queued.SYNC
        assert (ChangedUser.objects.count(), Visitor.objects.count()) == (0, 0)

    def test_an_event_during_a_pass_is_read_by_the_next(self, acme, support, time):
        support.put(7, external_id=uuid(1))
        self.receive(event())

        def happens(call):
            if call == ("show", ("7",)):
                support.before_call = None
                time.now += timedelta(seconds=1)
                self.receive(event("user.name_changed"), at=time.now)

        support.before_call = happens
        run(acme, time)
        assert ChangedUser.objects.count() == 1
        time.now += timedelta(seconds=1)
        run(acme, time)
        assert ChangedUser.objects.count() == 0
