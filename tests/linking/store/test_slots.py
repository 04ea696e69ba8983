"""One budget an account."""

import threading

import pytest
from django.db import connection

from linking.models import RequestSlot
from linking.store.slots import pause, take_slot

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
