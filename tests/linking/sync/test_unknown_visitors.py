"""A visitor ID that nobody here knows: asked for at once, once, within the budget; and whatever may go wrong."""

import threading
from datetime import timedelta

import pytest

from linking import registry
from linking.clients.zendesk_api import ZendeskBroken, ZendeskRefused, ZendeskTryLater
from linking.models import (
    Conflict,
    Integration,
    RequestSlot,
    SyncRun,
    Visitor,
    VisitorAlias,
    VisitorLink,
    VisitorQuestion,
)
from linking.sync import run as sync
from linking.sync import unknown_visitors
from linking.sync.calls_with_retries import Clock
from linking.sync.chat.source import ChatSource
from linking.sync.store import questions
from linking.sync.store import request_slots as slots
from linking.sync.unknown_visitors import Because, Outcome
from tests.factories import make_integration, make_visitor
from tests.linking.sync.fake_chat import DAY_AGO_S, NOW, FakeChat, FakeTime, patience

pytestmark = pytest.mark.django_db
VISITOR_ID = "7700123.ab3XkQ9zLm2Rt7"
OTHER_ID = "7700123.Zz9kQ2mL4xRt01"
FAULT = ZendeskTryLater("Zendesk failed (502).", reason="vendor_fault")


@pytest.fixture
def chat(monkeypatch):
    fake = FakeChat()
    monkeypatch.setattr(ChatSource, "open_client", lambda _source, **_options: fake)
    return fake


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def time():
    return FakeTime()


def look_up(time, visitor_id=VISITOR_ID, **options):
    values = {"person": "1", "clock": time.clock, "allow_loopback": False} | options
    return unknown_visitors.look_up(visitor_id=visitor_id, **values)


def run_pass(acme, time):
    return sync.run_pass(
        integration_id=acme.pk, trigger="schedule", clock=time.clock, patience=patience(), allow_loopback=False
    )


class TestFound:
    @pytest.mark.parametrize("visitor_id", [VISITOR_ID, "7700123-ab3XkQ9zLm2Rt7"])
    def test_is_stored_and_linked(self, acme, chat, time, visitor_id):
        chat.add_visitor(VISITOR_ID, external_id="u", name="Nadia")
        found = look_up(time, visitor_id)
        assert (found.outcome, found.visitor_id, found.integration) == (Outcome.FOUND, VISITOR_ID, "acme")
        assert VisitorLink.objects.open().get().login_user.user_id == "u"

    def test_takes_one_call(self, acme, chat, time):
        chat.add_visitor(VISITOR_ID, external_id="u")
        look_up(time)
        assert chat.asked("visitor") == [(VISITOR_ID,)]

    def test_leaves_a_run_as_evidence(self, acme, chat, time):
        chat.add_visitor(VISITOR_ID, external_id="u")
        look_up(time)
        run = SyncRun.objects.get()
        assert (run.trigger, run.calls, run.linked, VisitorLink.objects.get().evidence_run) == ("refresh", 1, 1, run)

    def test_raises_conflicts_as_any_answer_does(self, acme, chat, time):
        chat.add_visitor(VISITOR_ID, external_id="undefined")
        look_up(time)
        assert Conflict.objects.get().kind == "junk_external_id"

    def test_leaves_no_question_behind(self, acme, chat, time):
        chat.add_visitor(VISITOR_ID)
        look_up(time)
        assert not VisitorQuestion.objects.exists()

    def test_waits_for_nobody_to_be_asked_again(self, acme, chat, time):
        chat.add_visitor(VISITOR_ID)
        look_up(time)
        assert Visitor.objects.get().lookup_due_at is None


class TestAnotherIDInTheAnswer:
    def test_is_stored_under_the_canonical_id_with_an_alias(self, acme, chat, time):
        chat.add_visitor(OTHER_ID, external_id="u")
        chat.aliases[VISITOR_ID] = OTHER_ID
        assert look_up(time).visitor_id == OTHER_ID
        alias = VisitorAlias.objects.get()
        assert (Visitor.objects.get().visitor_id, alias.alias_id, alias.visitor.visitor_id) == (
            OTHER_ID, VISITOR_ID, OTHER_ID,
        )  # fmt: skip

    def test_leaves_the_chats_of_a_known_visitor_as_they_are(self, acme, chat, time):
        known = make_visitor(integration=acme, visitor_id=OTHER_ID, last_chat_id="2611.7700123.SbQ2")
        chat.add_visitor(OTHER_ID, external_id="u")
        chat.aliases[VISITOR_ID] = OTHER_ID
        time.now += timedelta(hours=1)
        look_up(time)
        kept = Visitor.objects.get()
        assert (kept.pk, kept.last_seen_at, kept.last_chat_id) == (known.pk, NOW, "2611.7700123.SbQ2")

    def test_joins_a_row_that_the_export_added_meanwhile(self, acme, chat, time):
        chat.add_visitor(OTHER_ID, external_id="u")
        chat.aliases[VISITOR_ID] = OTHER_ID
        chat.before_call = lambda call: make_visitor(integration=acme, last_chat_id="2611.7700123.SbQ2")
        look_up(time)
        kept = Visitor.objects.get()
        assert (kept.visitor_id, kept.last_chat_id) == (OTHER_ID, "2611.7700123.SbQ2")

    def test_joins_a_row_that_the_export_added_beside_the_alias(self, acme, chat, time):
        chat.add_visitor(OTHER_ID, external_id="u")
        chat.aliases[VISITOR_ID] = OTHER_ID
        look_up(time)
        make_visitor(
            integration=acme, state="pending", checked_at=None, lookup_due_at=NOW, last_chat_id="2611.7700123.SbQ2"
        )
        run_pass(acme, time)
        assert [row.visitor_id for row in Visitor.objects.all()] == [OTHER_ID]


class TestTheExportAfterwards:
    """A visitor found by a question has no chat in the export yet; the first one says when it was there."""

    def test_takes_the_place_of_the_time_of_the_question(self, acme, chat, time):
        chat.add_visitor(VISITOR_ID, external_id="u")
        look_up(time)
        chat.add_chat(VISITOR_ID, at_s=DAY_AGO_S, chat_id="2611.7700123.SbQ2")
        run_pass(acme, time)
        kept = Visitor.objects.get()
        seen_at = NOW - timedelta(days=1)
        assert (kept.first_seen_at, kept.last_seen_at, kept.last_chat_id) == (seen_at, seen_at, "2611.7700123.SbQ2")

    def test_is_not_asked_about_for_a_chat_before_the_question(self, acme, chat, time):
        chat.add_visitor(VISITOR_ID, external_id="u")
        look_up(time)
        chat.add_chat(VISITOR_ID, at_s=DAY_AGO_S)
        run_pass(acme, time)
        assert len(chat.asked("visitor")) == 1

    def test_is_asked_about_again_for_a_chat_after_it(self, acme, chat, time):
        chat.add_visitor(VISITOR_ID, external_id="")
        look_up(time)
        time.now += timedelta(minutes=20)
        chat.add_visitor(VISITOR_ID, external_id="u")
        chat.add_chat(VISITOR_ID, at_s=int(NOW.timestamp()) + 60)
        run_pass(acme, time)
        assert VisitorLink.objects.open().get().login_user.user_id == "u"


class TestNoSuchVisitor:
    def test_is_said(self, acme, chat, time):
        found = look_up(time)
        assert (found.outcome, found.sentence) == (Outcome.NO_SUCH, "Zendesk has no such visitor.")

    def test_stores_no_visitor(self, acme, chat, time):
        look_up(time)
        assert not Visitor.objects.exists()

    def test_is_found_as_soon_as_there_is_one(self, acme, chat, time):
        look_up(time)
        chat.add_visitor(VISITOR_ID)
        assert look_up(time).outcome is Outcome.FOUND


class TestNoAnswer:
    @pytest.mark.parametrize(
        ("faults", "because"),
        [
            ([FAULT, FAULT], Because.FAULT),
            ([ZendeskBroken("The visitor answer cannot be read as JSON.")] * 2, Because.FAULT),
            (
                [ZendeskTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=30)],
                Because.PAUSE,
            ),
        ],
    )
    def test_is_said_and_queued(self, acme, chat, time, faults, because):
        chat.faults = faults
        found = look_up(time)
        assert (found.outcome, found.because) == (Outcome.WAITING, because)
        assert VisitorQuestion.objects.get().due_at > time.now

    def test_of_a_lying_server_is_one_too(self, acme, chat, time):
        chat.visitors[VISITOR_ID] = {"id": ["7700123"]}
        assert look_up(time).because is Because.FAULT
        assert not Visitor.objects.exists()

    def test_is_got_over_where_one_more_try_helps(self, acme, chat, time):
        chat.add_visitor(VISITOR_ID)
        chat.faults = [FAULT]
        assert look_up(time).outcome is Outcome.FOUND

    def test_comes_back_when_the_pause_that_zendesk_asked_for_is_over(self, acme, chat, time):
        chat.faults = [ZendeskTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=30)]
        look_up(time)
        assert VisitorQuestion.objects.get().due_at == time.now + timedelta(seconds=30)

    def test_holds_the_pause_for_everybody(self, acme, chat, time):
        chat.faults = [ZendeskTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=30)]
        look_up(time)
        look_up(time, OTHER_ID)
        assert len(chat.asked("visitor")) == 1

    def test_because_the_budget_is_spent_takes_no_call(self, chat, time):
        make_integration(requests_per_minute=1)
        look_up(time)
        found = look_up(time, OTHER_ID)
        assert (found.outcome, found.because, len(chat.asked("visitor"))) == (Outcome.WAITING, Because.BUDGET, 1)

    def test_is_taken_up_by_the_worker(self, acme, chat, time):
        chat.faults = [FAULT, FAULT]
        look_up(time)
        chat.add_visitor(VISITOR_ID, external_id="u")
        time.now += timedelta(seconds=10)
        (key,) = questions.list_due(now=time.now, limit=10)
        outcome = unknown_visitors.answer_question(
            question_pk=key, clock=time.clock, patience=patience(), allow_loopback=False
        )
        assert (outcome, VisitorLink.objects.open().count()) == (Outcome.FOUND, 1)

    def test_is_taken_up_by_the_worker_where_whoever_asked_was_killed(self, acme, chat, time):
        questions.claim(integration_id=acme.pk, visitor_id=VISITOR_ID, now=time.now)
        assert questions.list_due(now=time.now, limit=9) == []
        time.now += questions.CLAIMED_FOR
        assert questions.list_due(now=time.now, limit=9) == [VisitorQuestion.objects.get().pk]

    def test_is_given_up_after_some_minutes(self, acme, chat, time):
        for _ in range(questions.MAX_ATTEMPTS + 1):
            chat.faults = [FAULT, FAULT]
            look_up(time, person=str(time.now))
            time.now += timedelta(minutes=1)
        assert (VisitorQuestion.objects.get().due_at, questions.list_due(now=time.now, limit=9)) == (None, [])

    def test_is_forgotten_after_a_day(self, acme, chat, time):
        look_up(time)
        questions.list_due(now=time.now + timedelta(days=2), limit=9)
        assert not VisitorQuestion.objects.exists()


class TestRefusal:
    """What only a person can mend is said, and is left to the passes to act on."""

    def test_is_said_and_not_queued(self, acme, chat, time):
        chat.faults = [ZendeskRefused("Zendesk refused the access token (401).", reason="credentials", status=401)]
        found = look_up(time)
        assert (found.outcome, found.because) == (Outcome.NOT_ASKED, Because.BLOCKED)
        assert VisitorQuestion.objects.get().due_at is None

    @pytest.mark.parametrize("reason", ["credentials", "host", "scope"])
    def test_never_blocks_the_schedule(self, acme, chat, time, reason):
        chat.faults = [ZendeskRefused("Refused.", reason=reason)]
        look_up(time)
        acme.refresh_from_db()
        assert (acme.blocked_reason, acme.next_sync_at) == ("", None)


class TestNotAsked:
    @pytest.mark.parametrize(
        ("changes", "because"),
        [
            ({"enabled": False}, Because.OFF),
            ({"blocked_reason": "credentials"}, Because.BLOCKED),
            ({"zendesk_subdomain": ""}, Because.UNFINISHED),
            ({"secrets": {"zendesk_access_token": ""}}, Because.UNFINISHED),
        ],
    )
    def test_says_why(self, chat, time, changes, because):
        make_integration(**changes)
        found = look_up(time)
        assert (found.outcome, found.because, chat.calls) == (Outcome.NOT_ASKED, because, [])
        assert found.sentence

    def test_says_that_there_is_no_integration(self, chat, time):
        assert look_up(time).because is Because.NO_INTEGRATION

    def test_does_not_ask_for_an_id_of_another_account(self, acme, chat, time):
        make_visitor(integration=acme, last_chat_id="2611.7700123.SbQ2")
        found = look_up(time, "9855790.xjj3u5xPWhW1Fv")
        assert (found.because, chat.calls) == (Because.OTHER_ACCOUNT, [])

    def test_asks_where_the_account_is_not_known_yet(self, acme, chat, time):
        make_visitor(integration=acme, visitor_id="1.12345")
        chat.add_visitor(VISITOR_ID)
        assert look_up(time).outcome is Outcome.FOUND

    def test_asks_for_short_ids_that_were_made_through_the_api(self, acme, chat, time):
        make_visitor(integration=acme, last_chat_id="2611.7700123.SbQ2")
        make_visitor(integration=acme, visitor_id="1.12345", last_chat_id="2611.7700123.SbQ3")
        chat.add_visitor("1.54321")
        assert look_up(time, "1.54321").outcome is Outcome.FOUND

    def test_knows_that_an_account_on_messaging_has_no_visitors_of_chat(self, acme, chat, time):
        Integration.objects.filter(pk=acme.pk).update(zendesk_product="messaging")
        lookup = look_up(time)
        assert (lookup.outcome, lookup.not_asked, chat.calls) == (Outcome.NO_ID, (), [])

    @pytest.mark.parametrize(
        "visitor_id",
        ["", "nobody", "7700123", "7700123.", ".ab3X", "7700123.ab/3X", "7700123.\x00", "7700123.ab\ud800",
         "7700123." + "x" * 300, "x" * 300, "../7700123.ab3X", "7700123.ab3X?x=1", "٧٧.ab3X"],
    )  # fmt: skip
    def test_does_not_ask_for_what_is_no_id(self, acme, chat, time, visitor_id):
        assert (look_up(time, visitor_id).outcome, chat.calls) == (Outcome.NO_ID, [])


class TestSeveralIntegrations:
    @pytest.fixture
    def beta(self, acme):
        return make_integration(slug="beta", name="Beta", login_project_id="beta", zendesk_subdomain="beta")

    def test_asks_the_one_whose_account_fits(self, acme, beta, chat, time):
        make_visitor(integration=acme, visitor_id=OTHER_ID, last_chat_id="2611.7700123.SbQ2")
        make_visitor(integration=beta, visitor_id="9855790.xjj3u5xPWhW1Fv", last_chat_id="2611.9855790.SbQ2")
        chat.add_visitor(VISITOR_ID)
        assert (look_up(time).integration, len(chat.asked("visitor"))) == ("acme", 1)

    def test_asks_each_whose_account_is_not_known(self, acme, beta, chat, time):
        look_up(time)
        assert len(chat.asked("visitor")) == 2

    def test_asks_only_the_one_that_was_chosen(self, acme, beta, chat, time):
        chat.add_visitor(VISITOR_ID)
        assert (look_up(time, integration="beta").integration, len(chat.asked("visitor"))) == ("beta", 1)

    def test_takes_the_one_that_finds_the_visitor(self, acme, beta, chat, time):
        make_visitor(integration=beta, visitor_id=OTHER_ID, last_chat_id="2611.7700123.SbQ2")
        Integration.objects.filter(pk=acme.pk).update(blocked_reason="credentials")
        chat.add_visitor(VISITOR_ID)
        found = look_up(time)
        assert (found.outcome, found.integration) == (Outcome.FOUND, "beta")
        assert [one.because for one in found.not_asked] == [Because.BLOCKED]


class TestTooMany:
    def test_says_when_to_come_back(self, acme, chat, time):
        for number in range(20):
            look_up(time, f"7700123.unknownVisitor{number}")
        found = look_up(time)
        assert (found.outcome, len(chat.asked("visitor"))) == (Outcome.TOO_MANY, 20)
        assert 0 < found.retry_after_s <= 60

    def test_counts_each_person_apart(self, acme, chat, time):
        for number in range(20):
            look_up(time, f"7700123.unknownVisitor{number}")
        assert look_up(time, person="2").outcome is Outcome.NO_SUCH

    def test_shows_a_question_that_waits_all_the_same(self, acme, chat, time):
        chat.faults = [FAULT, FAULT]
        look_up(time)
        for number in range(19):
            look_up(time, f"7700123.unknownVisitor{number}")
        assert look_up(time).outcome is Outcome.WAITING


class TestAtOnce:
    def test_holds_few_threads_and_leaves_the_rest_to_the_worker(self, acme, chat, time, monkeypatch):
        monkeypatch.setattr(unknown_visitors, "_waiting", threading.BoundedSemaphore(1))
        chat.before_call = lambda call: inner.append(look_up(time, OTHER_ID)) if not inner else None
        inner = []
        look_up(time)
        assert inner[0].because is Because.BUSY
        assert questions.list_due(now=time.now, limit=9) == [VisitorQuestion.objects.get(visitor_id=OTHER_ID).pk]

    def test_gives_its_turn_to_other_pages_while_it_waits(self, acme, chat, time):
        given = []
        look_up(time, give_way=lambda: given.append(1))
        assert given == [1]

    def test_goes_ahead_of_a_pass_that_uses_the_budget_up(self, acme, chat, time):
        Integration.objects.update(requests_per_minute=60)
        account = "acme.zendesk.com"
        slots.take_slot(account=account, per_minute=60, now_epoch_s=time.now.timestamp())
        chat.add_visitor(VISITOR_ID)
        assert look_up(time).outcome is Outcome.FOUND
        assert RequestSlot.objects.get().next_free_epoch_s == time.now.timestamp() + 1


class TestLook:
    def test_asks_nobody(self, acme, chat, time):
        assert (unknown_visitors.look(visitor_id=VISITOR_ID).outcome, chat.calls) == (Outcome.NO_ID, [])

    def test_tells_the_answer_that_came_meanwhile(self, acme, chat, time):
        look_up(time)
        assert unknown_visitors.look(visitor_id=VISITOR_ID).outcome is Outcome.NO_SUCH


@pytest.mark.real_threads
@pytest.mark.django_db(transaction=True)
class TestTwoAtTheSameMoment:
    """Real threads, each with a connection of its own."""

    def test_make_one_question(self, chat):
        make_integration()
        registry.forget()
        chat.add_visitor(VISITOR_ID, external_id="u")
        asked, go_on = threading.Event(), threading.Event()

        def hold(_call):
            asked.set()
            assert go_on.wait(timeout=20)

        chat.before_call = hold
        found = []
        time = FakeTime()
        # Whoever waits for somebody else's answer sleeps in between; that is when the other one may go on.
        clock = Clock(now=lambda: time.now, sleep=lambda _seconds: go_on.set())

        def ask():
            found.append(unknown_visitors.look_up(visitor_id=VISITOR_ID, person="1", clock=clock, allow_loopback=False))

        def ask_and_disconnect():
            try:
                ask()
            finally:
                unknown_visitors.connection.close()

        threads = [threading.Thread(target=ask_and_disconnect) for _ in range(2)]
        threads[0].start()
        assert asked.wait(timeout=20)
        threads[1].start()
        for thread in threads:
            thread.join(timeout=30)
        assert [one.outcome for one in found] == [Outcome.FOUND, Outcome.FOUND]
        assert (chat.asked("visitor"), Visitor.objects.count(), VisitorLink.objects.count()) == ([(VISITOR_ID,)], 1, 1)
