"""The feed of users: who is kept, what is linked, and where reading continues."""

from datetime import timedelta

import pytest
from django.db import connection

from linking.clients.zendesk_api import ZendeskTryLater
from linking.clients.zendesk_support import CursorRefused, UsersPage
from linking.models import Conflict, LoginUser, Quarantined, SyncRun, UserFeed, Visitor, VisitorLink
from linking.notes import labels, player_labels, player_notes
from tests.linking.conftest import make_person
from tests.linking.sync.fake_chat import NOW
from tests.linking.sync.messaging.fake_support import HOUR_AGO, make_issued, make_support, run, uuid

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_support()


def mapping():
    return dict(VisitorLink.objects.open().values_list("visitor__visitor_id", "login_user__user_id"))


def states():
    return dict(Visitor.objects.values_list("visitor_id", "state"))


class TestWhoIsKept:
    def test_end_users_with_a_uuid_are_linked(self, acme, support, time):
        support.put(7, external_id=uuid(1), name="Nadia", email="nadia@player.example", suspended=True)
        report = run(acme, time)
        visitor = Visitor.objects.get()
        assert (report.is_complete, mapping()) == (True, {"7": uuid(1)})
        assert (visitor.name, visitor.email, visitor.is_banned) == ("Nadia", "nadia@player.example", True)
        assert (visitor.first_seen_at, visitor.last_seen_at, visitor.lookup_due_at) == (HOUR_AGO, HOUR_AGO, None)

    @pytest.mark.parametrize(
        "values",
        [
            {"external_id": None}, {"external_id": ""}, {"external_id": "crm-4711"}, {"external_id": "null"},
            {"external_id": uuid(1), "role": "agent"}, {"external_id": uuid(1), "role": "admin"},
            {"external_id": uuid(1), "active": False}, {"external_id": "{" + uuid(1) + "}"},
            {"external_id": " " + uuid(1)}, {"external_id": {"a": 1}},
        ],
    )  # fmt: skip
    def test_of_others_nothing_is_written(self, acme, support, time, values):
        support.put(4242424242, name="Foreign canary", email="canary@foreign.example", **values)
        run(acme, time)
        counts = (Visitor.objects.count(), LoginUser.objects.count(), Conflict.objects.count())
        assert (counts, Quarantined.objects.count()) == ((0, 0, 0), 0)
        assert SyncRun.objects.get().visitors_found == 0
        for table in connection.introspection.table_names():
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                rows = str(cursor.fetchall())
            assert "anary" not in rows, table
            assert "4242424242" not in rows, table

    def test_any_id_counts_where_that_is_set(self, support, time):
        support.put(7, external_id="crm-4711")
        run(make_support(user_id_form="any"), time)
        assert mapping() == {"7": "crm-4711"}

    def test_an_id_that_got_a_token_counts_whatever_its_form(self, acme, support, time):
        make_issued(acme, "Player-7", at=NOW - timedelta(days=3))
        support.put(7, external_id="PLAYER-7")
        run(acme, time)
        assert mapping() == {"7": "Player-7"}


class TestChanges:
    """What happens to somebody who is kept."""

    @pytest.fixture(autouse=True)
    def linked(self, acme, support, time):
        support.put(7, external_id=uuid(1), name="before")
        run(acme, time)
        time.now += timedelta(minutes=1)

    def change(self, support, time, **values):
        return support.put(7, at=time.now, **({"external_id": uuid(1)} | values))

    @pytest.mark.parametrize(
        ("values", "state", "reason", "kinds"),
        [
            ({"external_id": uuid(2)}, "linked", "relinked", ["relinked"]),
            ({"external_id": None}, "anonymous", "cleared", []),
            ({"external_id": "crm-4711"}, "anonymous", "cleared", ["junk_external_id"]),
            ({"external_id": "null"}, "anonymous", "cleared", ["junk_external_id"]),
            ({"role": "agent"}, "anonymous", "cleared", []),
            ({"active": False}, "gone", "gone", []),
        ],
    )
    def test_end_the_link_and_say_why(self, acme, support, time, values, state, reason, kinds):
        self.change(support, time, **values)
        run(acme, time)
        assert (states(), VisitorLink.objects.get(ended_at__isnull=False).end_reason) == ({"7": state}, reason)
        assert list(Conflict.objects.values_list("kind", flat=True)) == kinds

    def test_a_suspended_user_stays_linked(self, acme, support, time):
        self.change(support, time, suspended=True, name="after")
        run(acme, time)
        visitor = Visitor.objects.get()
        assert (visitor.is_banned, visitor.name, mapping()) == (True, "after", {"7": uuid(1)})

    def test_who_comes_back_is_linked_again(self, acme, support, time):
        self.change(support, time, active=False)
        run(acme, time)
        time.now += timedelta(minutes=1)
        self.change(support, time, active=True)
        run(acme, time)
        assert (states(), mapping(), VisitorLink.objects.count()) == ({"7": "linked"}, {"7": uuid(1)}, 2)

    def test_the_same_record_again_changes_nothing(self, acme, support, time):
        support.log.append(support.users[7])
        before = list(Visitor.objects.values()), list(VisitorLink.objects.values())
        run(acme, time)
        assert (list(Visitor.objects.values()), list(VisitorLink.objects.values())) == before

    def test_an_older_record_changes_nothing(self, acme, support, time):
        old = support.users[7] | {"external_id": uuid(9), "updated_at": "2020-01-01T00:00:00Z"}
        support.log.append(old)
        run(acme, time)
        assert mapping() == {"7": uuid(1)}

    def test_the_newest_of_two_records_of_one_page_counts(self, acme, support, time):
        self.change(support, time, external_id=uuid(2))
        self.change(support, time, external_id=uuid(1))
        run(acme, time)
        assert (mapping(), VisitorLink.objects.count()) == ({"7": uuid(1)}, 1)

    def test_a_time_that_is_to_come_is_not_believed(self, acme, support, time):
        support.put(7, external_id=uuid(2), at=NOW + timedelta(days=900))
        run(acme, time)
        assert (mapping(), Visitor.objects.get().last_seen_at) == ({"7": uuid(2)}, HOUR_AGO)
        assert UserFeed.objects.get().newest_at == HOUR_AGO


class TestSpelling:
    def test_a_change_of_case_alone_is_the_same_link(self, acme, support, time):
        support.put(7, external_id=uuid(1))
        run(acme, time)
        time.now += timedelta(minutes=1)
        support.put(7, external_id=uuid(1).upper(), at=time.now)
        run(acme, time)
        assert (mapping(), VisitorLink.objects.count(), LoginUser.objects.count()) == ({"7": uuid(1).upper()}, 1, 1)
        assert Conflict.objects.count() == 0

    def test_the_spelling_we_issued_counts(self, acme, support, time):
        make_issued(acme, uuid(1), at=NOW - timedelta(days=3))
        support.put(7, external_id=uuid(1).upper())
        run(acme, time)
        assert (mapping(), LoginUser.objects.count()) == ({"7": uuid(1)}, 1)

    def test_a_link_takes_the_spelling_of_a_later_token_by_the_next_pass(self, acme, support, time):
        support.put(7, external_id=uuid(1).upper())
        run(acme, time)
        link = VisitorLink.objects.get()
        make_issued(acme, uuid(1), at=NOW)
        time.now += timedelta(seconds=10)
        run(acme, time)
        assert (mapping(), LoginUser.objects.count(), VisitorLink.objects.get().pk) == ({"7": uuid(1)}, 1, link.pk)
        assert LoginUser.objects.get().is_seen_in_chat

    def test_notes_and_labels_go_with_the_player_to_the_spelling_that_counts(self, acme, support, time):
        support.put(7, external_id=uuid(1).upper())
        run(acme, time)
        claimed, by = LoginUser.objects.get(), make_person("lead")
        player_notes.write_note(player=claimed, text="Refunded", by=by, now=NOW)
        label = labels.add_label(name="VIP", colour="violet", by=by, now=NOW)
        player_labels.put_label(player=claimed, label_key=label.pk, by=by, now=NOW)
        make_issued(acme, uuid(1), at=NOW)
        time.now += timedelta(seconds=10)
        run(acme, time)
        player = LoginUser.objects.get()
        assert (player.user_id, player.notes.get().text) == (uuid(1), "Refunded")
        assert player_labels.find_labels(player_keys=[player.pk]) == {player.pk: (label,)}

    def test_the_newest_of_several_spellings_that_got_tokens_counts(self, acme, support, time):
        for user_id, days in ((uuid(1), 1), (uuid(1).upper(), 3)):
            make_issued(acme, user_id, at=NOW - timedelta(days=days))
        support.put(7, external_id=uuid(1).upper())
        run(acme, time)
        assert (mapping(), LoginUser.objects.count()) == ({"7": uuid(1)}, 2)


class TestPlace:
    def test_continues_where_the_last_pass_ended(self, acme, support, time):
        support.limit = 1
        for number in range(3):
            support.put(number + 1, external_id=uuid(number))
        run(acme, time)
        assert [place for _call, place in support.calls] == [0, "1", "2"]
        support.calls.clear()
        run(acme, time)
        assert (support.calls, len(mapping())) == ([("page", "3")], 3)

    def test_reads_from_the_sync_start(self, support, time):
        run(make_support(sync_start=HOUR_AGO), time)
        assert support.calls == [("page", int(HOUR_AGO.timestamp()))]

    def test_never_asks_for_what_is_younger_than_a_minute(self, support, time):
        run(make_support(sync_start=NOW - timedelta(seconds=1)), time)
        assert support.calls == [("page", int(NOW.timestamp()) - 61)]

    def test_reads_past_empty_pages(self, acme, support, time):
        support.put(7, external_id=uuid(1))
        support.empty_pages = 3
        run(acme, time)
        assert (mapping(), len(support.calls)) == ({"7": uuid(1)}, 4)

    def test_gives_up_on_a_feed_that_leads_back_to_itself(self, acme, support, time):
        support.put(7, external_id=uuid(1))
        run(acme, time)
        support.users_page = lambda **_place: UsersPage(users=(), cursor="1", is_end=False)
        assert run(acme, time).reason == "vendor_fault"

    def test_reads_all_again_when_asked_to(self, acme, support, time):
        support.put(7, external_id=uuid(1))
        run(acme, time)
        support.calls.clear()
        run(acme, time, is_full=True)
        assert (support.calls, mapping()) == ([("page", 0)], {"7": uuid(1)})

    def test_starts_again_from_a_time_where_the_cursor_is_refused(self, acme, support, time):
        support.put(7, external_id=uuid(1), at=HOUR_AGO)
        support.put(8, role="agent", at=HOUR_AGO + timedelta(minutes=30))
        run(acme, time)
        support.calls.clear()
        support.faults = [CursorRefused("Zendesk does not take the cursor any more (422).")]
        report = run(acme, time)
        from_s = int((HOUR_AGO + timedelta(minutes=25)).timestamp())
        assert (report.is_complete, support.calls) == (True, [("page", "2"), ("page", from_s)])

    def test_gives_up_where_every_cursor_is_refused(self, acme, support, time):
        support.limit = 1
        for number in range(3):
            support.put(number + 1, external_id=uuid(number))
        refused = CursorRefused("Zendesk does not take the cursor any more (404).")
        support.faults = [None, refused, None, refused]
        report = run(acme, time)
        assert (report.reason, len(support.calls)) == ("vendor_fault", 4)

    def test_keeps_a_page_and_its_place_together(self, acme, support, time):
        support.limit = 1
        for number in range(3):
            support.put(number + 1, external_id=uuid(number))
        support.faults = [None, *[ZendeskTryLater("Zendesk failed (502).", reason="vendor_fault")] * 5]
        report = run(acme, time)
        assert (report.reason, len(mapping()), UserFeed.objects.get().cursor) == ("vendor_fault", 1, "1")
        run(acme, time)
        assert len(mapping()) == 3

    def test_a_pass_over_nothing_new_is_one_call_and_writes_no_row(self, acme, support, time):
        for number in range(3):
            support.put(number + 1, external_id=uuid(number))
        run(acme, time)
        models = (Visitor, VisitorLink, LoginUser, Conflict)
        before = [list(model.objects.order_by("pk").values()) for model in models]
        feed = UserFeed.objects.get().cursor
        report = run(acme, time)
        assert (report.run.calls, [list(model.objects.order_by("pk").values()) for model in models]) == (1, before)
        assert UserFeed.objects.get().cursor == feed
