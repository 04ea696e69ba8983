"""What one batch of answers leaves behind."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linking.clients.zendesk_records import parse_visitor
from linking.models import LoginUser, Visitor, VisitorAlias, VisitorLink
from linking.sync.store.answers import store_answers
from linking.sync.store.batch import VisitorAnswer
from tests.factories import NOW, make_integration, make_link, make_login_user, make_run, make_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_integration()


def answer(asked_id, *, as_id=None, user_id="u"):
    record = parse_visitor({"id": as_id or asked_id, "external_id": user_id, "name": "", "email": ""})
    return VisitorAnswer(asked_id=asked_id, record=record)


def store(acme, *answers):
    return store_answers(run=make_run(integration=acme), answers=answers, now=NOW)


class TestStatements:
    def test_are_as_many_for_fifty_answers_as_for_two(self, acme):
        def number(*places):
            for place in places:
                make_visitor(integration=acme, visitor_id=f"7.v{place}")
            with CaptureQueriesContext(connection) as asked:
                store(acme, *[answer(f"7.v{place}", user_id=f"u{place}") for place in places])
            return len(asked)

        assert number(*range(2)) == number(*range(10, 60))


class TestJoins:
    def test_follows_a_visitor_that_was_joined_on_within_a_batch(self, acme):
        for visitor_id in ("7.a", "7.b", "7.c"):
            make_visitor(integration=acme, visitor_id=visitor_id)
        store(acme, answer("7.a", as_id="7.b"), answer("7.b", as_id="7.c"))
        aliases = VisitorAlias.objects.order_by("alias_id").values_list("alias_id", "visitor__visitor_id")
        links = VisitorLink.objects.values_list("visitor__visitor_id", "login_user__user_id")
        assert (Visitor.objects.get().visitor_id, list(links)) == ("7.c", [("7.c", "u")])
        assert list(aliases) == [("7.a", "7.c"), ("7.b", "7.c")]

    @pytest.mark.parametrize(
        "said",
        [
            [("7.a", "7.b"), ("7.b", "7.a")],
            [("7.a", "7.b"), ("7.b", "7.c"), ("7.c", "7.a")],
            [("7.b", "7.c"), ("7.c", "7.d"), ("7.a", "7.b")],
            [("7.a", "7.x"), ("7.b", "7.a"), ("7.c", "7.x"), ("7.d", "7.b")],
        ],
    )
    def test_lives_through_answers_that_contradict_each_other(self, acme, said):
        for visitor_id in ("7.a", "7.b", "7.c", "7.d"):
            make_visitor(integration=acme, visitor_id=visitor_id)
        store(acme, *[answer(asked_id, as_id=as_id) for asked_id, as_id in said])
        ids = set(Visitor.objects.values_list("visitor_id", flat=True))
        aliases = set(VisitorAlias.objects.values_list("alias_id", flat=True))
        assert ({"7.a", "7.b", "7.c", "7.d"} <= ids | aliases, ids & aliases) == (True, set())

    def test_remembers_whom_each_of_them_was_linked_to(self, acme):
        rows = [make_visitor(integration=acme, visitor_id=visitor_id) for visitor_id in ("7.a", "7.b", "7.c")]
        for row, user_id in zip(rows, ["u1", "u2", "u3"], strict=True):
            make_link(visitor=row, login_user=make_login_user(integration=acme, user_id=user_id))
        store(acme, answer("7.a", as_id="7.b", user_id="u3"), answer("7.b", as_id="7.c", user_id="u3"))
        users = rows[2].links.values_list("login_user__user_id", flat=True)
        assert (sorted(users), rows[2].conflicts.get().kind) == (["u1", "u2", "u3"], "shared_device")


class TestTimes:
    """A link is of the time when the question left: an answer may wait for two seconds until it is stored."""

    ASKED_AT = NOW - timedelta(seconds=2)

    def store_late(self, acme, **told):
        store(acme, replace(answer("7.a", **told), asked_at=self.ASKED_AT))

    def test_of_a_new_link_are_when_the_question_left(self, acme):
        make_visitor(integration=acme, visitor_id="7.a", checked_at=None, state="pending")
        self.store_late(acme)
        link = VisitorLink.objects.get()
        assert (link.first_seen_at, link.last_confirmed_at) == (self.ASKED_AT, self.ASKED_AT)

    def test_of_a_confirmed_link_are_when_the_last_question_left(self, acme):
        before = NOW - timedelta(hours=1)
        row = make_visitor(integration=acme, visitor_id="7.a", checked_at=before)
        user = make_login_user(integration=acme, user_id="u")
        make_link(visitor=row, login_user=user, first_seen_at=before, last_confirmed_at=before)
        self.store_late(acme)
        link = VisitorLink.objects.get()
        assert (link.first_seen_at, link.last_confirmed_at) == (before, self.ASKED_AT)

    def test_of_a_confirmed_link_never_go_back(self, acme):
        row = make_visitor(integration=acme, visitor_id="7.a", checked_at=NOW - timedelta(hours=1))
        make_link(visitor=row, login_user=make_login_user(integration=acme, user_id="u"))
        self.store_late(acme)
        assert VisitorLink.objects.get().last_confirmed_at == NOW

    def test_let_the_old_link_end_where_the_new_one_begins(self, acme):
        before = NOW - timedelta(hours=1)
        row = make_visitor(integration=acme, visitor_id="7.a", checked_at=before)
        user = make_login_user(integration=acme, user_id="old")
        make_link(visitor=row, login_user=user, first_seen_at=before, last_confirmed_at=before)
        self.store_late(acme)
        ended, opened = VisitorLink.objects.order_by("pk")
        assert (ended.ended_at, opened.first_seen_at) == (self.ASKED_AT, self.ASKED_AT)


class TestOvertaken:
    """An answer waits up to two seconds to be stored, and somebody else may ask about the same visitor meanwhile."""

    @pytest.fixture
    def row(self, acme):
        return make_visitor(integration=acme, visitor_id="7.a")

    def store_late(self, acme, given, **seconds_ago):
        store(acme, replace(given, asked_at=NOW - timedelta(**seconds_ago)))

    def test_changes_nothing_where_a_later_question_was_answered(self, acme, row):
        link = make_link(visitor=row, login_user=make_login_user(integration=acme, user_id="newer"))
        for late in (answer("7.a", user_id="older"), answer("7.a", user_id=None), VisitorAnswer(asked_id="7.a")):
            self.store_late(acme, late, seconds=1)
        assert list(VisitorLink.objects.values_list("pk", "ended_at")) == [(link.pk, None)]

    def test_joins_nobody_to_whom_a_later_question_was_answered(self, acme, row):
        make_visitor(integration=acme, visitor_id="7.b", checked_at=NOW - timedelta(hours=1))
        self.store_late(acme, answer("7.b", as_id="7.a"), seconds=1)
        assert (Visitor.objects.count(), VisitorLink.objects.count()) == (2, 0)

    def test_counts_where_the_later_time_is_of_a_clock_that_was_set_back(self, acme, row):
        Visitor.objects.update(checked_at=NOW + timedelta(hours=1))
        self.store_late(acme, answer("7.a"), seconds=1)
        assert VisitorLink.objects.count() == 1

    def test_leaves_the_visitor_waiting_that_did_something_since_the_question(self, acme, row):
        due_at = NOW + timedelta(minutes=1)
        Visitor.objects.update(checked_at=None, state="pending", lookup_due_at=due_at, lookup_rank=2)
        store(acme, replace(answer("7.a"), activity_at=NOW - timedelta(seconds=1)))
        row.refresh_from_db()
        assert (row.state, row.lookup_due_at, row.lookup_rank) == ("linked", due_at, 2)

    def test_settles_a_visitor_that_did_nothing_since(self, acme, row):
        Visitor.objects.update(lookup_due_at=NOW)
        store(acme, replace(answer("7.a"), activity_at=NOW))
        assert Visitor.objects.get().lookup_due_at is None


class TestUsers:
    def test_are_added_and_marked_as_seen(self, acme):
        known = make_login_user(integration=acme, user_id="known")
        for visitor_id, user_id in (("7.a", "known"), ("7.b", "new")):
            make_visitor(integration=acme, visitor_id=visitor_id)
            store(acme, answer(visitor_id, user_id=user_id))
        seen = LoginUser.objects.filter(is_seen_in_chat=True).values_list("user_id", flat=True)
        assert (sorted(seen), LoginUser.objects.get(user_id="known")) == (["known", "new"], known)

    def test_of_another_integration_stay_theirs(self, acme):
        theirs = make_login_user(integration=make_integration(slug="other", login_project_id="other"), user_id="u")
        make_visitor(integration=acme, visitor_id="7.a")
        store(acme, answer("7.a"))
        theirs.refresh_from_db()
        assert (VisitorLink.objects.get().login_user.integration, theirs.is_seen_in_chat) == (acme, False)
