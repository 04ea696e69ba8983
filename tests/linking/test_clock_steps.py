"""The machine's clock jumps an hour, either way, at any moment: nothing stands still, hardly a call is made twice."""

from datetime import timedelta

import pytest

from linking.models import SyncRun, Visitor, VisitorLink
from linking.sync import run, schedule
from linking.sync.chat.read_visitors import BATCH
from linking.sync.chat.source import ChatSource
from tests.factories import make_integration
from tests.linking.sync.fake_chat import DAY_AGO_S, FakeChat, FakeTime, patience

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
USERS = 60
SETTLED_WITHIN = timedelta(seconds=90)  # up to a minute of it for the budget


@pytest.fixture
def chat(monkeypatch):
    fake = FakeChat(limit=30)
    monkeypatch.setattr(ChatSource, "open_client", lambda _source, **_options: fake)
    fake.populate(f"u{number:03}" for number in range(USERS))
    return fake


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def acme():
    return make_integration(requests_per_minute=6_000)


def step_at_call(chat, time, *, number, by):
    """Let the clock jump just before the call of that number."""

    def before(_call):
        if len(chat.calls) == number:
            time.now += by

    chat.before_call = before


def scheduled(acme, time):
    """Run a pass if the scheduler would; return whether it did."""
    if acme.pk not in schedule.list_due(now=time.now) or not schedule.claim(integration_id=acme.pk, now=time.now):
        return False
    patient = patience(longest_wait_s=2.0, deadline_s=200.0)
    options = {"trigger": "schedule", "allow_loopback": False, "patience": patient}
    run.run_pass(integration_id=acme.pk, clock=time.clock, **options)
    return True


def seconds_waited(time, *, until, acme):
    """Let ticks come, five seconds apart, until something is so; return how much waiting that took."""
    waited = timedelta(0)
    while not until():
        assert waited < 2 * HOUR, "nothing happens any more"
        scheduled(acme, time)
        time.now += timedelta(seconds=5)
        waited += timedelta(seconds=5)
    return waited


def all_linked():
    return VisitorLink.objects.open().count() == USERS and SyncRun.objects.latest("pk").state == "complete"


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["on", "back"])
class TestStep:
    @pytest.mark.parametrize("number", [1, 2, 4, 30, USERS])
    def test_in_a_pass_holds_nothing_up_and_costs_at_most_what_was_not_stored(self, acme, chat, time, by, number):
        step_at_call(chat, time, number=number, by=by)
        assert seconds_waited(time, until=all_linked, acme=acme) <= SETTLED_WITHIN
        assert len(chat.asked("visitor")) <= USERS + BATCH

    def test_between_passes_lets_the_next_one_come(self, acme, chat, time, by):
        seconds_waited(time, until=all_linked, acme=acme)
        time.now += by
        chat.add_visitor("7.new", external_id="new")
        chat.add_chat("7.new", at_s=DAY_AGO_S + USERS)
        linked = VisitorLink.objects.open().filter(visitor__visitor_id="7.new")
        assert seconds_waited(time, until=linked.exists, acme=acme) <= schedule.EVERY + SETTLED_WITHIN

    def test_asks_nobody_again_who_did_nothing_since(self, acme, chat, time, by):
        seconds_waited(time, until=all_linked, acme=acme)
        time.now += by
        passes = SyncRun.objects.count() + 3
        seconds_waited(time, until=lambda: SyncRun.objects.count() >= passes, acme=acme)
        assert len(chat.asked("visitor")) == USERS

    def test_asks_those_again_who_came_back(self, acme, chat, time, by):
        seconds_waited(time, until=all_linked, acme=acme)
        time.now += by
        chat.add_chat("7.v0000", at_s=DAY_AGO_S + USERS)
        asked = lambda: chat.asked("visitor").count(("7.v0000",)) == 2  # noqa: E731
        assert seconds_waited(time, until=asked, acme=acme) <= timedelta(minutes=18)


class TestSetBack:
    def test_between_two_passes_of_many_does_not_hide_who_waits(self, acme, chat, time):
        """Whoever is found is due from that moment on, which lies ahead once the clock is set back."""
        scheduled(acme, time)
        Visitor.objects.update(lookup_due_at=time.now)
        time.now -= HOUR
        until = lambda: not Visitor.objects.waiting().exists()  # noqa: E731
        assert seconds_waited(time, until=until, acme=acme) <= SETTLED_WITHIN

    def test_is_noted_once(self, acme, chat, time):
        scheduled(acme, time)
        time.now -= HOUR
        scheduled(acme, time)
        waiting = Visitor.objects.filter(visitor_id="7.v0000")
        waiting.update(lookup_due_at=time.now + timedelta(minutes=50), lookup_attempts=3)
        time.now += timedelta(minutes=2)
        assert scheduled(acme, time)
        assert waiting.get().lookup_due_at > time.now

    def test_by_less_than_clocks_differ_means_nothing(self, acme, chat, time):
        scheduled(acme, time)
        waiting = Visitor.objects.filter(visitor_id="7.v0000")
        waiting.update(lookup_due_at=time.now + timedelta(minutes=50), lookup_attempts=3)
        time.now -= timedelta(seconds=50)
        seconds_waited(time, until=lambda: SyncRun.objects.count() == 2, acme=acme)
        assert waiting.get().lookup_due_at > time.now
