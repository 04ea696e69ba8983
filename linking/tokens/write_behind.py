"""What is counted in memory until it is written: by key, bounded, and nothing lost while it cannot be written."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

TURNS = 10


class Counted(Protocol):
    """What happened `number` times and is not written yet."""

    number: int


class Row(Protocol):
    """What is about to be written of it."""

    @property
    def number(self) -> int:
        """How many times of it are in this."""


@dataclass(slots=True)
class CountInMemory:
    """The plainest `Counted`, and its own row; `first_epoch_s` may be of earlier times, which are written."""

    first_epoch_s: int
    number: int = 1


K = TypeVar("K", bound=tuple[Any, ...])
C = TypeVar("C", bound=Counted)
R = TypeVar("R", bound=Row)


class WriteBehindBuffer(Generic[K, C, R]):
    """What waits, at most `at_most` keys of it.

    Whoever counts holds `lock`, looks into `counted` and raises the number there, or adds a key. What was written
    before is due in one turn of `TURNS` only, so that what happens again and again is written together, and a part of
    it at a time.

    Args:
        build_row: returns what is to be written of a key.
        store: writes rows, all or none. What it raises goes on to the caller of `flush`, and the rows wait on.
        batch_size: how many rows `store` gets at once, at most.
    """

    def __init__(
        self,
        *,
        at_most: int,
        build_row: Callable[[K, C], R],
        store: Callable[[Mapping[K, R]], None],
        batch_size: int,
    ) -> None:
        self.at_most, self.build_row, self.store, self.batch_size = at_most, build_row, store, batch_size
        self.counted: dict[K, C] = {}
        self.dropped = 0
        self.lock = threading.Lock()
        # Nobody else takes keys away.
        self._writing = threading.Lock()
        self._fresh: set[K] = set()
        self._turns: list[set[K]] = [set() for _ in range(TURNS)]

    def add(self, key: K, first: C) -> None:
        """Begin to count `key`, or drop and count that where too many wait; `lock` is the caller's to hold."""
        if len(self.counted) < self.at_most:
            self.counted[key] = first
            self._fresh.add(key)
            self._turns[hash(key) % TURNS].add(key)
        else:
            self.dropped += first.number

    def count(self: "WriteBehindBuffer[K, CountInMemory, CountInMemory]", key: K, now: float) -> None:
        """Count `key` once more at `now` (epoch seconds); `lock` is the caller's to hold."""
        count = self.counted.get(key)
        if count is None:
            self.add(key, CountInMemory(int(now)))
        else:
            count.number += 1

    def flush(self, *, turn: int | None = None, rest_s: float = 0.0) -> int:
        """Write what waits and return how many rows it was; between batches, leave the process to others for `rest_s`.

        In a `turn` (counted from anything), keys that were written lately wait for theirs.

        Raises: what `store` raises; what could not be written waits on.
        """
        with self._writing:
            keys = self._find_due(turn=turn)
            number = 0
            for start in range(0, len(keys), self.batch_size):
                if start and rest_s:
                    time.sleep(rest_s)
                # In one order everywhere, so that two processes never wait for each other's rows.
                number += self._write(sorted(keys[start : start + self.batch_size]))
            return number

    def leave_out(self, keys: Iterable[K]) -> None:
        """Forget what waits of `keys`, which cannot be written; `store` may call this."""
        with self.lock:
            self._take_out(keys)

    def forget(self) -> None:
        """Drop everything, and the count of what was dropped."""
        with self.lock:
            self.counted, self._fresh, self.dropped = {}, set(), 0
            self._turns = [set() for _ in range(TURNS)]

    def _find_due(self, *, turn: int | None) -> list[K]:
        """Return what is to be written in a turn, new keys among it; None is everybody's turn, as it is where half the
        room is taken.
        """
        with self.lock:
            if turn is None or len(self.counted) > self.at_most // 2:
                return list(self.counted)
            return list(self._fresh | self._turns[turn % TURNS])

    def _write(self, keys: Collection[K]) -> int:
        """Store what waits of `keys` and return how many they were. Keys of which nothing waits are forgotten."""
        with self.lock:
            waiting = {key: self.build_row(key, self.counted[key]) for key in keys if self.counted[key].number}
            self._take_out(key for key in keys if key not in waiting)
        if waiting:
            self.store(waiting)
        with self.lock:
            self._fresh.difference_update(waiting)
            for key, written in waiting.items():
                self.counted[key].number -= written.number
        return len(waiting)

    def _take_out(self, keys: Iterable[K]) -> None:
        for key in keys:
            del self.counted[key]
            self._fresh.discard(key)
            self._turns[hash(key) % TURNS].discard(key)


def copy_count(_key: object, count: CountInMemory) -> CountInMemory:
    """Return `count` as it is now; a `build_row`."""
    return replace(count)
