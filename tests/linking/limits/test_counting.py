import threading

import pytest

from linking.limits import Limiter, counting


class TestLimiter:
    def test_lets_a_minutes_worth_through_at_once(self):
        limiter = Limiter(per_minute=3)
        assert [limiter.wait_s(key="a", now=100.0) for _ in range(4)] == [0, 0, 0, 20]

    def test_gives_the_room_back_evenly(self):
        limiter = Limiter(per_minute=3)
        for _ in range(3):
            limiter.wait_s(key="a", now=100.0)
        assert [limiter.wait_s(key="a", now=now) for now in (119.0, 120.0, 121.0)] == [1, 0, 19]

    def test_does_not_charge_for_a_refusal(self):
        limiter = Limiter(per_minute=1)
        waits = [limiter.wait_s(key="a", now=now) for now in (0.0, 30.0, 59.0, 60.0)]
        assert waits == [0, 30, 1, 0]

    def test_counts_keys_apart(self):
        limiter = Limiter(per_minute=1)
        assert [limiter.wait_s(key=key, now=1.0) for key in "ab"] == [0, 0]

    def test_is_lifted_by_zero(self):
        limiter = Limiter(per_minute=0)
        assert {limiter.wait_s(key="a", now=1.0) for _ in range(1000)} == {0.0}

    @pytest.mark.parametrize("spent", [1, 2])
    def test_begins_anew_when_the_clock_is_set_back(self, spent):
        limiter = Limiter(per_minute=2)
        for _ in range(spent):
            limiter.wait_s(key="a", now=100_000.0)
        waits = [limiter.wait_s(key="a", now=now) for now in (96_400.0, 96_400.0, 96_400.0, 96_430.0)]
        assert waits == [0, 0, 30, 0]

    def test_counts_right_at_todays_times(self):
        limiter = Limiter(per_minute=600)
        waits = [limiter.wait_s(key="a", now=1_767_225_600.123) for _ in range(601)]
        assert waits[:600] == [0] * 600
        assert waits[600] == pytest.approx(0.1, abs=0.01)

    def test_lets_no_more_through_when_threads_race(self):
        limiter, passed = Limiter(per_minute=50), []

        def hammer():
            passed.extend(limiter.wait_s(key="a", now=1.0) == 0 for _ in range(50))

        threads = [threading.Thread(target=hammer) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(passed) == 50

    def test_forgets_whole_budgets_first_when_too_many_are_known(self, monkeypatch):
        monkeypatch.setattr(counting, "MAX_KEYS", 2)
        limiter = Limiter(per_minute=1)
        limiter.wait_s(key="whole", now=0.0)
        limiter.wait_s(key="spent", now=100.0)
        limiter.wait_s(key="new", now=101.0)
        assert limiter.wait_s(key="spent", now=102.0) > 0

    def test_stays_bounded_when_every_budget_is_spent(self, monkeypatch):
        monkeypatch.setattr(counting, "MAX_KEYS", 10)
        limiter = Limiter(per_minute=1)
        for number in range(1000):
            limiter.wait_s(key=str(number), now=1.0)
        assert len(limiter._tats) <= 10
