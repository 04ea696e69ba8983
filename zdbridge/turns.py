"""Turns for pages: they wait for one another instead of for the token route's time."""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# Threads that compute share one interpreter, and each may keep it for this long before another one gets it. While a
# page is made, a token would wait that long for it; while there are tokens only, each is done long before, and to be
# interrupted in the middle is all that a short time brings.
BESIDE_PAGES_S = 0.0001
TOKENS_ONLY_S = 0.05
# Longer than a queue of slow pages: whoever has waited so long waits for one that is stuck, in the database say.
PATIENCE_S = 2.0
# How far pages stand back for tokens where both want one processor. The scheduler lets a thread that computes go on for
# milliseconds while another one wakes up, unless that one is dearer to it.
PAGE_NICENESS = 5
# A page that is stuck holds its thread; with this many stuck, pages wait for one another.
PAGE_THREADS = 16
# Where a request finds what gives its turn to the next one: a page that waits for another service computes nothing.
GIVE_WAY = "linking.give_way"


class Turns:
    """WSGI wrapper: lets `at_once` requests compute; whoever comes meanwhile waits in its thread, which costs nothing.

    After `patience_s` seconds a request goes ahead out of turn, so that one that is stuck does not stop the others. One
    that is about to wait for another service gives its turn back: `environ[GIVE_WAY]()`.

    Pages are made in threads of their own, which stand back for the server's, and these are more than there are turns:
    there is always one left for a token. What is computed as it is sent, a long export say, is made in the server's
    thread and is not part of a turn; until it is closed, threads give way soon all the same.

    Args:
        exempt: paths that are answered out of turn.
    """

    def __init__(
        self, *, application: Any, at_once: int, exempt: Iterable[str] = (), patience_s: float = PATIENCE_S
    ) -> None:
        self._application = application
        self._turns = threading.BoundedSemaphore(at_once)
        self._exempt = frozenset(exempt)
        self._patience_s = patience_s
        self._makers = ThreadPoolExecutor(PAGE_THREADS, thread_name_prefix="page", initializer=_stand_back)
        self._under_way = 0
        self._lock = threading.Lock()
        sys.setswitchinterval(TOKENS_ONLY_S)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request (PEP 3333)."""
        self._count(1)
        is_sent_later = False
        try:
            answer = self._in_turn(environ, start_response)
            is_sent_later = getattr(answer, "streaming", False)
        finally:
            if not is_sent_later:
                self._count(-1)
        return _Sent(answer, closed=lambda: self._count(-1)) if is_sent_later else answer

    def _in_turn(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("PATH_INFO") in self._exempt:
            return self._application(environ, start_response)
        turn = _Turn(self._turns)
        turn.take(timeout_s=self._patience_s)
        environ[GIVE_WAY] = turn.give_back
        try:
            return self._makers.submit(self._make, environ, start_response).result()
        finally:
            turn.give_back()

    def _make(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Return the whole answer and close it in this thread, whose database connection it used."""
        answer = self._application(environ, start_response)
        if getattr(answer, "streaming", True):
            return answer
        try:
            return list(answer)
        finally:
            answer.close()

    def _count(self, change: int) -> None:
        """Note that a request begins (1) or has ended (-1), and make threads give way sooner while there are any."""
        with self._lock:
            before, self._under_way = self._under_way, self._under_way + change
            if not before or not self._under_way:
                sys.setswitchinterval(BESIDE_PAGES_S if self._under_way else TOKENS_ONLY_S)


class _Turn:
    """One request's turn, which it may give back before it has ended; any thread may do so."""

    def __init__(self, turns: threading.Semaphore) -> None:
        self._turns = turns
        self._is_mine = False
        self._lock = threading.Lock()

    def take(self, *, timeout_s: float) -> None:
        """Wait for the turn; after `timeout_s` go ahead without one."""
        self._is_mine = self._turns.acquire(timeout=timeout_s)

    def give_back(self) -> None:
        """Let the next request compute; a second call changes nothing."""
        with self._lock:
            was_mine, self._is_mine = self._is_mine, False
        if was_mine:
            self._turns.release()


def _stand_back() -> None:
    # Elsewhere threads have no niceness of their own.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + PAGE_NICENESS)


class _Sent:
    """The parts of an answer that are computed as they are sent; says when that is over."""

    def __init__(self, parts: Any, *, closed: Callable[[], None]) -> None:
        self._parts, self._closed = parts, closed

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        """Close the answer (PEP 3333: the server calls this however the sending ends)."""
        try:
            self._parts.close()
        finally:
            self._closed()
