import os

import pytest
import redis

from linking.limits import Limiter, sharing
from linking.limits.counting import list_shared_limiters
from linking.limits.sharing import Exchange, open_store

NOW = 1_767_225_600.0


class Memory:
    """Does what the script does, in memory; `is_away` makes it fail."""

    def __init__(self):
        self.spent, self.calls, self.is_away, self.seen = {}, 0, False, []

    def __call__(self, *, keys, args):
        self.calls += 1
        self.seen += keys
        if self.is_away:
            raise redis.TimeoutError("too slow")
        interval, *counts = args
        for key, count in zip(keys, counts, strict=True):
            self.spent[key] = min(self.spent.get(key, 0.0) + interval * count, 60.0)
        return [str(self.spent[key]).encode() for key in keys]


def limiter(per_minute=4):
    return Limiter(per_minute=per_minute, shared_as="user")


def spend(one, times, *, key="nadia", now=NOW):
    return [one.wait_s(key=key, now=now) for _ in range(times)]


class Process:
    """One process: a limiter and its exchange with a common store."""

    def __init__(self, store, **settings):
        self.limiter, self.exchange = limiter(**settings), Exchange(store=store)
        self.limiter.take_spent()

    def run(self, clock_s=0.0, now=NOW):
        self.exchange.run(limiters=[self.limiter], now=now, clock_s=clock_s)


class TestExchange:
    def test_charges_one_process_for_what_another_let_through(self):
        store = Memory()
        here, there = Process(store), Process(store)
        spend(here.limiter, 3)
        here.run()
        spend(there.limiter, 1)
        there.run()
        assert spend(there.limiter, 1) == [15]

    def test_asks_nothing_when_nobody_came(self):
        store = Memory()
        Process(store).run()
        assert store.calls == 0

    def test_counts_nothing_twice(self):
        process = Process(Memory())
        spend(process.limiter, 2)
        for _ in range(5):
            process.run()
        assert spend(process.limiter, 3) == [0, 0, 15]

    def test_goes_in_batches(self, monkeypatch):
        monkeypatch.setattr(sharing, "BATCH", 10)
        store = Memory()
        process = Process(store)
        for number in range(25):
            spend(process.limiter, 1, key=f"user-{number}")
        process.run()
        assert (store.calls, len(store.spent)) == (3, 25)

    def test_shows_redis_no_address_and_no_user(self):
        store = Memory()
        process = Process(store)
        spend(process.limiter, 1, key="1|nadia@player.example\ud800")
        process.run()
        assert "nadia" not in str(store.seen)


class TestWithRedisAway:
    @pytest.fixture
    def process(self):
        store = Memory()
        store.is_away = True
        return Process(store)

    def test_goes_on_counting_by_itself(self, process):
        spend(process.limiter, 3)
        process.run()
        assert spend(process.limiter, 2) == [0, 15]

    def test_leaves_redis_alone_for_a_while(self, process):
        for clock_s in (0.0, 1.0, 4.9, 5.1):
            spend(process.limiter, 1, key=str(clock_s))
            process.run(clock_s)
        assert process.exchange.store.calls == 2

    def test_does_not_charge_later_for_the_time_between(self, process):
        spend(process.limiter, 4)
        process.run(0.0)
        process.exchange.store.is_away = False
        spend(process.limiter, 1, key="other", now=NOW + 30)
        process.run(6.0, now=NOW + 30)
        assert len(process.exchange.store.spent) == 1

    def test_says_so_once(self, process, caplog):
        for clock_s in (0.0, 6.0, 12.0):
            spend(process.limiter, 1, key=str(clock_s))
            process.run(clock_s)
        assert [record.getMessage() for record in caplog.records] == [
            "Limits are counted by this process alone: Redis is away (TimeoutError)."
        ]

    def test_an_address_nobody_listens_at_is_only_an_error(self):
        process = Process(open_store("redis://127.0.0.1:1/0"))
        spend(process.limiter, 1)
        process.run()
        assert process.exchange.errors == 1


class TestLimiter:
    def test_keeps_nothing_for_others_until_somebody_asks(self):
        one = limiter()
        spend(one, 1)
        assert one.take_spent() == {}

    def test_is_among_the_shared_ones_only_with_a_name_and_a_limit(self):
        one, alone, lifted = limiter(), Limiter(per_minute=3), limiter(per_minute=0)
        found = list_shared_limiters()
        assert one in found and alone not in found and lifted not in found

    def test_holds_back_no_longer_than_a_minute_whatever_it_learns(self):
        one = limiter()
        one.learn({"nadia": 10_000.0}, now=NOW)
        assert spend(one, 1) == [15]

    def test_never_gives_back_what_it_spent_itself(self):
        one = limiter()
        spend(one, 4)
        one.learn({"nadia": 1.0}, now=NOW)
        assert spend(one, 1) == [15]


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="needs REDIS_URL")
class TestScript:
    @pytest.fixture
    def store(self):
        url = os.environ["REDIS_URL"]
        client = redis.Redis.from_url(url)
        client.delete(*client.keys("zdbridge:limit:user:*") or ["none"])
        return open_store(url)

    def test_adds_up_what_all_processes_let_through(self, store):
        keys = ["zdbridge:limit:user:test"]
        ahead = [float(store(keys=keys, args=[1.5, 4])[0]) for _ in range(3)]
        assert ahead == pytest.approx([6, 12, 18], abs=0.5)

    def test_lets_no_budget_run_further_ahead_than_a_minute(self, store):
        assert float(store(keys=["zdbridge:limit:user:test"], args=[1.5, 1000])[0]) == pytest.approx(60)

    def test_leaves_nothing_behind_for_ever(self, store):
        store(keys=["zdbridge:limit:user:test"], args=[1.5, 4])
        client = redis.Redis.from_url(os.environ["REDIS_URL"])
        assert 0 < client.pttl("zdbridge:limit:user:test") <= 7_100

    def test_joins_two_processes(self, store):
        here, there = Process(store), Process(store)
        spend(here.limiter, 3)
        here.run()
        spend(there.limiter, 1)
        there.run()
        assert spend(there.limiter, 1)[0] > 10
