"""From the end of a chat to its link: the sandbox tells, the application believes and asks at once."""

import json
import urllib.request
from datetime import UTC, datetime

import pytest

from linking.models import Visitor, VisitorLink
from linking.sync import run, schedule
from tests.factories import USER_ID, ZENDESK_SHARED_SECRET, make_integration
from tests.linking.signing import SECRET
from tests.linking.sync.fake_chat import FakeTime, patience
from tests.sandbox_process import sandbox_process, wait_until


@pytest.fixture
def sandbox(live_server):
    with sandbox_process() as found:
        found.control("reset", empty=True)
        found.control("shared_secret", value=ZENDESK_SHARED_SECRET)
        url = live_server.url.replace("localhost", "127.0.0.1") + "/api/v1/hooks/zendesk/acme"
        found.control("webhook", url=url, secret=SECRET)
        yield found


def widget(sandbox, name, **body):
    request = urllib.request.Request(f"{sandbox.url}/widget/{name}", data=json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def end_a_chat(sandbox, *, external_id):
    """Chat as a user, and end it; return the visitor's ID."""
    state = widget(sandbox, "connect")
    sandbox.control("visitors", id=state["visitor_id"], external_id=external_id)
    widget(sandbox, "messages", session=state["session"], text="Hello")
    widget(sandbox, "end", session=state["session"])
    return state["visitor_id"]


def statuses(sandbox):
    return [one["status"] for one in sandbox.read("webhook")["deliveries"]]


@pytest.mark.django_db(transaction=True)
class TestChatTicket:
    def test_an_ended_chat_is_linked_without_waiting_for_the_next_pass(self, sandbox):
        secrets = {"zendesk_access_token": "sandbox-chat-token", "zendesk_webhook_secret": SECRET}
        now = datetime.now(tz=UTC)
        acme = make_integration(
            secrets=secrets, zendesk_api_url=f"{sandbox.url}/api/v2/chat", last_success_at=now - schedule.EVERY_POKED,
            next_sync_at=now + schedule.EVERY - schedule.EVERY_POKED,
        )  # fmt: skip
        visitor_id = end_a_chat(sandbox, external_id=USER_ID)
        wait_until(lambda: statuses(sandbox) == [202])
        assert Visitor.objects.get().visitor_id == visitor_id
        assert schedule.list_due(now=datetime.now(tz=UTC)) == [acme.pk]
        clock = FakeTime(now=datetime.now(tz=UTC)).clock
        run.run_pass(integration_id=acme.pk, trigger="schedule", clock=clock, patience=patience(), allow_loopback=True)
        assert VisitorLink.objects.open().get().login_user.user_id == USER_ID
        acme.refresh_from_db()
        assert acme.poked_at is None

    def test_a_wrong_secret_is_refused_and_changes_nothing(self, sandbox):
        make_integration(secrets={"zendesk_webhook_secret": "another-secret-than-the-sandbox-has"})
        end_a_chat(sandbox, external_id=USER_ID)
        wait_until(lambda: statuses(sandbox) == [401])
        assert not Visitor.objects.exists()
