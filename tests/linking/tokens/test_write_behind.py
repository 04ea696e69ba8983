"""What is counted is written once, whatever fails and whatever comes meanwhile."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.tokens.write_behind import TURNS, WriteBehindBuffer, copy_count


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
        waiting.count(key, now=0.5)


def not_of(key):
    """A turn that is not the key's own."""
    return hash(key) % TURNS + 1


def some(*, at_most=10, batch_size=4):
    store = Store()
    return WriteBehindBuffer(at_most=at_most, build_row=copy_count, store=store, batch_size=batch_size), store


class TestDue:
    def test_is_what_was_never_written(self):
        waiting, _store = some()
        count(waiting, "a")
        assert waiting.flush(turn=not_of("a")) == 1
        count(waiting, "a")
        count(waiting, "b")
        assert waiting._find_due(turn=not_of("a")) == ["b"]
        assert waiting._find_due(turn=None) == ["a", "b"]

    def test_is_each_key_once_in_all_turns(self):
        waiting, _store = some(at_most=100)
        for key in range(40):
            count(waiting, key)
        waiting.flush()
        turns = [waiting._find_due(turn=turn) for turn in range(7, 7 + TURNS)]
        assert sorted(key for due in turns for key in due) == list(range(40))
        assert max(len(due) for due in turns) < 20

    def test_is_everything_where_half_the_room_is_taken(self):
        waiting, _store = some()
        for key in range(6):
            count(waiting, key)
        waiting.flush()
        assert sorted(waiting._find_due(turn=1)) == list(range(6))

    def test_is_what_stayed_away_for_a_while(self):
        waiting, _store = some()
        count(waiting, "a")
        waiting.flush()
        assert waiting.flush() == 0
        count(waiting, "a")
        assert waiting._find_due(turn=not_of("a")) == ["a"]

    def test_is_what_could_not_be_written(self):
        waiting, store = some()
        store.is_away = True
        count(waiting, "a")
        with pytest.raises(Away):
            waiting.flush(turn=not_of("a"))
        assert waiting._find_due(turn=not_of("a")) == ["a"]


class TestLeaveOut:
    def test_forgets_what_waits(self):
        waiting, store = some()
        for key in "ab":
            count(waiting, key)
        waiting.leave_out(["a"])
        waiting.flush(turn=not_of("a"))
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
                waiting.flush(turn=None if step == "flush all" else key)
            except Away:
                assert step == "fail"
        assert len(waiting.counted) <= 10
    store.is_away, store.while_writing = False, lambda: None
    waiting.flush()
    assert store.written.total() + waiting.dropped == counted.total()
    assert store.written <= counted
