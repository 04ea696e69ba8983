"""Lets few pages compute at once, so that pages wait for one another and tokens wait for none of them."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from zdbridge.serving.responses import StreamedResponse, WholeResponse

# Threads that compute share one interpreter, and each may keep it for this long before the next one gets it. While a
# page is computed, a token would wait that long. Tokens alone are done long before; a short interval would only
# interrupt them.
SWITCH_BESIDE_PAGES_S = 0.0001
SWITCH_TOKENS_ONLY_S = 0.05
# Longer than a queue of slow pages: a page that waits for longer is behind one that is stuck, in the database say.
PATIENCE_S = 2.0
# How much less priority pages have than tokens where both want one processor. Without it the scheduler lets a thread
# that computes go on for milliseconds while the token's thread wakes up.
PAGE_NICENESS = 5
# A page that is stuck holds its thread; once this many are stuck, further pages wait.
PAGE_THREADS = 16
# Probes have threads of their own, so that monitoring still gets an answer while pages are stuck.
PROBE_THREADS = 4
# The environ's key for the function that lets the next page compute: a page calls it before it waits for a service.
GIVE_WAY = "linking.give_way"
# Files and lists below this size are read at once, so that no slow reader holds a thread.
WHOLE_MAX_BYTES = 2_097_152


class PageGate:
    """Runs a WSGI application in threads, at most `limit` requests at once; a waiting request holds no thread.

    A request that has waited `patience_s` seconds runs all the same, so that one stuck page does not stop the others.
    A page that is about to wait for another service lets the next one in: `environ[GIVE_WAY]()`.

    The threads have less priority than the one that answers tokens. A response computed while it is sent, such as a
    long export, does not count against the limit; threads still switch quickly until it is closed.

    Args:
        exempt: paths that never wait.
    """

    def __init__(
        self, *, application: Any, limit: int, exempt: Iterable[str] = (), patience_s: float = PATIENCE_S
    ) -> None:
        self._application = application
        self._places = asyncio.Semaphore(limit)
        self._exempt = frozenset(exempt)
        self._patience_s = patience_s
        self._page_threads = ThreadPoolExecutor(PAGE_THREADS, thread_name_prefix="page", initializer=_lower_priority)
        self._probe_threads = ThreadPoolExecutor(PROBE_THREADS, thread_name_prefix="probe", initializer=_lower_priority)
        self._open_requests = 0
        self._lock = threading.Lock()
        sys.setswitchinterval(SWITCH_TOKENS_ONLY_S)

    async def respond(self, environ: dict[str, Any]) -> WholeResponse | StreamedResponse:
        """Return the response to one request, whose environ is complete (PEP 3333)."""
        self._count(1)
        response: WholeResponse | StreamedResponse | None = None
        try:
            response = await self._respond_in_turn(environ)
        finally:
            if not isinstance(response, StreamedResponse):
                self._count(-1)
        return response

    async def _respond_in_turn(self, environ: dict[str, Any]) -> WholeResponse | StreamedResponse:
        loop = asyncio.get_running_loop()
        if environ.get("PATH_INFO") in self._exempt:
            return await loop.run_in_executor(self._probe_threads, self._run, environ)
        place = _Place(self._places, loop=loop)
        await place.take(timeout_s=self._patience_s)
        environ[GIVE_WAY] = place.give_back
        try:
            return await loop.run_in_executor(self._page_threads, self._run, environ)
        finally:
            place.give_back()

    def _run(self, environ: dict[str, Any]) -> WholeResponse | StreamedResponse:
        """Return the response. A whole one is closed in this thread, whose database connection it used."""
        status, headers = 500, list[tuple[str, str]]()

        def start_response(line: str, pairs: list[tuple[str, str]], _exc_info: Any = None) -> None:
            nonlocal status, headers
            status, headers = int(line.split(" ", 1)[0]), list(pairs)

        parts = self._application(environ, start_response)
        if getattr(parts, "streaming", False) and not _is_short(headers):
            return StreamedResponse(status, headers, iter(parts), lambda: self._close_stream(parts))
        try:
            body = b"".join(parts)
        finally:
            _close(parts)
        return WholeResponse(status, headers, body)

    def _close_stream(self, parts: Any) -> None:
        try:
            _close(parts)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        """Count a request that begins (1) or ends (-1); threads switch quickly while there is any."""
        with self._lock:
            before, self._open_requests = self._open_requests, self._open_requests + change
            if not before or not self._open_requests:
                sys.setswitchinterval(SWITCH_BESIDE_PAGES_S if self._open_requests else SWITCH_TOKENS_ONLY_S)


class _Place:
    """One request's place among those that compute. Any thread may give it back, also before the request ends."""

    def __init__(self, places: asyncio.Semaphore, *, loop: asyncio.AbstractEventLoop) -> None:
        self._places, self._loop = places, loop
        self._is_held = False
        self._lock = threading.Lock()

    async def take(self, *, timeout_s: float) -> None:
        """Wait for a place; after `timeout_s` seconds go on without one."""
        try:
            self._is_held = await asyncio.wait_for(self._places.acquire(), timeout_s)
        except TimeoutError:
            self._is_held = False

    def give_back(self) -> None:
        """Let the next request compute; a second call does nothing."""
        with self._lock:
            was_held, self._is_held = self._is_held, False
        if was_held:
            self._loop.call_soon_threadsafe(self._places.release)


def _is_short(headers: list[tuple[str, str]]) -> bool:
    length = next((value for name, value in headers if name.lower() == "content-length"), "")
    return length.isascii() and length.isdigit() and int(length[:18]) <= WHOLE_MAX_BYTES


def _close(parts: Any) -> None:
    close = getattr(parts, "close", None)
    if close is not None:
        close()


def _lower_priority() -> None:
    # Only Linux has a niceness for each thread.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + PAGE_NICENESS)
