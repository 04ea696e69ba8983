"""One sandbox for all faults, emptied before each test, and what a test does until everything is as it should be."""

import resource
from datetime import UTC, datetime, timedelta

import pytest

from linking.clients import outbound, zendesk_api
from linking.models import Integration, Quarantined, Visitor, VisitorAlias, VisitorLink
from linking.sync import run as sync
from tests.factories import make_integration
from tests.linking.sync.fake_chat import FakeTime, patience
from tests.sandbox_process import sandbox_process

MOST_GROWTH_KB = 120_000


@pytest.fixture(scope="session")
def process():
    with sandbox_process() as found:
        yield found


@pytest.fixture
def sandbox(process):
    process.control("reset", empty=True)
    process.control("faults", clear=True, limit_per_minute=0)
    process.control("seed", visitors=14, chats=30, ties=6, anonymous_share=0.3, seed=4)
    return process


class Site:
    """An installation that syncs with the sandbox, pass by pass, on a clock that only moves when somebody waits."""

    def __init__(self, *, sandbox, **changes):
        self.sandbox = sandbox
        self.time = FakeTime(now=datetime.now(tz=UTC))
        self.feed = sandbox.chat("/incremental/chats?start_time=0&fields=chats(id,update_timestamp,visitor)")["chats"]
        self.acme = make_integration(
            secrets={"zendesk_access_token": "sandbox-chat-token"},
            zendesk_api_url=f"{sandbox.url}/api/v2/chat",
            requests_per_minute=100_000,
            **changes,
        )
        self.reports = []

    def run(self, **changes):
        """One pass as the schedule runs it; what is stored is looked at after it."""
        options = {"trigger": "schedule", "allow_loopback": True} | changes
        patient = patience(longest_wait_s=2.0, deadline_s=200.0)
        report = sync.run_pass(integration_id=self.acme.pk, clock=self.time.clock, patience=patient, **options)
        self.reports.append(report)
        assert self.lost() == []
        return report

    def held_s(self):
        """Seconds until the next pass is due."""
        return (Integration.objects.get().next_sync_at - self.time.now).total_seconds()

    def settle(self, *, passes=30):
        """Let passes come in their time until the mapping is the truth; return how many it took."""
        truth = self.sandbox.truth()
        for number in range(1, passes + 1):
            if self.run().is_complete and mapping() == truth:
                return number
            self.sleep_until_due()
        assert mapping() == truth
        return passes

    def sleep_until_due(self):
        due_at = Integration.objects.get().next_sync_at or self.time.now
        waiting = Visitor.objects.filter(lookup_due_at__gt=self.time.now).order_by("lookup_due_at")
        # Nothing happens for a while where everything went well: go on to the next thing that will.
        later = [due_at, *waiting.values_list("lookup_due_at", flat=True)[:1]]
        later += Quarantined.objects.filter(retry_at__gt=self.time.now).values_list("retry_at", flat=True)
        quiet = self.reports[-1].is_complete and len(self.reports) > 3
        self.time.now = max(self.time.now, max(later) if quiet else due_at)
        if quiet:
            self.time.now += timedelta(days=1, seconds=1)

    def lost(self):
        """Chats behind the cursor of which neither the visitor nor a set-aside record is kept."""
        row = Integration.objects.get()
        if row.cursor_epoch_s is None:
            return []
        kept = set(Visitor.objects.values_list("visitor_id", flat=True))
        kept |= set(VisitorAlias.objects.values_list("alias_id", flat=True))
        aside = set(Quarantined.objects.values_list("record_key", flat=True))
        spoiled = Quarantined.objects.filter(source="chat").exclude(raw__contains='"id": "26').count()
        behind = [chat for chat in self.feed if place(chat) <= (row.cursor_epoch_s, row.cursor_id)]
        gone = [chat["id"] for chat in behind if chat["visitor"]["id"] not in kept and chat["id"] not in aside]
        return gone if len(gone) > spoiled else []  # a record that lost its id is kept under a digest


def place(chat):
    at = datetime.fromisoformat(chat["update_timestamp"].replace("Z", "+00:00"))
    return int(at.timestamp()), chat["id"]


def mapping():
    return dict(VisitorLink.objects.open().values_list("visitor__visitor_id", "login_user__user_id"))


@pytest.fixture
def clean_calls(sandbox):
    """The calls of a pass in which nothing goes wrong: one page, each visitor that chatted, and the bans."""
    visitors = {chat["visitor"]["id"] for chat in sandbox.chat("/incremental/chats?fields=chats(visitor)")["chats"]}
    return 1 + len(visitors) + 1


@pytest.fixture
def site(sandbox, db, monkeypatch):
    """A site whose calls end soon, and that must not have grown."""
    monkeypatch.setattr(outbound, "READ_TIMEOUT_S", 0.3)
    monkeypatch.setattr(zendesk_api, "CALL_DEADLINE_S", 1.0)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield Site(sandbox=sandbox)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < MOST_GROWTH_KB
