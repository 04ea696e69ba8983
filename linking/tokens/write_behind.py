"""What is counted in memory until it is written: by key, bounded, and nothing lost while it cannot be written."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Generic, Protocol, TypeVar

TURNS = 10


class Counted(Protocol):
    """What happened `number` times and is not written yet."""

    number: int


class Copied(Protocol):
    """What is about to be written of it."""

    @property
    def number(self) -> int:
        """How many times of it are in this."""


K = TypeVar("K")
C = TypeVar("C", bound=Counted)
W = TypeVar("W", bound=Copied)


class WriteBehindBuffer(Generic[K, C]):
    """What waits, at most `at_most` keys of it.

    Whoever counts holds `lock`, looks into `counted` and raises the number there, or adds a key. Whoever writes holds
    `writing` from `due` on; nobody else takes keys away. What was written before is due in one turn of `TURNS` only, so
    that what happens again and again is written together, and a part of it at a time.
    """

    def __init__(self, *, at_most: int) -> None:
        self.at_most = at_most
        self.counted: dict[K, C] = {}
        self.dropped = 0
        self.lock = threading.Lock()
        self.writing = threading.Lock()
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

    def due(self, *, turn: int | None) -> list[K]:
        """Return what is to be written in a turn (counted from anything), new keys among it; None is everybody's turn,
        as it is where half the room is taken.
        """
        with self.lock:
            if turn is None or len(self.counted) > self.at_most // 2:
                return list(self.counted)
            return list(self._fresh | self._turns[turn % TURNS])

    def write(self, keys: Collection[K], *, copied: Callable[[K, C], W], store: Callable[[Mapping[K, W]], None]) -> int:
        """Have `store` write what waits of `keys`, each as `copied` gives it, and return how many they were.

        What `store` raises goes on to the caller, and all of it waits on. Keys of which nothing waits are forgotten.
        """
        with self.lock:
            waiting = {key: copied(key, self.counted[key]) for key in keys if self.counted[key].number}
            self._take_out(key for key in keys if key not in waiting)
        if waiting:
            store(waiting)
        with self.lock:
            self._fresh.difference_update(waiting)
            for key, written in waiting.items():
                self.counted[key].number -= written.number
        return len(waiting)

    def leave_out(self, keys: Iterable[K]) -> None:
        """Forget what waits of `keys`, which cannot be written."""
        with self.lock:
            self._take_out(keys)

    def forget(self) -> None:
        """Drop everything, and the count of what was dropped."""
        with self.lock:
            self.counted, self._fresh, self.dropped = {}, set(), 0
            self._turns = [set() for _ in range(TURNS)]

    def _take_out(self, keys: Iterable[K]) -> None:
        for key in keys:
            del self.counted[key]
            self._fresh.discard(key)
            self._turns[hash(key) % TURNS].discard(key)
