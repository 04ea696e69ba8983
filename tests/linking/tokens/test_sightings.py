import threading
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, connection

from linking.models import Integration, LoginUser, TokenDay
from linking.models.counts import token_counts
from linking.models.counts.token_counts import TokenDayQuerySet
from linking.tokens import login_jwt, sightings, write_behind
from linking.tokens.write_behind import TURNS
from tests.factories import make_integration, make_login_user

pytestmark = pytest.mark.django_db
NOON = 1_767_268_800
A_DAY_S = 86_400


@pytest.fixture
def acme():
    return make_integration()


def note(integration, user_id="nadia", *, at=NOON, email="nadia@player.example", name="Nadia"):
    user = login_jwt.VerifiedUser(user_id=user_id, email=email, email_flaw=None, name=name)
    sightings.note(integration.pk, user, at + 0.5)


def time(epoch_s):
    return datetime.fromtimestamp(epoch_s, tz=UTC)


def break_store(monkeypatch, error):
    def away(_batch):
        raise error("away")

    monkeypatch.setattr(sightings._waiting, "store", away)


class TestNote:
    def test_costs_no_query(self, acme, django_assert_num_queries):
        with django_assert_num_queries(0):
            note(acme)

    def test_drops_and_counts_new_users_when_full(self, acme, monkeypatch):
        monkeypatch.setattr(sightings._waiting, "at_most", 2)
        for user_id in ("a", "b", "c", "a"):
            note(acme, user_id)
        assert sightings.count_dropped() == 1
        assert sightings.flush() == 2

    def test_counts_every_one_of_many_threads(self, acme):
        threads = [threading.Thread(target=lambda: [note(acme) for _ in range(200)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sightings.flush()
        assert LoginUser.objects.get().tokens_issued == 1600


class TestFlush:
    def test_makes_a_user_appear(self, acme):
        note(acme)
        assert sightings.flush() == 1
        user = LoginUser.objects.get()
        assert (user.user_id, user.email, user.name, user.tokens_issued) == (
            "nadia",
            "nadia@player.example",
            "Nadia",
            1,
        )
        assert user.first_authenticated_at == user.last_authenticated_at == time(NOON)

    def test_writes_nothing_twice(self, acme):
        note(acme)
        sightings.flush()
        assert sightings.flush() == 0
        assert LoginUser.objects.get().tokens_issued == 1

    def test_adds_to_a_known_user(self, acme):
        note(acme)
        sightings.flush()
        note(acme, at=NOON + 60, email="new@player.example")
        note(acme, at=NOON + 90, email="new@player.example")
        sightings.flush()
        user = LoginUser.objects.get()
        assert (user.tokens_issued, user.email) == (3, "new@player.example")
        assert (user.first_authenticated_at, user.last_authenticated_at) == (time(NOON), time(NOON + 60))

    @pytest.mark.parametrize(("later", "last"), [(1, 0), (59, 0), (60, 60), (119, 60), (3600, 3600)])
    def test_writes_the_last_time_to_the_minute(self, acme, later, last):
        note(acme)
        sightings.flush()
        note(acme, at=NOON + later)
        sightings.flush()
        assert LoginUser.objects.get().last_authenticated_at == time(NOON + last)

    def test_never_writes_a_last_time_before_the_first(self, acme):
        note(acme, at=NOON + 59)
        sightings.flush()
        user = LoginUser.objects.get()
        assert user.first_authenticated_at == user.last_authenticated_at == time(NOON + 59)

    def test_verifies_a_user_that_was_only_claimed(self, acme):
        make_login_user(integration=acme, user_id="nadia")
        note(acme)
        sightings.flush()
        assert LoginUser.objects.get().is_verified

    def test_never_moves_the_last_time_back(self, acme):
        note(acme, at=NOON + 60)
        sightings.flush()
        note(acme, at=NOON)
        sightings.flush()
        assert LoginUser.objects.get().last_authenticated_at == time(NOON + 60)

    def test_moves_the_first_time_back_where_another_process_was_faster(self, acme):
        note(acme, at=NOON + 60)
        sightings.flush()
        sightings.forget()  # what waits in the other process knows nothing of this one's
        note(acme, at=NOON)
        sightings.flush()
        assert LoginUser.objects.get().first_authenticated_at == time(NOON)

    def test_keeps_the_users_of_two_integrations_apart(self, acme):
        note(acme)
        note(make_integration(slug="other"))
        sightings.flush()
        assert LoginUser.objects.count() == 2

    def test_writes_more_than_one_batch(self, acme, monkeypatch):
        monkeypatch.setattr(sightings._waiting, "batch_size", 3)
        for number in range(8):
            note(acme, f"user-{number}")
        assert sightings.flush() == 8
        assert LoginUser.objects.count() == 8

    def test_rests_between_batches_and_not_after_the_last(self, acme, monkeypatch):
        rests = []
        monkeypatch.setattr(sightings._waiting, "batch_size", 3)
        monkeypatch.setattr(write_behind.time, "sleep", rests.append)
        for number in range(8):
            note(acme, f"user-{number}")
        assert (sightings.flush(rest_s=0.5), rests) == (8, [0.5, 0.5])

    @pytest.mark.django_db(transaction=True)
    def test_leaves_out_an_integration_that_was_removed_the_next_time(self, acme):
        other = make_integration(slug="other")
        note(other)
        note(acme)
        Integration.objects.filter(pk=other.pk).delete()
        with pytest.raises(IntegrityError):
            sightings.flush()
        assert sightings.flush() == 1
        assert LoginUser.objects.get().integration_id == acme.pk


class TestDays:
    def days(self):
        return list(TokenDay.objects.order_by("day").values_list("day", "tokens", "last_at"))

    def test_add_up_over_flushes(self, acme):
        for at in (NOON, NOON + 300, NOON + 600):
            note(acme, at=at)
            sightings.flush()
        assert self.days() == [(time(NOON).date(), 3, time(NOON + 600))]

    def test_are_days_of_utc(self, acme):
        for at in (NOON, NOON + A_DAY_S):
            note(acme, at=at)
            sightings.flush()
        assert [(day, tokens) for day, tokens, _at in self.days()] == [
            (time(NOON).date(), 1), (time(NOON + A_DAY_S).date(), 1),
        ]  # fmt: skip

    def test_never_move_their_last_time_back(self, acme):
        for at in (NOON + 60, NOON):
            note(acme, at=at)
            sightings.flush()
        assert self.days() == [(time(NOON).date(), 2, time(NOON + 60))]

    def test_belong_to_their_own_player(self, acme):
        other = make_integration(slug="other")
        for integration, user_id in ((acme, "nadia"), (acme, "omar"), (other, "nadia")):
            note(integration, user_id)
        note(acme, "omar")
        sightings.flush()
        found = TokenDay.objects.values_list("login_user__integration", "login_user__user_id", "tokens")
        assert set(found) == {(acme.pk, "nadia", 1), (acme.pk, "omar", 2), (other.pk, "nadia", 1)}

    def test_cost_one_statement_a_batch(self, acme, django_assert_num_queries):
        for number in range(20):
            note(acme, f"user-{number}")
        # Two statements in a savepoint of the test's transaction, and whether anybody was erased (PostgreSQL: a lock).
        with django_assert_num_queries(6 if connection.vendor == "postgresql" else 5):
            sightings.flush()

    def test_are_written_with_the_player_or_not_at_all(self, acme, monkeypatch):
        def fail(*_args):
            raise OperationalError("away")

        note(acme)
        with monkeypatch.context() as broken:
            broken.setattr(TokenDayQuerySet, "add", fail)
            with pytest.raises(OperationalError):
                sightings.flush()
        assert LoginUser.objects.count() == 0
        sightings.flush()
        assert self.days() == [(time(NOON).date(), 1, time(NOON))]

    def test_go_with_their_player(self, acme):
        note(acme)
        sightings.flush()
        LoginUser.objects.all().delete()
        assert self.days() == []

    def test_are_pruned_after_thirty_days(self, acme):
        note(acme)
        sightings.flush()
        for days, left in ((29, 1), (30, 0)):
            TokenDay.objects.prune(now=time(NOON + days * A_DAY_S))
            assert TokenDay.objects.count() == left

    def test_are_pruned_beyond_a_number_of_rows_and_in_parts(self, acme, monkeypatch):
        monkeypatch.setattr(token_counts, "TOKEN_DAY_ROWS_MOST", 3)
        monkeypatch.setattr(token_counts, "_DELETED_AT_ONCE", 2)
        for number in range(8):
            note(acme, f"user-{number}")
        sightings.flush()
        newest = list(TokenDay.objects.order_by("-pk").values_list("pk", flat=True)[:3])
        assert TokenDay.objects.prune(now=time(NOON)) == 5
        assert list(TokenDay.objects.order_by("-pk").values_list("pk", flat=True)) == newest


class TestFlushOfThoseNotWrittenLately:
    @pytest.fixture(autouse=True)
    def _nadia_is_written(self, acme):
        note(acme)
        assert sightings.flush(turn=self.another_turn) == 1

    @property
    def another_turn(self):
        """A turn that is not Nadia's."""
        (key,) = (key for key in sightings._waiting.counted if key[1] == "nadia")
        return hash(key) % TURNS + 1

    def tokens(self):
        return dict(LoginUser.objects.values_list("user_id", "tokens_issued"))

    def test_leaves_the_others_for_later(self, acme):
        note(acme, at=NOON + 1)
        note(acme, "omar", at=NOON + 1)
        assert sightings.flush(turn=self.another_turn) == 1
        assert self.tokens() == {"nadia": 1, "omar": 1}
        assert sightings.flush() == 1
        assert self.tokens() == {"nadia": 2, "omar": 1}

    def test_leaves_nobody_when_there_are_too_many(self, acme, monkeypatch):
        monkeypatch.setattr(sightings._waiting, "at_most", 2)
        note(acme)
        note(acme, "omar")
        assert sightings.flush(turn=self.another_turn) == 2

    def test_comes_round_to_everybody(self, acme, monkeypatch):
        turns = []
        monkeypatch.setattr(sightings._Flushing, "flushes", (lambda *, turn: turns.append(turn),))
        monkeypatch.setattr(sightings._Flushing, "stop", FewRounds(TURNS))
        sightings._keep_flushing()
        assert {turn % TURNS for turn in turns} == set(range(TURNS))

    def test_keeps_what_comes_while_it_writes(self, acme, monkeypatch):
        store = sightings._store

        def store_and_note(batch):
            note(acme, at=NOON + 2)
            store(batch)

        note(acme, at=NOON + 1)
        with monkeypatch.context() as busy:
            busy.setattr(sightings._waiting, "store", store_and_note)
            sightings.flush()
        assert self.tokens() == {"nadia": 2}
        sightings.flush()
        assert self.tokens() == {"nadia": 3}


@pytest.mark.django_db(transaction=True)
def test_flushing_leaves_the_connection_open(acme, monkeypatch):
    closed = []
    monkeypatch.setattr(sightings._Flushing, "flushes", (sightings.flush,))
    monkeypatch.setattr(connection, "close", lambda: closed.append(True))
    for _ in range(2):
        note(acme)
        sightings._flush_or_say(turn=None)
    assert (closed, LoginUser.objects.get().tokens_issued) == ([], 2)


class FewRounds:
    """An event that is waited for so many times, and then is there."""

    def __init__(self, rounds):
        self.left = rounds

    def wait(self, _seconds):
        self.left -= 1
        return self.left < 0


class TestFlushWithoutDatabase:
    @pytest.mark.parametrize("error", [OperationalError, InterfaceError])
    def test_puts_back_what_could_not_be_written(self, acme, monkeypatch, error):
        note(acme)
        with monkeypatch.context() as broken:
            break_store(broken, error)
            with pytest.raises(error):
                sightings.flush()
        assert sightings.flush() == 1

    def test_adds_what_came_meanwhile(self, acme, monkeypatch):
        note(acme)
        with monkeypatch.context() as broken:
            break_store(broken, OperationalError)
            with pytest.raises(OperationalError):
                sightings.flush()
            note(acme, at=NOON + 30)
        sightings.flush()
        user = LoginUser.objects.get()
        assert (user.tokens_issued, user.first_authenticated_at) == (2, time(NOON))

    def test_keeps_the_batches_that_were_written(self, acme, monkeypatch):
        monkeypatch.setattr(sightings._waiting, "batch_size", 1)
        store, stored = sightings._store, []

        def fail_at_the_second(batch):
            if stored:
                raise OperationalError("away")
            stored.append(batch)
            store(batch)

        note(acme, "a")
        note(acme, "b")
        with monkeypatch.context() as broken:
            broken.setattr(sightings._waiting, "store", fail_at_the_second)
            with pytest.raises(OperationalError):
                sightings.flush()
        assert sightings.flush() == 1
        assert [user.tokens_issued for user in LoginUser.objects.all()] == [1, 1]

    def test_merges_with_what_came_while_it_was_failing(self, acme, monkeypatch):
        note(acme)

        def note_and_fail(_batch):
            note(acme, at=NOON + 30, email="new@player.example")
            raise OperationalError("away")

        with monkeypatch.context() as broken:
            broken.setattr(sightings._waiting, "store", note_and_fail)
            with pytest.raises(OperationalError):
                sightings.flush()
        sightings.flush()
        user = LoginUser.objects.get()
        assert (user.tokens_issued, user.email, user.first_authenticated_at) == (2, "new@player.example", time(NOON))

    def test_stays_within_its_bound(self, acme, monkeypatch):
        monkeypatch.setattr(sightings._waiting, "at_most", 1)
        note(acme, "a")

        def note_and_fail(_batch):
            note(acme, "b")
            raise OperationalError("away")

        monkeypatch.setattr(sightings._waiting, "store", note_and_fail)
        with pytest.raises(OperationalError):
            sightings.flush()
        assert sightings.count_dropped() == 1
