"""Turns for pages: they wait for one another instead of for the token route's time."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from zdbridge.serving.bodies import Answer

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
# Probes have threads of their own, so that a monitor sees a process whose pages are stuck.
PROBE_THREADS = 4
# Where a request finds what gives its turn to the next one: a page that waits for another service computes nothing.
GIVE_WAY = "linking.give_way"
# Files and lists that are shorter are sent at once: then no slow reader holds a thread.
WHOLE_MAX_BYTES = 2_097_152


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose parts are computed as it is sent; whoever sends it closes it, however that ends."""

    status: int
    headers: list[tuple[str, str]]
    parts: Iterator[bytes]
    close: Callable[[], None]


class Turns:
    """Has a WSGI application make pages: lets `at_once` requests compute; whoever comes meanwhile waits, which costs
    neither a thread nor time.

    After `patience_s` seconds a request goes ahead out of turn, so that one that is stuck does not stop the others. One
    that is about to wait for another service gives its turn back: `environ[GIVE_WAY]()`.

    Pages are made in threads of their own, which stand back for the one that answers tokens. What is computed as it is
    sent, a long export say, is not part of a turn; until it is closed, threads give way soon all the same.

    Args:
        exempt: paths that are answered out of turn.
    """

    def __init__(
        self, *, application: Any, at_once: int, exempt: Iterable[str] = (), patience_s: float = PATIENCE_S
    ) -> None:
        self._application = application
        self._turns = asyncio.Semaphore(at_once)
        self._exempt = frozenset(exempt)
        self._patience_s = patience_s
        self._makers = ThreadPoolExecutor(PAGE_THREADS, thread_name_prefix="page", initializer=_stand_back)
        self._probes = ThreadPoolExecutor(PROBE_THREADS, thread_name_prefix="probe", initializer=_stand_back)
        self._under_way = 0
        self._lock = threading.Lock()
        sys.setswitchinterval(TOKENS_ONLY_S)

    async def make(self, environ: dict[str, Any]) -> Answer | Stream:
        """Answer one request, whose environ is complete (PEP 3333)."""
        self._count(1)
        made: Answer | Stream | None = None
        try:
            made = await self._make_in_turn(environ)
        finally:
            if not isinstance(made, Stream):
                self._count(-1)
        return made

    async def _make_in_turn(self, environ: dict[str, Any]) -> Answer | Stream:
        loop = asyncio.get_running_loop()
        if environ.get("PATH_INFO") in self._exempt:
            return await loop.run_in_executor(self._probes, self._make, environ)
        turn = _Turn(self._turns, loop=loop)
        await turn.take(timeout_s=self._patience_s)
        environ[GIVE_WAY] = turn.give_back
        try:
            return await loop.run_in_executor(self._makers, self._make, environ)
        finally:
            turn.give_back()

    def _make(self, environ: dict[str, Any]) -> Answer | Stream:
        """Return the answer. A whole one is closed in this thread, whose database connection it used."""
        status, headers = 500, list[tuple[str, str]]()

        def start_response(line: str, pairs: list[tuple[str, str]], _exc_info: Any = None) -> None:
            nonlocal status, headers
            status, headers = int(line.split(" ", 1)[0]), list(pairs)

        answer = self._application(environ, start_response)
        if getattr(answer, "streaming", False) and not _is_short(headers):
            return Stream(status, headers, iter(answer), lambda: self._close(answer))
        try:
            body = b"".join(answer)
        finally:
            _close(answer)
        return Answer(status, headers, body)

    def _close(self, answer: Any) -> None:
        try:
            _close(answer)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        """Note that a request begins (1) or has ended (-1), and make threads give way sooner while there are any."""
        with self._lock:
            before, self._under_way = self._under_way, self._under_way + change
            if not before or not self._under_way:
                sys.setswitchinterval(BESIDE_PAGES_S if self._under_way else TOKENS_ONLY_S)


class _Turn:
    """One request's turn, which it may give back before it has ended; any thread may do so."""

    def __init__(self, turns: asyncio.Semaphore, *, loop: asyncio.AbstractEventLoop) -> None:
        self._turns, self._loop = turns, loop
        self._is_mine = False
        self._lock = threading.Lock()

    async def take(self, *, timeout_s: float) -> None:
        """Wait for the turn; after `timeout_s` go ahead without one."""
        try:
            self._is_mine = await asyncio.wait_for(self._turns.acquire(), timeout_s)
        except TimeoutError:
            self._is_mine = False

    def give_back(self) -> None:
        """Let the next request compute; a second call changes nothing."""
        with self._lock:
            was_mine, self._is_mine = self._is_mine, False
        if was_mine:
            self._loop.call_soon_threadsafe(self._turns.release)


def _is_short(headers: list[tuple[str, str]]) -> bool:
    length = next((value for name, value in headers if name.lower() == "content-length"), "")
    return length.isascii() and length.isdigit() and int(length[:18]) <= WHOLE_MAX_BYTES


def _close(answer: Any) -> None:
    close = getattr(answer, "close", None)
    if close is not None:
        close()


def _stand_back() -> None:
    # Elsewhere threads have no niceness of their own.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + PAGE_NICENESS)
