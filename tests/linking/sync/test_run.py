"""Whole passes over an account in memory, stored in the real database."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError

from linking import integrations
from linking.clients.zendesk_api import ZendeskBroken, ZendeskRefused, ZendeskTryLater
from linking.conflicts.decisions import decide
from linking.models import (
    Conflict,
    Integration,
    Lease,
    LoginUser,
    Quarantined,
    SyncRun,
    Visitor,
    VisitorAlias,
    VisitorChat,
    VisitorLink,
)
from linking.sync import refresh, schedule
from linking.sync import run as sync
from linking.sync.chat import read_visitors
from linking.sync.chat.source import ChatSource
from linking.sync.store import leases, lookups
from linking.sync.webhook_calls import WebhookNotice
from tests.factories import make_integration, make_login_user
from tests.linking.sync.fake_chat import DAY_AGO_S, NOW, FakeChat, FakeTime, patience

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat(monkeypatch):
    fake = FakeChat()
    monkeypatch.setattr(ChatSource, "open_client", lambda _source, **_options: fake)
    return fake


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def acme():
    return make_integration(requests_per_minute=100_000)


def run(acme, time, **changes):
    options = {"trigger": "command", "is_eager": True, "patience": patience(), "allow_loopback": False} | changes
    return sync.run_pass(integration_id=acme.pk, clock=time.clock, **options)


def mapping():
    return dict(VisitorLink.objects.open().values_list("visitor__visitor_id", "login_user__user_id"))


def rows(model, *left_out):
    left_out = {"id", "stored_at", *left_out}
    return [
        {key: value for key, value in row.items() if key not in left_out}
        for row in model.objects.order_by("pk").values()
    ]


def read_in_turn(acme, chat, time, *, users, after=0):
    """Let one visitor chat as each of `users`, with a pass after each chat; `after` such chats came before."""
    for number, user_id in enumerate(users, start=after):
        chat.add_visitor("7.x", external_id=user_id)
        chat.add_chat("7.x", at_s=DAY_AGO_S + number)
        run(acme, time)


def pause(seconds):
    return ZendeskTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=seconds)


FAULT = ZendeskTryLater("Zendesk failed (502).", reason="vendor_fault")


class TestOnePass:
    def test_links_every_visitor_that_carries_a_user_id(self, acme, chat, time):
        chat.populate(["u0", "u1", None])
        report = run(acme, time)
        assert (report.is_complete, mapping()) == (True, {"7.v0000": "u0", "7.v0001": "u1"})

    def test_counts_what_it_did(self, acme, chat, time):
        chat.populate(["u0", "u1", None, "null"])
        found = run(acme, time).run
        counted = (found.calls, found.pages, found.chats, found.visitors_found, found.lookups, found.linked)
        assert (counted, found.anonymous, found.conflicts) == ((6, 1, 4, 4, 4, 2), 2, 1)

    def test_asks_about_each_visitor_once_however_many_chats(self, acme, chat, time):
        chat.populate(["u0"])
        for number in range(2_500):
            chat.add_chat("7.v0000", at_s=DAY_AGO_S + number)
        run(acme, time)
        assert len(chat.asked("visitor")) == 1

    def test_changes_nothing_the_second_time(self, acme, chat, time):
        chat.populate(["u0", None, "null"])
        run(acme, time)
        before = [rows(model) for model in (Visitor, VisitorLink, LoginUser, Conflict, Quarantined)]
        calls = len(chat.calls)
        run(acme, time)
        after = [rows(model) for model in (Visitor, VisitorLink, LoginUser, Conflict, Quarantined)]
        assert (after, chat.calls[calls:]) == (before, [("export", DAY_AGO_S + 2 - 300, ""), ("close",)])

    def test_marks_users_as_seen_in_chat(self, acme, chat, time):
        make_login_user(integration=acme, user_id="u0")
        chat.populate(["u0"])
        run(acme, time)
        assert LoginUser.objects.get(user_id="u0").is_seen_in_chat

    def test_keeps_ban_and_creation_time(self, acme, chat, time):
        chat.add_visitor("7.a", banned=True)
        chat.add_chat("7.a")
        run(acme, time)
        visitor = Visitor.objects.get()
        assert (visitor.is_banned, visitor.created_at.year) == (True, 2020)

    def test_starts_at_the_date_that_was_set(self, chat, time):
        acme = make_integration(sync_start=NOW - timedelta(days=2))
        run(acme, time)
        assert chat.asked("export") == [(int(NOW.timestamp()) - 2 * 86_400, "")]

    def test_never_asks_for_the_last_five_minutes(self, chat, time):
        acme = make_integration(sync_start=NOW + timedelta(days=2))
        run(acme, time)
        assert chat.asked("export") == [(int(NOW.timestamp()) - 301, "")]

    def test_says_what_is_missing(self, time):
        acme = make_integration(secrets={"zendesk_access_token": ""})
        report = run(acme, time)
        assert (report.reason, report.detail) == ("setup", "Zendesk's address or access token is not set.")


class TestCursor:
    def test_goes_through_more_ties_than_fit_a_page(self, acme, chat, time):
        chat.limit = 10
        for number in range(95):
            chat.add_visitor(f"7.v{number}", external_id=f"u{number}")
            chat.add_chat(f"7.v{number}", at_s=DAY_AGO_S)
        run(acme, time)
        assert (len(mapping()), len(chat.asked("export"))) == (95, 10)

    @pytest.mark.parametrize("number", [0, 1, 9, 10, 11, 100])
    def test_reads_pages_of_every_filling(self, acme, chat, time, number):
        chat.limit = 10
        chat.populate([f"u{n}" for n in range(number)])
        run(acme, time)
        assert (len(mapping()), len(chat.asked("export"))) == (number, number // 10 + 1)

    def test_ends_although_the_vendor_ignores_half_of_the_cursor(self, acme, chat, time):
        chat.limit, chat.ignores_start_id = 10, True
        for number in range(15):
            chat.add_chat(f"7.v{number}", at_s=DAY_AGO_S)
        chat.add_chat("7.later", at_s=DAY_AGO_S + 9)
        report = run(acme, time)
        assert report.is_complete
        assert Visitor.objects.filter(visitor_id="7.later").exists()

    def test_sets_aside_that_a_second_could_not_be_read_whole(self, acme, chat, time):
        chat.limit, chat.ignores_start_id = 10, True
        for number in range(15):
            chat.add_chat(f"7.v{number}", at_s=DAY_AGO_S)
        run(acme, time)
        assert Quarantined.objects.get(source="export").record_key == str(DAY_AGO_S)

    def test_reads_the_last_five_minutes_before_the_end_again(self, acme, chat, time):
        chat.populate(["u0"])
        run(acme, time)
        chat.add_visitor("7.late", external_id="u9")
        chat.add_chat("7.late", at_s=DAY_AGO_S - 200)
        run(acme, time)
        assert mapping()["7.late"] == "u9"

    def test_goes_on_exactly_where_an_unfinished_pass_ended(self, acme, chat, time):
        chat.limit = 2
        chat.populate([f"u{n}" for n in range(5)])
        chat.faults = [None, *[ZendeskBroken("x")] * 5]
        assert run(acme, time).reason == "vendor_fault"
        run(acme, time)
        assert chat.asked("export")[6] == (DAY_AGO_S + 1, "c000001")

    def test_full_starts_again_and_asks_nobody_twice(self, acme, chat, time):
        chat.populate(["u0", "u1"])
        run(acme, time)
        run(acme, time, is_full=True)
        assert (chat.asked("export")[1], len(chat.asked("visitor"))) == ((0, ""), 2)

    def test_never_moves_back(self, acme, chat, time):
        chat.populate([f"u{n}" for n in range(5)])
        run(acme, time)
        chat.chats.pop()
        run(acme, time)
        assert Integration.objects.get().cursor_epoch_s == DAY_AGO_S + 4

    @pytest.mark.parametrize("ahead", [timedelta(hours=20), timedelta(days=1_500)])
    @pytest.mark.parametrize("names_its_end", [True, False])
    def test_does_not_run_ahead_with_a_chat_from_the_future(self, acme, chat, time, ahead, names_its_end):
        chat.names_its_end = names_its_end
        chat.populate(["u0"])
        chat.add_chat("7.v0000", at_s=int((NOW + ahead).timestamp()))
        run(acme, time)
        time.now += timedelta(hours=2)
        chat.populate(["u0", "u1"], at_s=int(NOW.timestamp()) + 60)
        run(acme, time)
        assert mapping() == {"7.v0000": "u0", "7.v0001": "u1"}

    def test_comes_back_from_a_place_that_lies_ahead(self, acme, chat, time):
        Integration.objects.update(cursor_epoch_s=int(NOW.timestamp()) + 10**8, cursor_id="z", is_caught_up=True)
        chat.populate(["u0"], at_s=int(NOW.timestamp()) - 60)
        run(acme, time)
        assert Integration.objects.get().cursor_epoch_s == int(NOW.timestamp()) - 60

    def test_waits_until_a_young_page_may_be_followed(self, acme, chat, time):
        chat.limit = 2
        chat.populate([f"u{n}" for n in range(4)], at_s=int(NOW.timestamp()) - 310)
        chat.populate(["later"] * 3, at_s=int(NOW.timestamp()) - 290)
        run(acme, time)
        assert all(start_s <= int(NOW.timestamp() + sum(time.sleeps)) - 301 for start_s, _ in chat.asked("export"))
        assert sum(time.sleeps) >= 10


class TestReplay:
    def test_gives_the_same_rows_however_often_it_is_read_from_the_start(self, acme, chat, time):
        chat.populate([f"u{n % 7}" for n in range(30)])
        for number in range(60):
            chat.add_chat(f"7.v{number % 30:04}", at_s=DAY_AGO_S + 100 + number, name=f"n{number}")
        run(acme, time)
        before = [rows(model) for model in (Visitor, VisitorLink, LoginUser, Conflict)]
        for _again in range(5):
            run(acme, time, is_full=True)
        assert [rows(model) for model in (Visitor, VisitorLink, LoginUser, Conflict)] == before

    def test_keeps_newer_data_when_older_comes_late(self, acme, chat, time):
        chat.add_chat("7.a", at_s=DAY_AGO_S + 10, name="new")
        run(acme, time)
        chat.add_chat("7.a", at_s=DAY_AGO_S - 10, name="old")
        run(acme, time)
        visitor = Visitor.objects.get()
        assert (visitor.name, visitor.last_seen_at.timestamp()) == ("new", DAY_AGO_S + 10)


class TestOrder:
    def test_asks_first_about_those_we_signed_a_token_for_then_the_newest(self, acme, chat, time):
        make_login_user(
            integration=acme, email="N@player.example", first_authenticated_at=NOW, last_authenticated_at=NOW,
            tokens_issued=1,
        )  # fmt: skip
        chat.add_chat("7.known", at_s=DAY_AGO_S, email="n@player.example")
        chat.add_chat("7.old", at_s=DAY_AGO_S + 1)
        chat.add_chat("7.new", at_s=DAY_AGO_S + 2)
        run(acme, time)
        assert chat.asked("visitor") == [("7.known",), ("7.new",), ("7.old",)]

    def test_moves_a_waiting_visitor_forward_when_a_token_is_signed(self, acme, chat, time):
        chat.add_chat("7.old", at_s=DAY_AGO_S, email="n@player.example")
        chat.add_chat("7.new", at_s=DAY_AGO_S + 2)
        chat.faults = [None, ZendeskRefused("no", reason="credentials")]
        run(acme, time)
        make_login_user(
            integration=acme, email="n@player.example", first_authenticated_at=NOW, last_authenticated_at=NOW,
            tokens_issued=1,
        )  # fmt: skip
        run(acme, time)
        assert chat.asked("visitor")[1:] == [("7.old",), ("7.new",)]

    def test_lets_somebody_more_useful_in_after_some_seconds(self, acme, chat, time):
        """A list of people to ask about grows old while calls leave slowly."""
        chat.populate(["u0", "u1", "u2", "u3"])

        def slowly(*_call):
            time.now += timedelta(seconds=11)
            if len(chat.asked("visitor")) == 1:
                Visitor.objects.filter(visitor_id="7.v0000").update(lookup_rank=0)

        chat.before_call = slowly
        run(acme, time)
        assert chat.asked("visitor") == [("7.v0003",), ("7.v0002",), ("7.v0000",), ("7.v0001",)]


class TestChanges:
    def test_relinks_with_history(self, acme, chat, time):
        for number, user_id in enumerate(["a", "b", "a"]):
            chat.add_visitor("7.x", external_id=user_id)
            chat.add_chat("7.x", at_s=DAY_AGO_S + number)
            run(acme, time)
        history = VisitorLink.objects.order_by("pk").values_list("login_user__user_id", "end_reason")
        assert list(history) == [("a", "relinked"), ("b", "relinked"), ("a", "")]

    @pytest.mark.parametrize("users", ["ab", "aab"])
    def test_asks_a_person_about_a_second_user(self, acme, chat, time, users):
        read_in_turn(acme, chat, time, users=users)
        assert list(Conflict.objects.values_list("kind", flat=True)) == ["relinked"]

    @pytest.mark.parametrize("users", ["aba", "abab", "abc", "abcd", "abcda"])
    def test_asks_one_question_about_a_shared_device(self, acme, chat, time, users):
        read_in_turn(acme, chat, time, users=users)
        assert list(Conflict.objects.values_list("kind", flat=True)) == ["shared_device"]

    def test_names_the_current_user_first_and_the_one_before_second(self, acme, chat, time):
        read_in_turn(acme, chat, time, users="abcd")
        conflict = Conflict.objects.get()
        assert (conflict.login_user.user_id, conflict.other_user.user_id) == ("d", "c")

    def test_leaves_a_decided_question_as_it_is(self, acme, chat, time):
        read_in_turn(acme, chat, time, users="ab")
        lead = get_user_model().objects.create_user("lead")
        decide(conflict_id=Conflict.objects.get().pk, verdict="keep", login_user_id=None, seen=0, by=lead, now=NOW)
        read_in_turn(acme, chat, time, users="a", after=2)
        states = Conflict.objects.order_by("pk").values_list("kind", "state")
        assert list(states) == [("relinked", "decided"), ("shared_device", "open")]

    def test_asks_no_more_about_a_device_that_a_person_called_shared(self, acme, chat, time):
        read_in_turn(acme, chat, time, users="ab")
        lead = get_user_model().objects.create_user("lead")
        number = Conflict.objects.get().pk
        decide(conflict_id=number, verdict="shared_device", login_user_id=None, seen=0, by=lead, now=NOW)
        read_in_turn(acme, chat, time, users="acd", after=2)
        assert list(Conflict.objects.values_list("pk", "state")) == [(number, "decided")]

    def test_links_two_visitors_of_one_user_without_a_question(self, acme, chat, time):
        chat.populate(["u", "u"])
        run(acme, time)
        assert (len(mapping()), Conflict.objects.count(), LoginUser.objects.count()) == (2, 0, 1)

    def test_marks_a_visitor_zendesk_does_not_know_as_gone(self, acme, chat, time):
        chat.add_chat("7.gone")
        run(acme, time)
        assert Visitor.objects.get().state == "gone"

    def test_ends_the_link_of_a_visitor_that_is_gone(self, acme, chat, time):
        chat.populate(["u"])
        run(acme, time)
        del chat.visitors["7.v0000"]
        chat.add_chat("7.v0000", at_s=DAY_AGO_S + 9)
        run(acme, time)
        assert VisitorLink.objects.get().end_reason == "gone"

    def test_ends_a_link_that_was_cleared(self, acme, chat, time):
        chat.populate(["u"])
        run(acme, time)
        chat.add_visitor("7.v0000")
        chat.add_chat("7.v0000", at_s=DAY_AGO_S + 9)
        run(acme, time)
        assert (VisitorLink.objects.get().end_reason, len(chat.asked("visitor"))) == ("cleared", 3)

    def test_keeps_the_link_when_the_field_was_missing_only_once(self, acme, chat, time):
        chat.populate(["u"])
        run(acme, time)
        chat.add_visitor("7.v0000")
        chat.add_chat("7.v0000", at_s=DAY_AGO_S + 9)
        chat.before_call = lambda call: len(chat.asked("visitor")) > 2 and chat.add_visitor("7.v0000", external_id="u")
        run(acme, time)
        assert mapping() == {"7.v0000": "u"}

    @pytest.mark.parametrize("junk", ["null", " ", "0", 0, "a\x00b", "\ud800", "x" * 256, True, {"a": 1}])
    def test_makes_junk_a_question_and_no_link(self, acme, chat, time, junk):
        chat.populate([junk])
        run(acme, time)
        assert (mapping(), Conflict.objects.get().kind) == ({}, "junk_external_id")

    def test_asks_whose_address_it_is(self, acme, chat, time):
        make_login_user(
            integration=acme, user_id="owner", email="n@player.example", first_authenticated_at=NOW,
            last_authenticated_at=NOW, tokens_issued=1,
        )  # fmt: skip
        chat.add_visitor("7.a", external_id="other", email="N@player.example")
        chat.add_chat("7.a")
        run(acme, time)
        assert Conflict.objects.get().other_user.user_id == "owner"

    def test_trusts_an_answer_for_a_while_in_the_schedule(self, acme, chat, time):
        chat.populate(["u"])
        run(acme, time, is_eager=False)
        chat.add_chat("7.v0000", at_s=DAY_AGO_S + 9)
        report = run(acme, time, is_eager=False)
        assert (report.is_complete, len(chat.asked("visitor"))) == (True, 1)


class TestWhatComesMeanwhile:
    """While an answer waits to be stored, other processes go on."""

    def second_call(self, chat, time, happens):
        chat.populate(["u0", "u0"])
        first, second = "7.v0001", "7.v0000"  # newest first

        def meanwhile(call):
            if call == ("visitor", second):
                chat.before_call = None
                time.now += timedelta(seconds=1)
                happens(first)

        chat.before_call = meanwhile

    def test_a_refresh_is_not_undone_by_the_older_answer(self, acme, chat, time, monkeypatch):
        newer = FakeChat()
        newer.add_visitor("7.v0001", external_id="newer")

        def happens(visitor_id):
            monkeypatch.setattr(ChatSource, "open_client", lambda _source, **_options: newer)
            key = Visitor.objects.get(visitor_id=visitor_id).pk
            refresh.refresh_visitor(visitor_pk=key, clock=time.clock, patience=patience(), allow_loopback=False)

        self.second_call(chat, time, happens)
        run(acme, time)
        assert mapping() == {"7.v0001": "newer", "7.v0000": "u0"}

    def test_another_writer_who_is_a_moment_faster_does_not_stop_the_pass(self, acme, chat, time, monkeypatch):
        faults, real = [IntegrityError()], read_visitors.store_answers

        def store_answers(**options):
            if faults:
                raise faults.pop()
            return real(**options)

        monkeypatch.setattr(read_visitors, "store_answers", store_answers)
        chat.populate(["u0"])
        report = run(acme, time)
        assert (report.is_complete, report.run.lookups, mapping()) == (True, 1, {"7.v0000": "u0"})

    def test_zendesks_word_of_a_chat_is_not_taken_for_answered(self, acme, chat, time):
        def happens(visitor_id):
            chat.add_visitor(visitor_id, external_id="newer")
            told = WebhookNotice(at=time.now, visitor_id=visitor_id, chat_id="c9")
            lookups.queue_named_visitor(integration_id=acme.pk, notice=told, now=time.now)

        self.second_call(chat, time, happens)
        run(acme, time)
        assert (mapping(), len(chat.asked("visitor"))) == ({"7.v0001": "newer", "7.v0000": "u0"}, 3)


class TestJoinedVisitors:
    def test_keeps_the_canonical_id_and_the_one_asked_by(self, acme, chat, time):
        chat.aliases["7.asked"] = "7.canonical"
        chat.add_visitor("7.canonical", external_id="u")
        chat.add_chat("7.asked")
        run(acme, time)
        assert (mapping(), VisitorAlias.objects.get().alias_id) == ({"7.canonical": "u"}, "7.asked")

    def test_asks_nobody_again_for_a_chat_under_the_other_id(self, acme, chat, time):
        chat.aliases["7.asked"] = "7.canonical"
        chat.add_visitor("7.canonical", external_id="u")
        chat.add_chat("7.asked")
        run(acme, time)
        run(acme, time, is_full=True)
        assert len(chat.asked("visitor")) == 1

    @pytest.mark.parametrize("first", [1, -1])
    def test_makes_one_visitor_of_two_that_were_kept(self, acme, chat, time, first):
        chat.aliases["7.asked"] = "7.canonical"
        chat.add_visitor("7.canonical", external_id="u")
        chat.add_chat("7.asked", at_s=DAY_AGO_S)
        chat.add_chat("7.canonical", at_s=DAY_AGO_S + 10 * first)
        run(acme, time)
        visitor = Visitor.objects.get()
        assert (visitor.visitor_id, (visitor.last_seen_at - visitor.first_seen_at).seconds) == ("7.canonical", 10)

    def test_moves_links_and_questions_to_the_one_kept(self, acme, chat, time):
        chat.add_visitor("7.a", external_id="u1")
        chat.add_visitor("7.b", external_id="u2")
        chat.add_chat("7.a", at_s=DAY_AGO_S)
        chat.add_chat("7.b", at_s=DAY_AGO_S)
        run(acme, time)
        chat.aliases["7.a"] = "7.b"
        chat.add_chat("7.a", at_s=DAY_AGO_S + 9)
        run(acme, time)
        links = VisitorLink.objects.values_list("visitor__visitor_id", "login_user__user_id", "end_reason")
        assert sorted(links) == [("7.b", "u1", "merged"), ("7.b", "u2", "")]

    def test_moves_chats_to_the_one_kept(self, acme, chat, time):
        for name in ("7.a", "7.b"):
            chat.add_visitor(name, external_id="u")
            chat.add_chat(name)
        run(acme, time)
        chat.aliases["7.a"] = "7.b"
        chat.add_chat("7.a", at_s=DAY_AGO_S + 9)
        run(acme, time)
        chats = VisitorChat.objects.order_by("chat_id").values_list("chat_id", "visitor__visitor_id")
        assert list(chats) == [("c000000", "7.b"), ("c000001", "7.b"), ("c000002", "7.b")]

    def test_asks_a_person_when_the_two_had_different_users(self, acme, chat, time):
        chat.add_visitor("7.a", external_id="u1")
        chat.add_visitor("7.b", external_id="u2")
        chat.add_chat("7.a", at_s=DAY_AGO_S)
        chat.add_chat("7.b", at_s=DAY_AGO_S)
        run(acme, time)
        chat.aliases["7.a"] = "7.b"
        chat.add_chat("7.a", at_s=DAY_AGO_S + 9)
        run(acme, time)
        assert Conflict.objects.get().other_user.user_id == "u1"


class TestBadRecords:
    def test_sets_them_aside_and_stores_the_rest(self, acme, chat, time):
        chat.populate(["u0", "u1"])
        chat.chats[0]["visitor"] = 7
        report = run(acme, time)
        assert (report.is_complete, mapping(), Quarantined.objects.get().source) == (True, {"7.v0001": "u1"}, "chat")

    def test_sets_one_aside_once(self, acme, chat, time):
        chat.chats = [{"id": "x", "at_s": DAY_AGO_S, "visitor": "?"}]
        run(acme, time)
        before = rows(Quarantined)
        run(acme, time)
        assert rows(Quarantined) == before

    def test_asks_later_about_a_visitor_it_could_not_read(self, acme, chat, time):
        chat.add_visitor("7.a", id=None)
        chat.add_chat("7.a")
        report = run(acme, time)
        assert (report.is_complete, Visitor.objects.get().lookup_due_at) == (True, time.now + timedelta(minutes=1))

    def test_keeps_hostile_text_in_any_database(self, acme, chat, time):
        chat.add_visitor("7.a", external_id="u", name="\x00\ud800'\"<b>\u202e", email="\x00", notes="\x00\n" * 20_000)
        chat.add_chat("7.a", name="\x00\ud800")
        assert run(acme, time).is_complete
        assert Visitor.objects.get().name == "'\"<b>"


class TestVendorPauses:
    def test_sleeps_through_a_short_one(self, acme, chat, time):
        chat.populate(["u"])
        chat.faults = [None, pause(30)]
        assert run(acme, time).is_complete
        assert sum(time.sleeps) >= 30

    def test_tells_in_the_run_how_long_it_waited(self, acme, chat, time):
        chat.faults = [pause(7), pause(25)]
        assert run(acme, time).run.waited_s == 32

    def test_stops_at_one_longer_than_the_patience(self, acme, chat, time):
        chat.populate(["u"])
        chat.faults = [None, pause(61)]
        report = run(acme, time)
        assert (report.reason, report.run.lookups_left) == ("vendor_pause", 1)

    def test_says_when_to_go_on(self, acme, chat, time):
        chat.faults = [pause(400)]
        run(acme, time)
        assert Integration.objects.get().next_sync_at == NOW + timedelta(seconds=400)

    @pytest.mark.parametrize("url", ["", "https://ACME.zendesk.com:443/api/v2/chat/"])
    def test_holds_every_integration_of_the_account_back(self, acme, chat, time, url):
        other = make_integration(slug="other", zendesk_api_url=url)
        chat.faults = [pause(400)]
        run(acme, time)
        assert run(other, time).reason == "vendor_pause"

    def test_stops_at_the_budget_in_the_schedule(self, chat, time):
        acme = make_integration(requests_per_minute=10)
        chat.populate(["u"])
        report = run(acme, time, patience=patience(longest_wait_s=2.0))
        assert (report.reason, Integration.objects.get().next_sync_at) == ("budget", NOW + timedelta(seconds=6))

    def test_never_leaves_more_calls_than_the_budget_in_any_minute(self, chat, time):
        acme, left_at = make_integration(requests_per_minute=20), []
        chat.populate([f"u{n}" for n in range(50)])
        chat.before_call = lambda _call: left_at.append(time.now)
        run(acme, time)
        assert max(sum(at <= one < at + timedelta(seconds=59.9) for one in left_at) for at in left_at) <= 20


class TestVendorFaults:
    @pytest.mark.parametrize("fault", [FAULT, ZendeskBroken("The export page has no list of chats.")])
    def test_tries_again(self, acme, chat, time, fault):
        chat.populate(["u"])
        chat.faults = [fault, fault, None, fault]
        assert run(acme, time).is_complete
        assert mapping() == {"7.v0000": "u"}

    def test_gives_up_after_some_tries_and_says_so(self, acme, chat, time):
        chat.faults = [FAULT] * 9
        report = run(acme, time)
        assert (report.reason, report.detail, len(chat.asked("export"))) == ("vendor_fault", "Zendesk failed (502).", 5)

    def test_waits_longer_after_each_failed_pass(self, acme, chat, time):
        chat.faults = [FAULT] * 99
        waits = []
        for _ in range(7):
            run(acme, time)
            waits.append((Integration.objects.get().next_sync_at - time.now).total_seconds())
        assert waits == [15, 30, 60, 120, 240, 300, 300]

    def test_knocks_seldom_while_the_vendor_is_away(self, acme, chat, time):
        chat.faults = [FAULT] * 99
        for _ in range(3):
            run(acme, time)
        assert len(chat.asked("export")) == 5 + 2 + 2

    def test_passes_over_one_visitor_that_always_fails(self, acme, chat, time):
        chat.populate(["u0", "u1"])
        chat.before_call = lambda call: call == ("visitor", "7.v0001") and chat.faults.insert(0, FAULT)
        report = run(acme, time)
        assert (report.reason, mapping()) == ("vendor_fault", {"7.v0000": "u0"})

    def test_stores_what_was_learnt_before_it_stopped(self, acme, chat, time):
        chat.populate([f"u{n}" for n in range(9)])
        chat.faults = [None] * 6 + [ZendeskRefused("no", reason="credentials")]
        run(acme, time)
        assert len(mapping()) == 5


class TestRefusals:
    @pytest.mark.parametrize(
        ("reason", "stop"), [("credentials", "credentials"), ("scope", "credentials"), ("host", "host")]
    )
    def test_stops_until_a_person_acts(self, acme, chat, time, reason, stop):
        chat.faults = [ZendeskRefused("Zendesk refused the access token (401).", reason=reason)]
        report = run(acme, time, trigger="schedule")
        assert (report.reason, Integration.objects.get().blocked_reason) == (stop, stop)

    @pytest.mark.parametrize("reason", ["credentials", "scope", "host"])
    def test_of_a_command_is_told_to_its_shell_alone(self, acme, chat, time, reason):
        """Its environment may lack what the schedule's processes have: an address that is allowed, a variable."""
        before = Integration.objects.get()
        chat.faults = [ZendeskRefused("no", reason=reason)]
        report = run(acme, time, trigger="command")
        after = Integration.objects.get()
        assert (report.run.trigger, report.run.state) == ("command", "stopped")
        assert (after.blocked_reason, after.next_sync_at) == ("", before.next_sync_at)
        assert schedule.list_due(now=time.now) == [acme.pk]

    def test_of_a_command_leaves_a_block_of_the_schedule_alone(self, acme, chat, time):
        Integration.objects.update(blocked_reason="host", next_sync_at=NOW + timedelta(minutes=40))
        chat.faults = [ZendeskRefused("no", reason="credentials")]
        run(acme, time, trigger="command")
        found = Integration.objects.get()
        assert (found.blocked_reason, found.next_sync_at) == ("host", NOW + timedelta(minutes=40))

    def test_is_tried_again_by_the_schedule_after_an_hour(self, acme, chat, time):
        chat.faults = [ZendeskRefused("no", reason="credentials")]
        run(acme, time, trigger="schedule")
        dues = [schedule.list_due(now=time.now + timedelta(minutes=minutes)) for minutes in (1, 59, 60)]
        assert dues == [[], [], [acme.pk]]

    def test_that_was_a_hiccup_heals_by_itself(self, acme, chat, time):
        chat.faults = [ZendeskRefused("no", reason="credentials")]
        run(acme, time, trigger="schedule")
        time.now += timedelta(hours=1)
        assert (run(acme, time, trigger="schedule").is_complete, Integration.objects.get().blocked_reason) == (True, "")

    def test_keeps_the_status_for_whoever_infers_what_changed(self, acme, chat, time):
        chat.faults = [ZendeskRefused("no", reason="scope", status=403)]
        assert run(acme, time).run.stop_status == 403

    def test_is_not_blocked_by_the_refusal_of_settings_that_have_changed(self, acme, chat, time):
        chat.before_call = lambda _call: Integration.objects.get().save()
        chat.faults = [ZendeskRefused("no", reason="credentials")]
        run(acme, time, trigger="schedule")
        assert Integration.objects.get().blocked_reason == ""

    @pytest.mark.parametrize("trigger", ["schedule", "page", "command"])
    def test_is_lifted_by_a_pass_that_works(self, acme, chat, time, trigger):
        Integration.objects.update(blocked_reason="credentials", next_sync_at=NOW + timedelta(hours=1))
        run(acme, time, trigger=trigger)
        found = Integration.objects.get()
        assert (found.blocked_reason, found.next_sync_at) == ("", time.now + schedule.EVERY)

    def test_is_lifted_as_soon_as_a_page_was_read(self, acme, chat, time):
        chat.populate(["u"])
        Integration.objects.update(blocked_reason="credentials")
        chat.faults = [None, pause(300)]
        assert (run(acme, time).reason, Integration.objects.get().blocked_reason) == ("vendor_pause", "")


class TestOnePassAtATime:
    def test_reports_another_pass(self, acme, chat, time):
        leases.take(name=f"sync:{acme.pk}")
        report = run(acme, time)
        assert (report.reason, report.run, chat.calls) == ("another_pass", None, [])

    def test_waits_for_another_pass_to_end(self, acme, chat, time):
        held = leases.take(name=f"sync:{acme.pk}")
        real_sleep = time.sleep
        time.sleep = lambda seconds: (real_sleep(seconds), leases.release(held=held))
        assert run(acme, time, lease_wait_s=60.0).is_complete

    def test_changes_nothing_once_another_worker_took_over(self, acme, chat, time):
        chat.populate(["u"])
        steal = {"owner": "thief", "token": 99}
        chat.before_call = lambda call: call[0] == "visitor" and Lease.objects.update(**steal)
        report = run(acme, time)
        assert (report.reason, mapping(), Lease.objects.get().owner) == ("lease_lost", {}, "thief")

    def test_ends_in_words_when_the_integration_is_removed(self, acme, chat, time):
        chat.populate(["u"])
        actor = integrations.Actor(name="ada")
        chat.before_call = lambda call: (
            call[0] == "visitor" and integrations.remove_integration(slug="acme", actor=actor, now=NOW)
        )
        report = run(acme, time)
        assert report.reason == "lease_lost" and "removed" in report.detail
        assert not (Visitor.objects.exists() or SyncRun.objects.exists() or LoginUser.objects.exists())

    @pytest.mark.parametrize(
        "fault",
        [None, ZendeskRefused("Zendesk refused the access token (401).", reason="credentials"), pause(300)],
    )
    def test_settles_nothing_either_however_it_ends(self, acme, chat, time, fault):
        def another_takes_over(call):
            if call[0] == "export":
                Lease.objects.update(owner="another", token=99)

        chat.before_call, chat.faults = another_takes_over, [fault]
        before = rows(Integration)
        report = run(acme, time)
        assert (report.reason, rows(Integration)) == ("lease_lost", before)

    def test_gives_the_lease_back(self, acme, chat, time):
        run(acme, time)
        assert Lease.objects.get().owner == ""

    def test_marks_the_run_of_a_killed_worker(self, acme, chat, time):
        SyncRun.objects.create(integration=acme, trigger="schedule", started_at=NOW, touched_at=NOW)
        run(acme, time)
        assert list(SyncRun.objects.order_by("pk").values_list("state", "stop_reason")) == [
            ("stopped", "killed"),
            ("complete", ""),
        ]

    def test_lets_the_next_pass_come_at_once_when_the_process_was_ended(self, acme, chat, time):
        chat.faults = [SystemExit(0)]
        with pytest.raises(SystemExit):
            run(acme, time)
        assert (SyncRun.objects.get().stop_reason, Integration.objects.get().next_sync_at) == ("killed", time.now)

    def test_leaves_a_crashed_run_marked_and_the_error_loud(self, acme, chat, time):
        chat.faults = [ZeroDivisionError()]
        with pytest.raises(ZeroDivisionError):
            run(acme, time)
        assert (SyncRun.objects.get().stop_reason, Lease.objects.get().owner) == ("crashed", "")

    @pytest.mark.parametrize("number", range(1, 8))
    def test_loses_and_doubles_nothing_when_killed_after_any_call(self, acme, chat, time, number):
        chat.limit = 2
        chat.populate([f"u{n}" for n in range(5)])
        chat.faults = [*[None] * number, KeyboardInterrupt()]
        with pytest.raises(KeyboardInterrupt):
            run(acme, time)
        assert run(acme, time).is_complete
        assert mapping() == {f"7.v{n:04}": f"u{n}" for n in range(5)}


class TestTaskTime:
    def test_ends_in_time_and_goes_on_at_once(self, chat, time):
        acme = make_integration(requests_per_minute=60)
        chat.populate([f"u{n}" for n in range(50)])
        report = run(acme, time, patience=patience(longest_wait_s=2.0, deadline_s=20.0))
        assert (report.reason, 17 <= len(mapping()) <= 20) == ("deadline", True)
        assert Integration.objects.get().next_sync_at <= time.now + timedelta(seconds=1)

    def test_ends_when_the_worker_ends(self, acme, chat, time):
        chat.populate([f"u{n}" for n in range(9)])
        is_stopping = lambda: len(chat.calls) > 4  # noqa: E731
        report = run(acme, time, patience=patience(is_stopping=is_stopping))
        assert (report.reason, len(mapping())) == ("deadline", 4)

    def test_reads_the_export_again_during_long_look_ups(self, chat, time):
        acme = make_integration(requests_per_minute=60)
        chat.populate([f"u{n}" for n in range(150)])
        run(acme, time)
        assert len(chat.asked("export")) == 3


class TestNextPass:
    def test_is_in_a_minute(self, acme, chat, time):
        run(acme, time)
        assert Integration.objects.get().next_sync_at == NOW + timedelta(seconds=60)

    def test_is_soon_while_someone_is_awaited(self, acme, chat, time):
        make_login_user(integration=acme, first_authenticated_at=NOW, last_authenticated_at=NOW, tokens_issued=1)
        run(acme, time)
        assert Integration.objects.get().next_sync_at == NOW + timedelta(seconds=15)
