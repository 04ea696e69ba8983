"""One visitor, read again now."""

from datetime import timedelta

import pytest

from linking.clients.zendesk_api import ZendeskRefused, ZendeskTryLater
from linking.models import SyncRun, Visitor, VisitorLink, VisitorRefresh
from linking.sync import refresh
from linking.sync.chat.source import ChatSource
from tests.factories import make_integration, make_visitor
from tests.linking.sync.fake_chat import NOW, FakeChat, FakeTime, patience

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat(monkeypatch):
    fake = FakeChat()
    monkeypatch.setattr(ChatSource, "open_client", lambda _source, **_options: fake)
    return fake


@pytest.fixture
def visitor():
    return make_visitor(integration=make_integration(), visitor_id="7.a", name="old")


def read_again(visitor):
    return refresh.refresh_visitor(
        visitor_pk=visitor.pk, clock=FakeTime().clock, patience=patience(longest_wait_s=2.0), allow_loopback=False
    )


class TestRefreshVisitor:
    def test_reports_what_changed(self, chat, visitor):
        chat.add_visitor("7.a", name="new", external_id="u")
        assert read_again(visitor).changed == ("state", "external_id", "name")

    def test_links_at_once(self, chat, visitor):
        chat.add_visitor("7.a", external_id="u")
        read_again(visitor)
        assert VisitorLink.objects.get().login_user.user_id == "u"

    def test_reports_that_nothing_changed(self, chat, visitor):
        chat.add_visitor("7.a", name="old")
        assert read_again(visitor).changed == ()

    def test_reports_that_zendesk_joined_the_visitor(self, chat, visitor):
        make_visitor(integration=visitor.integration, visitor_id="7.b")
        chat.add_visitor("7.b")
        chat.aliases["7.a"] = "7.b"
        assert read_again(visitor).changed == ("visitor_id",)

    def test_reports_that_the_visitor_is_gone(self, chat, visitor):
        assert read_again(visitor).changed == ("state",)

    def test_does_not_call_a_record_unchanged_that_it_could_not_read(self, chat, visitor):
        chat.visitors["7.a"] = {"id": ["7.a"]}
        assert read_again(visitor).queued_because == "The visitor's id cannot be read."
        assert Visitor.objects.get().lookup_due_at == NOW + timedelta(minutes=1)

    def test_counts_the_calls_it_took(self, chat, visitor):
        chat.faults = [ZendeskTryLater("Zendesk failed (502).", reason="vendor_fault")]
        read_again(visitor)
        assert SyncRun.objects.get().calls == 2

    def test_leaves_a_run_as_evidence(self, chat, visitor):
        chat.add_visitor("7.a", external_id="u")
        read_again(visitor)
        run = SyncRun.objects.get()
        assert (run.trigger, run.linked, VisitorLink.objects.get().evidence_run) == ("refresh", 1, run)

    @pytest.mark.parametrize(
        "fault",
        [
            ZendeskTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=30),
            ZendeskRefused("Zendesk refused the access token (401).", reason="credentials"),
        ],
    )
    def test_puts_the_visitor_first_in_the_queue_when_it_cannot_be_read_now(self, chat, visitor, fault):
        chat.faults = [fault]
        report = read_again(visitor)
        waiting = Visitor.objects.get()
        assert (bool(report.queued_because), waiting.lookup_due_at, waiting.lookup_rank) == (True, NOW, 0)


class TestKept:
    """What a refresh brought stays with the visitor, for its page."""

    def kept(self):
        row = VisitorRefresh.objects.get()
        return row.visitor.visitor_id, row.changed, row.queued_because

    def test_keeps_the_names_of_what_changed_and_no_values(self, chat, visitor):
        chat.add_visitor("7.a", name="new", external_id="u")
        read_again(visitor)
        assert self.kept() == ("7.a", ["state", "external_id", "name"], "")

    def test_keeps_the_last_one_only(self, chat, visitor):
        chat.add_visitor("7.a", name="new")
        read_again(visitor)
        read_again(visitor)
        assert self.kept() == ("7.a", [], "")

    def test_keeps_it_with_the_visitor_that_zendesk_joined_it_into(self, chat, visitor):
        make_visitor(integration=visitor.integration, visitor_id="7.b")
        chat.add_visitor("7.b")
        chat.aliases["7.a"] = "7.b"
        read_again(visitor)
        assert self.kept() == ("7.b", ["visitor_id"], "")

    def test_keeps_why_it_was_queued(self, chat, visitor):
        chat.faults = [ZendeskRefused("Zendesk refused the access token (401).", reason="credentials")]
        read_again(visitor)
        assert self.kept() == ("7.a", [], "Zendesk refused the access token (401).")


class TestRequestRefresh:
    def ask(self, visitor, *, now=NOW, person="1"):
        return refresh.request_refresh(visitor_pk=visitor.pk, person=person, now=now)

    def test_queues_one_for_a_visitor_at_a_time(self, visitor):
        assert [self.ask(visitor, person=person).is_to_be_queued for person in "12"] == [True, False]

    def test_queues_another_one_when_it_is_done(self, chat, visitor):
        self.ask(visitor)
        read_again(visitor)
        assert self.ask(visitor).is_to_be_queued

    def test_makes_up_for_a_message_that_was_lost(self, visitor):
        self.ask(visitor)
        assert self.ask(visitor, now=NOW + timedelta(minutes=3)).is_to_be_queued

    def test_has_a_person_wait_who_asks_too_often(self, visitor):
        waits = [self.ask(visitor, now=NOW + timedelta(seconds=number)).wait_s for number in range(21)]
        assert waits == [0] * 20 + [40]
