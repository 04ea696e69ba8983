"""So many in any minute, and no more, however they come."""

import os
import threading
import uuid

import pytest
import redis

from linking.limits import WindowLimiter, share_windows, window
from linking.limits.window import _shared


@pytest.fixture(autouse=True)
def _alone():
    share_windows(redis_url="")
    yield
    share_windows(redis_url="")


def limiter(at_most=2):
    return WindowLimiter(at_most=at_most, shared_as=f"tests-{uuid.uuid4().hex}")


def waits(one, *times, key="a"):
    return [one.wait_s(key=key, now=now) for now in times]


class TestWindowLimiter:
    def test_lets_so_many_through_in_any_minute(self):
        assert waits(limiter(), 100.0, 130.0, 150.0, 161.0, 162.0) == [0, 0, 10, 0, 28]

    def test_does_not_charge_for_a_refusal(self):
        assert waits(limiter(at_most=1), 0.0, 30.0, 59.0, 60.0) == [0, 30, 1, 0]

    def test_counts_keys_apart(self):
        one = limiter(at_most=1)
        assert [one.wait_s(key=key, now=1.0) for key in "ab"] == [0, 0]

    def test_begins_anew_when_the_clock_is_set_back(self):
        assert waits(limiter(at_most=1), 100_000.0, 90_000.0) == [0, 0]

    def test_lets_no_more_through_when_threads_race(self):
        one, passed = limiter(at_most=50), []

        def hammer():
            passed.extend(one.wait_s(key="a", now=1.0) == 0 for _ in range(50))

        threads = [threading.Thread(target=hammer) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(passed) == 50

    def test_stays_bounded(self, monkeypatch):
        monkeypatch.setattr(window, "MAX_KEYS", 10)
        one = limiter(at_most=1)
        for number in range(100):
            one.wait_s(key=str(number), now=number * 100.0)
        assert len(one._times) <= 10


class TestSharing:
    def test_counts_by_this_process_alone_while_redis_is_away(self, monkeypatch):
        def away(**_options):
            raise redis.ConnectionError

        monkeypatch.setattr(_shared, "store", away)
        assert waits(limiter(at_most=1), 1.0, 2.0) == [0, 59]

    def test_leaves_redis_alone_for_a_while_after_an_error(self, monkeypatch):
        calls = []

        def away(**_options):
            calls.append(1)
            raise redis.TimeoutError

        monkeypatch.setattr(_shared, "store", away)
        waits(limiter(at_most=5), 1.0, 2.0, 3.0)
        assert len(calls) == 1

    def test_gives_back_what_other_processes_used_up(self, monkeypatch):
        answers = iter(["12.5", "0"])
        monkeypatch.setattr(_shared, "store", lambda **_options: next(answers))
        assert waits(limiter(at_most=1), 1.0, 2.0) == [12.5, 0]

    @pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="needs REDIS_URL")
    def test_joins_processes_through_redis(self):
        share_windows(redis_url=os.environ["REDIS_URL"])
        one = limiter(at_most=2)
        other = WindowLimiter(at_most=2, shared_as=one.shared_as)
        found = [each.wait_s(key="a", now=1.0) for each in (one, other, one, other)]
        assert found[:2] == [0, 0]
        assert all(59 < wait_s <= 60 for wait_s in found[2:])
