"""What is counted is written once, whatever fails and whatever comes meanwhile."""

from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.tokens.write_behind import TURNS, WriteBehindBuffer


@dataclass
class Count:
    number: int


class Away(Exception):
    pass


class Store:
    """Takes what is written; `while_writing` is called in the middle."""

    def __init__(self):
        self.written = Counter()
        self.is_away = False
        self.while_writing = lambda: None

    def __call__(self, batch):
        self.while_writing()
        if self.is_away:
            raise Away
        self.written.update({key: one.number for key, one in batch.items()})


def count(waiting, key):
    with waiting.lock:
        if key in waiting.counted:
            waiting.counted[key].number += 1
        else:
            waiting.add(key, Count(1))


def flush(waiting, store, *, turn=None):
    with waiting.writing:
        keys = waiting.due(turn=turn)
        return waiting.write(keys, copied=lambda _key, one: replace(one), store=store)


def not_of(key):
    """A turn that is not the key's own."""
    return hash(key) % TURNS + 1


def some():
    return WriteBehindBuffer(at_most=10), Store()


class TestDue:
    def test_is_what_was_never_written(self):
        waiting, store = some()
        count(waiting, "a")
        assert flush(waiting, store, turn=not_of("a")) == 1
        count(waiting, "a")
        count(waiting, "b")
        assert waiting.due(turn=not_of("a")) == ["b"]
        assert waiting.due(turn=None) == ["a", "b"]

    def test_is_each_key_once_in_all_turns(self):
        waiting, store = WriteBehindBuffer(at_most=100), Store()
        for key in range(40):
            count(waiting, key)
        flush(waiting, store)
        turns = [waiting.due(turn=turn) for turn in range(7, 7 + TURNS)]
        assert sorted(key for due in turns for key in due) == list(range(40))
        assert max(len(due) for due in turns) < 20

    def test_is_everything_where_half_the_room_is_taken(self):
        waiting, store = some()
        for key in range(6):
            count(waiting, key)
        flush(waiting, store)
        assert sorted(waiting.due(turn=1)) == list(range(6))

    def test_is_what_stayed_away_for_a_while(self):
        waiting, store = some()
        count(waiting, "a")
        flush(waiting, store)
        assert flush(waiting, store) == 0
        count(waiting, "a")
        assert waiting.due(turn=not_of("a")) == ["a"]

    def test_is_what_could_not_be_written(self):
        waiting, store = some()
        store.is_away = True
        count(waiting, "a")
        with pytest.raises(Away):
            flush(waiting, store, turn=not_of("a"))
        assert waiting.due(turn=not_of("a")) == ["a"]


class TestLeaveOut:
    def test_forgets_what_waits(self):
        waiting, store = some()
        for key in "ab":
            count(waiting, key)
        waiting.leave_out(["a"])
        flush(waiting, store, turn=not_of("a"))
        assert store.written == {"b": 1}


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["count", "flush", "flush all", "fail", "count while writing"]), st.integers(0, 14)),
        max_size=60,
    )
)
def test_writes_each_count_once_or_says_that_it_was_dropped(steps):
    waiting, store = some()
    counted = Counter()
    for step, key in steps:
        store.is_away = step == "fail"
        store.while_writing = lambda: None
        if step == "count":
            count(waiting, key)
            counted[key] += 1
        elif step == "count while writing":

            def come(key=key):
                count(waiting, key)
                counted[key] += 1

            store.while_writing = come
        if step != "count":
            try:
                flush(waiting, store, turn=None if step == "flush all" else key)
            except Away:
                assert step == "fail"
        assert len(waiting.counted) <= 10
    store.is_away, store.while_writing = False, lambda: None
    flush(waiting, store)
    assert store.written.total() + waiting.dropped == counted.total()
    assert store.written <= counted
