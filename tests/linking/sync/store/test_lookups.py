from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linking.models import LoginUser, Visitor
from linking.sync.plans.facts import LookupPriority
from linking.sync.store import leases, lookups
from tests.factories import NOW, make_integration, make_login_user, make_visitor

pytestmark = pytest.mark.django_db

HOUR_AGO = NOW - timedelta(hours=1)


@pytest.fixture
def acme():
    return make_integration()


def sign_in(acme, user_id, *, ago=timedelta(minutes=1), **words):
    times = {"first_authenticated_at": NOW - ago, "last_authenticated_at": NOW - ago, "tokens_issued": 1}
    return make_login_user(integration=acme, user_id=user_id, **times, **words)


def wait(acme, visitor_id, **changes):
    values = {"state": "pending", "checked_at": None, "lookup_due_at": NOW, "lookup_rank": LookupPriority.NEW} | changes
    return make_visitor(integration=acme, visitor_id=visitor_id, **values)


def wait_many(acme, number, **changes):
    values = {
        "state": "pending",
        "lookup_due_at": NOW,
        "lookup_rank": LookupPriority.NEW,
        "first_seen_at": NOW,
    } | changes
    rows = [Visitor(integration=acme, visitor_id=f"7.m{n}", last_seen_at=NOW, **values) for n in range(number)]
    Visitor.objects.bulk_create(rows)


def promoted():
    return set(Visitor.objects.filter(lookup_rank=LookupPriority.IDENTIFIED).values_list("visitor_id", flat=True))


def promote(acme, **changes):
    return lookups.promote(integration_id=acme.pk, **({"since": HOUR_AGO, "now": NOW} | changes))


def naively_promoted(*, acme):
    """What one look at everything would move forward."""
    waiting = list(Visitor.objects.filter(integration=acme, lookup_due_at__isnull=False))
    carried = Counter(one.name.lower() for one in waiting)
    users = LoginUser.objects.filter(integration=acme, last_authenticated_at__gte=HOUR_AGO)
    emails = {user.email.lower() for user in users} - {""}
    names = ({user.name.lower() for user in users} | emails) - {""}
    names = {name for name in names if carried[name] <= lookups.NAMESAKES_MOST}
    return {
        one.visitor_id
        for one in waiting
        if one.lookup_attempts == 0
        and one.state in ("pending", "anonymous")
        and (one.lookup_rank == LookupPriority.IDENTIFIED or one.email.lower() in emails or one.name.lower() in names)
    } | {one.visitor_id for one in waiting if one.lookup_rank == LookupPriority.IDENTIFIED}


class TestPromote:
    @pytest.mark.parametrize("carried", [{"email": "Ann@Mail.example"}, {"name": "ann"}, {"name": "ANN@mail.example"}])
    def test_moves_those_forward_that_carry_a_word_of_a_user(self, acme, carried):
        sign_in(acme, "u", email="ann@mail.example", name="Ann")
        wait(acme, "7.a", **carried)
        assert (promote(acme), promoted()) == (1, {"7.a"})

    def test_moves_nobody_for_a_name_that_51_visitors_carry(self, acme):
        sign_in(acme, "u", name="Ann")
        wait_many(acme, 51, name="ann")
        assert promote(acme) == 0

    def test_moves_all_50_that_carry_a_name(self, acme):
        sign_in(acme, "u", name="Ann")
        wait_many(acme, 50, name="ann")
        assert promote(acme) == 50

    def test_counts_those_that_an_address_moved_as_namesakes_too(self, acme):
        sign_in(acme, "u", name="Ann", email="ann@mail.example")
        wait_many(acme, 51, name="Ann")
        Visitor.objects.filter(visitor_id="7.m0").update(email="ann@mail.example")
        promote(acme)
        promote(acme)
        assert promoted() == {"7.m0"}

    def test_moves_everybody_that_carries_an_address(self, acme, monkeypatch):
        monkeypatch.setattr(lookups, "BATCH", 20)
        sign_in(acme, "u", email="ann@mail.example")
        wait_many(acme, 90, email="ann@mail.example")
        assert promote(acme) == 90

    def test_leaves_the_visitors_of_another_integration_alone(self, acme):
        sign_in(acme, "u", name="Ann")
        wait(make_integration(slug="other", login_project_id="p"), "7.a", name="Ann")
        assert promote(acme) == 0

    @pytest.mark.parametrize(
        "changes",
        [
            {"lookup_attempts": 1},
            {"state": "linked", "checked_at": NOW},
            {"lookup_due_at": None, "state": "anonymous", "checked_at": NOW},
        ],
    )
    def test_leaves_those_alone_that_gain_nothing(self, acme, changes):
        sign_in(acme, "u", name="Ann")
        wait(acme, "7.a", name="Ann", **changes)
        assert promote(acme) == 0

    def test_takes_no_more_keys_than_a_batch_at_once(self, acme, monkeypatch):
        monkeypatch.setattr(lookups, "BATCH", 10)
        sign_in(acme, "u", email="ann@mail.example")
        wait_many(acme, 35, email="ann@mail.example")
        with CaptureQueriesContext(connection) as seen:
            promote(acme)
        assert sum('UPDATE "linking_visitor"' in one["sql"] for one in seen) == 4

    def test_remembers_that_it_is_done(self, acme):
        promote(acme)
        assert lookups.read_promoted_until(integration_id=acme.pk) == NOW

    def test_goes_on_where_it_was_stopped(self, acme, monkeypatch):
        monkeypatch.setattr(lookups, "USERS_AT_ONCE", 1)
        for number in range(4):
            sign_in(acme, f"u{number}", ago=timedelta(minutes=40 - number), email=f"{number}@mail.example")
            wait(acme, f"7.{number}", email=f"{number}@mail.example")
        left = iter([True, True, True, False])
        promote(acme, leave=lookups.Leave(go_on=lambda: next(left)))
        promote(acme, since=lookups.read_promoted_until(integration_id=acme.pk))
        assert promoted() == {"7.0", "7.1", "7.2", "7.3"}

    def test_keeps_what_was_reached_when_it_is_stopped(self, acme, monkeypatch):
        monkeypatch.setattr(lookups, "USERS_AT_ONCE", 1)
        for number in range(3):
            sign_in(acme, f"u{number}", ago=timedelta(minutes=40 - number), email=f"{number}@mail.example")
        left = iter([True, True, False])
        promote(acme, leave=lookups.Leave(go_on=lambda: next(left)))
        assert lookups.read_promoted_until(integration_id=acme.pk) == NOW - timedelta(minutes=40)

    def test_writes_nothing_under_a_lost_lease(self, acme):
        held = leases.take(name="sync")
        leases.revoke(name="sync")
        sign_in(acme, "u", name="Ann")
        wait(acme, "7.a", name="Ann")
        with pytest.raises(leases.LeaseLost):
            promote(acme, leave=lookups.Leave(held=held))
        assert promoted() == set()

    @settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_moves_in_batches_whom_one_look_would_move(self, acme, monkeypatch, data):
        """Whatever the batches: the same visitors as a naive version that looks at everything at once."""
        monkeypatch.setattr(lookups, "NAMESAKES_MOST", 3)
        monkeypatch.setattr(lookups, "BATCH", data.draw(st.integers(1, 4)))
        monkeypatch.setattr(lookups, "USERS_AT_ONCE", data.draw(st.integers(1, 4)))
        Visitor.objects.all().delete()
        LoginUser.objects.all().delete()
        words = st.sampled_from(["", "ann", "Ann", "bo@x.example", "BO@x.example", "cy"])
        ranks, attempts = st.sampled_from(list(LookupPriority)), st.sampled_from([0, 0, 0, 2])
        for number in range(data.draw(st.integers(0, 6))):
            ago = timedelta(minutes=data.draw(st.sampled_from([1, 1, 5, 59, 61])))
            sign_in(acme, f"u{number}", ago=ago, email=data.draw(words), name=data.draw(words))
        for number in range(data.draw(st.integers(0, 14))):
            state = data.draw(st.sampled_from(["pending", "anonymous", "linked"]))
            wait(acme, f"7.{number}", state=state, checked_at=NOW, email=data.draw(words), name=data.draw(words),
                 lookup_rank=data.draw(ranks), lookup_attempts=data.draw(attempts))  # fmt: skip
        expected = naively_promoted(acme=acme)
        promote(acme)
        assert promoted() == expected


class TestLookupsLeft:
    def test_counts_those_who_are_due(self, acme):
        wait_many(acme, 3)
        wait(acme, "7.later", lookup_due_at=NOW + timedelta(hours=1))
        assert lookups.count_lookups_left(integration_id=acme.pk, now=NOW) == 3

    def test_stops_counting_where_more_would_take_long(self, acme, monkeypatch):
        monkeypatch.setattr(lookups, "LEFT_COUNTED_MOST", 2)
        wait_many(acme, 3)
        assert lookups.count_lookups_left(integration_id=acme.pk, now=NOW) == 2


class TestQueueOldest:
    def answered(self, acme, number, **changes):
        wait_many(acme, number, lookup_due_at=None, state="anonymous", checked_at=NOW - timedelta(days=3), **changes)

    def queue(self, acme, **changes):
        return lookups.queue_oldest(integration_id=acme.pk, **({"per_minute": 150, "now": NOW} | changes))

    def test_queues_a_thirtieth_in_batches(self, acme, monkeypatch):
        monkeypatch.setattr(lookups, "BATCH", 2)
        self.answered(acme, 150)
        assert (self.queue(acme), Visitor.objects.waiting().count()) == (5, 5)

    def test_queues_the_oldest(self, acme):
        self.answered(acme, 30)
        Visitor.objects.filter(visitor_id="7.m9").update(checked_at=NOW - timedelta(days=9))
        self.queue(acme)
        assert Visitor.objects.waiting().get().visitor_id == "7.m9"

    def test_keeps_what_was_queued_when_it_is_stopped(self, acme, monkeypatch):
        monkeypatch.setattr(lookups, "BATCH", 2)
        self.answered(acme, 150)
        left = iter([True, False])
        assert self.queue(acme, leave=lookups.Leave(go_on=lambda: next(left))) == 2


class TestHasten:
    def test_brings_failed_ones_forward_in_batches(self, acme, monkeypatch):
        monkeypatch.setattr(lookups, "BATCH", 2)
        wait_many(acme, 5, lookup_attempts=3, lookup_due_at=NOW + timedelta(hours=1))
        wait(acme, "7.fine", lookup_due_at=NOW + timedelta(hours=1))
        assert (lookups.hasten_failed(integration_id=acme.pk, now=NOW), Visitor.objects.due(now=NOW).count()) == (5, 5)

    def test_brings_everybody_forward_stretch_by_stretch(self, acme, monkeypatch):
        monkeypatch.setattr(lookups, "BATCH", 2)
        monkeypatch.setattr(lookups, "KEYS_AT_ONCE", 3)
        wait_many(acme, 10, lookup_due_at=NOW + timedelta(hours=1))
        wait_many(make_integration(slug="other", login_project_id="p"), 3, lookup_due_at=NOW + timedelta(hours=1))
        assert (lookups.hasten_all(integration_id=acme.pk, now=NOW), Visitor.objects.due(now=NOW).count()) == (10, 10)

    def test_brings_nobody_forward_where_nobody_is_known(self, acme):
        assert lookups.hasten_all(integration_id=acme.pk, now=NOW) == 0


class TestIndexes:
    @pytest.mark.parametrize("column", ["email", "name"])
    def test_lead_to_those_who_carry_a_word(self, acme, column):
        if connection.vendor != "sqlite":
            pytest.skip("PostgreSQL reads a small table whole, rightly")
        with CaptureQueriesContext(connection) as seen:
            lookups.find_namesakes(integration_id=acme.pk, column=column, words={"ann"}, limit=9)
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + seen[0]["sql"])
            assert f"visitor_waiting_{column}" in str(cursor.fetchall())
