"""One budget an account."""

import threading

import pytest
from django.db import connection

from linking.models import RequestSlot
from linking.sync.store.request_slots import Calls, is_paused, load_calls, pause, reserve_slot, take_slot

pytestmark = pytest.mark.django_db
NOW = 1_795_348_800.0


def take(*, now=NOW, account="a", per_minute=60):
    return take_slot(account=account, per_minute=per_minute, now_epoch_s=now)


class TestTakeSlot:
    def test_lets_the_first_call_leave(self):
        assert take().seconds == 0

    def test_spaces_calls_evenly(self):
        take()
        assert take(now=NOW + 0.25).seconds == pytest.approx(0.75)

    def test_does_not_use_a_slot_up_that_it_did_not_give(self):
        take()
        for _ in range(5):
            take()
        assert take(now=NOW + 1).seconds == 0

    def test_keeps_accounts_apart(self):
        take()
        assert take(account="b").seconds == 0

    def test_is_over_within_a_minute_when_the_clock_was_set_back(self):
        take(now=NOW + 3600)
        assert [take(now=NOW + later_s).seconds for later_s in (0, 30, 60)] == [60, 30, 0]


class TestPause:
    def test_holds_every_call_back(self):
        pause(account="a", until_epoch_s=NOW + 30)
        wait = take()
        assert (wait.seconds, wait.is_pause) == (30, True)

    def test_ends(self):
        pause(account="a", until_epoch_s=NOW + 30)
        assert take(now=NOW + 30).seconds == 0

    def test_is_not_shortened_by_a_shorter_one(self):
        pause(account="a", until_epoch_s=NOW + 30)
        pause(account="a", until_epoch_s=NOW + 10)
        assert take().seconds == 30

    def test_is_not_fooled_by_a_clock_that_ran_ahead(self):
        pause(account="a", until_epoch_s=NOW + 100_000)
        pause(account="a", until_epoch_s=NOW + 10)
        assert take().seconds == 10


@pytest.mark.django_db(transaction=True)
class TestManyWorkers:
    def test_never_get_the_same_slot(self):
        taken = []

        def work():
            taken.extend(take(now=NOW + 30).seconds == 0 for _ in range(5))
            connection.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (sum(taken), RequestSlot.objects.count()) == (1, 1)


class TestReserveSlot:
    def reserve(self, *, now=NOW, per_minute=60, within_s=5.0):
        return reserve_slot(account="a", per_minute=per_minute, now_epoch_s=now, within_s=within_s)

    def test_takes_a_slot_that_is_still_to_come(self):
        take()
        found = self.reserve(now=NOW + 0.25)
        assert (found.is_mine, found.seconds) == (True, pytest.approx(0.75))

    def test_goes_ahead_of_whoever_waits_for_the_same_slot(self):
        take()
        waiting = take()
        self.reserve()
        assert take(now=NOW + waiting.seconds).seconds == pytest.approx(1)

    def test_keeps_calls_evenly_spaced(self):
        assert [self.reserve().seconds for _ in range(3)] == pytest.approx([0, 1, 2])

    def test_takes_none_that_is_too_far_off(self):
        take(per_minute=1)
        found = self.reserve(per_minute=1)
        assert (found.is_mine, found.is_pause, found.seconds) == (False, False, 60)
        assert take(now=NOW + 60, per_minute=1).seconds == 0

    def test_takes_none_while_zendesk_asked_for_a_pause(self):
        pause(account="a", until_epoch_s=NOW + 3)
        found = self.reserve()
        assert (found.is_mine, found.is_pause, found.seconds) == (False, True, 3)

    def test_leaves_the_smallest_budget_whole(self):
        take(now=NOW - 57, per_minute=1)
        assert self.reserve(per_minute=1).seconds == 3
        assert take(now=NOW + 60, per_minute=1).seconds == 3


class TestIsPaused:
    def test_is_so_until_the_pause_is_over(self):
        pause(account="a", until_epoch_s=NOW + 3)
        assert [is_paused(account="a", now_epoch_s=NOW + later_s) for later_s in (0, 3)] == [True, False]


class TestLoadCalls:
    def count(self, *, now=NOW):
        return load_calls(accounts=["a"], now_epoch_s=now).get("a")

    def test_counts_calls_that_left_in_the_minute(self):
        for second in range(3):
            take(now=NOW + second)
        assert self.count(now=NOW + 59) == Calls(this_minute=3, last_minute=0)

    def test_counts_no_call_that_had_to_wait(self):
        for _ in range(5):
            take()
        assert self.count() == Calls(this_minute=1, last_minute=0)

    def test_begins_anew_with_each_minute(self):
        for second in (0, 1, 60):
            take(now=NOW + second)
        assert self.count(now=NOW + 60) == Calls(this_minute=1, last_minute=2)

    def test_tells_of_the_last_minute_before_the_first_call_of_this_one(self):
        take()
        assert self.count(now=NOW + 60) == Calls(this_minute=0, last_minute=1)

    def test_forgets_what_is_longer_ago(self):
        take()
        take(now=NOW + 180)
        assert self.count(now=NOW + 180) == Calls(this_minute=1, last_minute=0)
        assert self.count(now=NOW + 400) == Calls(this_minute=0, last_minute=0)

    def test_counts_a_reserved_call_in_the_minute_in_which_it_leaves(self):
        take(now=NOW + 59)
        reserve_slot(account="a", per_minute=60, now_epoch_s=NOW + 59.5, within_s=5)
        assert self.count(now=NOW + 60) == Calls(this_minute=1, last_minute=1)

    def test_knows_nothing_of_an_account_that_was_never_called(self):
        assert self.count() is None

    def test_costs_no_statement_more_than_taking_the_slot(self, django_assert_num_queries):
        take()
        with django_assert_num_queries(2):  # the row, and the slot with its count
            take(now=NOW + 1)
