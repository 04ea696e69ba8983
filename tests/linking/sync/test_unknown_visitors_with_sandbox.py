"""A chat that is still open, over HTTP: the sandbox knows its visitor and does not export it."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from linking.models import Integration, Visitor, VisitorLink
from linking.sync import run, unknown_visitors
from linking.sync.store import questions
from linking.sync.unknown_visitors import Because, Outcome
from tests.factories import USER_ID, make_integration
from tests.linking.sync.fake_chat import FakeTime, patience
from tests.sandbox_process import sandbox_process

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox():
    with sandbox_process() as found:
        yield found


@pytest.fixture
def visitor_id(sandbox):
    """The visitor of a chat that has begun and not ended."""
    sandbox.control("reset", empty=True)
    state = widget(sandbox, "connect")
    sandbox.control("visitors", id=state["visitor_id"], external_id=USER_ID)
    widget(sandbox, "messages", session=state["session"], text="Is anybody there?")
    return state["visitor_id"]


@pytest.fixture
def time():
    return FakeTime(now=datetime.now(tz=UTC))


@pytest.fixture
def acme(sandbox):
    secrets = {"zendesk_access_token": "sandbox-chat-token"}
    return make_integration(secrets=secrets, zendesk_api_url=f"{sandbox.url}/api/v2/chat")


def widget(sandbox, name, **body):
    request = urllib.request.Request(f"{sandbox.url}/widget/{name}", data=json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def look_up(visitor_id, time):
    return unknown_visitors.look_up(visitor_id=visitor_id, person="1", clock=time.clock, allow_loopback=True)


class TestOpenChat:
    def test_is_not_found_by_a_pass(self, acme, visitor_id, time):
        run.run_pass(
            integration_id=acme.pk, trigger="schedule", clock=time.clock, patience=patience(), allow_loopback=True
        )
        assert not Visitor.objects.exists()

    def test_is_linked_by_the_question(self, acme, visitor_id, time):
        assert look_up(visitor_id.replace(".", "-", 1), time).outcome is Outcome.FOUND
        assert VisitorLink.objects.open().get().login_user.user_id == USER_ID

    def test_of_somebody_else_is_told_apart_from_nobody(self, acme, visitor_id, time):
        assert look_up(f"{visitor_id}x", time).outcome is Outcome.NO_SUCH


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "because"),
        [
            ({"status": 429, "retry_after": 30}, Because.PAUSE),
            ({"status": 503}, Because.FAULT),
            ({"status": 502, "body": "html"}, Because.FAULT),
            ({"kind": "truncated"}, Because.FAULT),
            ({"kind": "drop"}, Because.FAULT),
            ({"kind": "drift", "field": "id", "value": "null"}, Because.FAULT),
        ],
    )
    def test_are_said_and_got_over_by_the_worker(self, sandbox, acme, visitor_id, time, fault, because):
        sandbox.control("faults", path="/visitors/", **fault)
        found = look_up(visitor_id, time)
        assert (found.outcome, found.because) == (Outcome.WAITING, because)
        sandbox.control("faults", every=0)
        time.now += timedelta(minutes=1)
        (key,) = questions.list_due(now=time.now, limit=9)
        unknown_visitors.answer_question(question_pk=key, clock=time.clock, patience=patience(), allow_loopback=True)
        assert VisitorLink.objects.open().count() == 1

    def test_of_the_token_never_block_the_schedule(self, sandbox, visitor_id, time):
        make_integration(
            secrets={"zendesk_access_token": "another-token-than-the-sandbox-has"},
            zendesk_api_url=f"{sandbox.url}/api/v2/chat",
        )
        assert look_up(visitor_id, time).because is Because.BLOCKED
        assert Integration.objects.get().blocked_reason == ""

    @pytest.mark.slow
    def test_of_a_server_that_never_answers_end_by_themselves(self, sandbox, acme, visitor_id, time, monkeypatch):
        monkeypatch.setattr(unknown_visitors, "CALL_DEADLINE_S", 0.5)
        sandbox.control("faults", path="/visitors/", kind="slow", delay_s=30)
        assert look_up(visitor_id, time).because is Because.FAULT
