"""What a pass does once in a while: bans, old answers, records that could not be read."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from linking.clients.zendesk_api import ZendeskRefused, ZendeskTryLater
from linking.models import Integration, Quarantined, SyncRun, Visitor
from linking.models.sync.lease import Chore
from linking.sync import chores
from linking.sync import run as sync
from linking.sync.chat.source import ChatSource
from linking.sync.plans.facts import LookupPriority
from linking.sync.store import lookups
from tests.factories import make_integration, make_login_user, make_visitor
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
    options = {"trigger": "schedule", "patience": patience(), "allow_loopback": False} | changes
    return sync.run_pass(integration_id=acme.pk, clock=time.clock, **options)


def banned():
    return set(Visitor.objects.filter(is_banned=True).values_list("visitor_id", flat=True))


class TestBans:
    def test_are_mirrored_over_several_pages(self, acme, chat, time):
        chat.populate(["a", "b", "c", "d"])
        chat.banned = ["7.v0000", "7.v0002", "7.v0003", "7.unknown"]
        run(acme, time)
        assert chat.ban_calls == [0, 3, 5]

    def test_mark_who_is_banned(self, acme, chat, time):
        chat.populate(["a", "b"])
        run(acme, time)
        chat.banned = ["7.v0001"]
        time.now += timedelta(hours=1)
        run(acme, time)
        assert banned() == {"7.v0001"}

    def test_are_lifted(self, acme, chat, time):
        chat.add_visitor("7.a", banned=True)
        chat.add_chat("7.a")
        run(acme, time)
        time.now += timedelta(hours=1)
        run(acme, time)
        assert banned() == set()

    def test_follow_a_joined_visitor(self, acme, chat, time):
        chat.aliases["7.asked"] = "7.canonical"
        chat.add_visitor("7.canonical", external_id="u")
        chat.add_chat("7.asked")
        run(acme, time)
        chat.banned = ["7.asked"]
        time.now += timedelta(hours=1)
        run(acme, time)
        assert banned() == {"7.canonical"}

    def test_are_read_once_an_hour(self, acme, chat, time):
        for _ in range(60):
            run(acme, time)
            time.now += timedelta(minutes=1)
        assert len(chat.ban_calls) == 1

    @pytest.mark.parametrize(
        "fault",
        [ZendeskRefused("no", reason="scope"), ZendeskTryLater("Zendesk failed (502).", reason="vendor_fault")],
        ids=["refused", "failing"],
    )
    def test_that_cannot_be_had_hold_nothing_back_and_change_nothing(self, acme, chat, time, fault):
        chat.populate(["a"])
        chat.visitors["7.v0000"]["banned"] = True
        chat.ban_fault = fault
        assert (run(acme, time).is_complete, banned()) == (True, {"7.v0000"})


class TestOldAnswers:
    def answered(self, acme, chat, time, *, number):
        chat.populate([None] * number)
        run(acme, time)
        time.now += timedelta(days=2)
        run(acme, time)
        return len(chat.asked("visitor")) - number

    def test_are_verified_a_slice_a_day(self, acme, chat, time):
        assert self.answered(acme, chat, time, number=60) == 2

    def test_are_verified_oldest_first(self, acme, chat, time):
        chat.populate([None, None])
        run(acme, time)
        Visitor.objects.filter(visitor_id="7.v0001").update(checked_at=NOW - timedelta(days=9))
        time.now += timedelta(days=2)
        run(acme, time)
        assert chat.asked("visitor")[2:] == [("7.v0001",)]

    def test_heal_a_wrong_answer(self, acme, chat, time):
        chat.add_visitor("7.a")
        chat.add_chat("7.a")
        run(acme, time)
        chat.add_visitor("7.a", external_id="u")
        time.now += timedelta(days=2)
        run(acme, time)
        assert Visitor.objects.get().state == "linked"

    def test_wait_behind_everybody_else(self, acme, chat, time):
        chat.populate([None] * 30)
        run(acme, time)
        time.now += timedelta(days=2)
        chat.add_chat("7.new", at_s=DAY_AGO_S + 100)
        run(acme, time)
        assert chat.asked("visitor")[30] == ("7.new",)

    def test_take_a_twentieth_of_the_days_calls_at_most(self, chat, time):
        acme = make_integration(requests_per_minute=1)
        chat.populate([None])
        run(acme, time)
        rows = [Visitor(integration=acme, visitor_id=f"7.{n}", state="anonymous", first_seen_at=NOW, last_seen_at=NOW,
                        checked_at=NOW, lookup_rank=2) for n in range(3_000)]  # fmt: skip
        Visitor.objects.bulk_create(rows)
        time.now += timedelta(days=2)
        run(acme, time, patience=patience(longest_wait_s=100.0, deadline_s=1.0))
        assert Visitor.objects.waiting().count() <= 72

    def test_do_not_keep_a_person_waiting(self, acme, chat, time):
        chat.populate([None] * 60)
        run(acme, time)
        time.now += timedelta(days=2)
        run(acme, time, is_eager=True)
        assert len(chat.asked("visitor")) == 60


class TestOrder:
    """Whom to ask first is put in order before visitors are read; a pass never ends for it."""

    def test_that_the_database_will_not_make_crashes_no_pass(self, acme, chat, time, monkeypatch, caplog):
        def fail(**_options):
            raise OperationalError("canceling statement due to statement timeout")

        monkeypatch.setattr(lookups, "promote", fail)
        chat.populate(["a"])
        report = run(acme, time)
        assert (report.is_complete, Visitor.objects.get().state) == (True, "linked")
        assert "The queue of acme was not put in order (OperationalError)" in caplog.text

    def test_is_made_again_for_ten_minutes_before_the_last_time(self, acme, chat, time, monkeypatch):
        seen = []
        monkeypatch.setattr(lookups, "promote", lambda **options: seen.append(options["since"]) or 0)
        Integration.objects.update(promoted_until=NOW - timedelta(hours=3), last_success_at=NOW)
        run(acme, time)
        assert seen == [NOW - timedelta(hours=3, minutes=10)]

    def test_takes_a_little_of_a_pass_only(self, acme, chat, time, monkeypatch):
        def promote(*, leave, **_options):
            batches = 0
            while leave.go_on():
                batches += 1
                time.now += timedelta(seconds=5)
            return batches

        monkeypatch.setattr(lookups, "promote", promote)
        chat.populate(["a"])
        assert (run(acme, time).is_complete, time.now - NOW) == (True, timedelta(seconds=20))

    def test_goes_on_after_a_pass_that_was_ended_in_the_middle_of_it(self, acme, chat, time, monkeypatch):
        monkeypatch.setattr(lookups, "USERS_AT_ONCE", 1)
        for number in range(9):
            seen_at = NOW - timedelta(minutes=9 - number)
            email, moments = (
                f"{number}@x.example",
                {"first_authenticated_at": seen_at, "last_authenticated_at": seen_at},
            )
            make_login_user(integration=acme, user_id=f"u{number}", email=email, tokens_issued=1, **moments)
            waiting = {"state": "pending", "lookup_due_at": NOW + timedelta(days=1), "checked_at": None}
            make_visitor(integration=acme, visitor_id=f"7.v{number}", email=email, **waiting)
        found, find = [], lookups.find_namesakes
        monkeypatch.setattr(lookups, "find_namesakes", lambda **options: found.append(1) or find(**options))
        ended = run(acme, time, patience=patience(is_stopping=lambda: len(found) > 6))
        moved = Visitor.objects.filter(lookup_rank=LookupPriority.IDENTIFIED).count()
        run(acme, time)
        assert (ended.reason, moved, len(chat.asked("visitor"))) == ("deadline", 4, 9)


class TestSetAside:
    def spoil(self, chat, *, number=1):
        kept = [chat.chats[place]["visitor"] for place in range(number)]
        for place in range(number):
            chat.chats[place]["visitor"] = "?"
        return kept

    def test_comes_right_by_itself_after_an_hour(self, acme, chat, time):
        chat.populate(["u0", "u1"], at_s=DAY_AGO_S - 86_400)
        chat.add_chat("7.last")
        kept = self.spoil(chat)
        run(acme, time)
        chat.chats[0]["visitor"] = kept[0]
        time.now += timedelta(hours=1, seconds=1)
        run(acme, time)
        assert (Quarantined.objects.count(), Visitor.objects.filter(state="linked").count()) == (0, 2)

    def test_comes_right_at_once_when_somebody_says_so(self, acme, chat, time):
        chat.populate(["u0", "u1"])
        kept = self.spoil(chat)
        run(acme, time)
        chat.chats[0]["visitor"] = kept[0]
        run(acme, time, is_retrying=True)
        assert Quarantined.objects.count() == 0

    def test_is_asked_for_ever_less_often(self, acme, chat, time):
        chat.populate(["u0", "u1"])
        self.spoil(chat)
        run(acme, time)
        waits = []
        for _ in range(7):
            time.now = Quarantined.objects.get().retry_at
            run(acme, time)
            waits.append(round((Quarantined.objects.get().retry_at - time.now) / timedelta(hours=1)))
        assert waits == [2, 4, 8, 16, 24, 24, 24]

    def test_costs_one_call_a_page_however_many_records(self, acme, chat, time):
        chat.populate([f"u{n}" for n in range(50)])
        self.spoil(chat, number=40)
        run(acme, time)
        calls = len(chat.asked("export"))
        run(acme, time, is_retrying=True)
        assert len(chat.asked("export")) - calls == 2

    def test_does_not_move_the_cursor_back(self, acme, chat, time):
        chat.limit = 2
        chat.populate([f"u{n}" for n in range(9)])
        self.spoil(chat)
        run(acme, time)
        acme.refresh_from_db()
        before = acme.cursor_epoch_s, acme.cursor_id, acme.is_caught_up
        run(acme, time, is_retrying=True)
        acme.refresh_from_db()
        assert (acme.cursor_epoch_s, acme.cursor_id, acme.is_caught_up) == before

    def test_forgets_a_visitor_that_can_be_read_again(self, acme, chat, time):
        chat.add_visitor("7.a", id=None)
        chat.add_chat("7.a")
        run(acme, time)
        chat.add_visitor("7.a", external_id="u")
        run(acme, time, is_retrying=True)
        assert (Quarantined.objects.count(), Visitor.objects.get().state) == (0, "linked")

    @pytest.mark.slow
    def test_holds_nothing_back_be_it_one_in_a_hundred_of_twenty_thousand(self, acme, chat, time):
        for number in range(20_000):
            chat.add_chat(f"7.v{number}", at_s=DAY_AGO_S + number // 2)
        kept = {place: chat.chats[place]["visitor"] for place in range(0, 20_000, 100)}
        for place in kept:
            chat.chats[place]["visitor"] = place
        run(acme, time, patience=patience(is_stopping=lambda: len(chat.asked("visitor")) > 0))
        stored = Visitor.objects.count(), Quarantined.objects.count()
        for place, visitor in kept.items():
            chat.chats[place]["visitor"] = visitor
        run(acme, time, is_retrying=True, patience=patience(is_stopping=lambda: len(chat.asked("visitor")) > 1))
        assert (stored, Visitor.objects.count(), Quarantined.objects.count()) == ((19_800, 200), 20_000, 0)


class TestRetiredHost:
    def test_is_told_in_the_run_of_a_pass_that_works(self, chat, time):
        run(make_integration(zendesk_api_url="https://www.zopim.com/api/v2", zendesk_subdomain="acme"), time)
        found = SyncRun.objects.get()
        assert (found.state, "www.zopim.com is retired" in found.stop_detail) == ("complete", True)


class TestChores:
    def test_are_due_at_first(self, acme):
        assert chores.is_due(integration_id=acme.pk, name="bans", now=NOW)

    def test_are_due_again_after_their_time(self, acme):
        chores.postpone(integration_id=acme.pk, name="bans", until=NOW + timedelta(hours=1))
        dues = [chores.is_due(integration_id=acme.pk, name="bans", now=NOW + timedelta(minutes=m)) for m in (59, 60)]
        assert dues == [False, True]

    def test_are_not_fooled_by_a_clock_that_ran_ahead(self, acme):
        chores.postpone(integration_id=acme.pk, name="bans", until=NOW + timedelta(days=400))
        assert chores.is_due(integration_id=acme.pk, name="bans", now=NOW)

    def test_are_kept_once_a_name(self, acme):
        for hours in (1, 2):
            chores.postpone(integration_id=acme.pk, name="bans", until=NOW + timedelta(hours=hours))
        assert Chore.objects.get().due_at == NOW + timedelta(hours=2)
