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

    The threads have less priority than the one that answers tokens. A thread that has finished a page takes the next
    one itself: Linux lets a thread that has slept run for milliseconds before another one, and tokens would wait.
    A response computed while it is sent, such as a long export, does not count against the limit; threads still switch
    quickly until it is closed.

    Args:
        exempt: paths that never wait.
    """

    def __init__(
        self, *, application: Any, limit: int, exempt: Iterable[str] = (), patience_s: float = PATIENCE_S
    ) -> None:
        self._application = application
        self._free_places = limit
        self._waiting: dict[_Page, None] = {}
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
        page = _Page(environ, loop=loop)
        environ[GIVE_WAY] = lambda: self._give_way(page)
        with self._lock:
            self._waiting[page] = None
            self._use_free_place()
        timer = loop.call_later(self._patience_s, self._run_out_of_turn, page)
        try:
            return await page.response
        finally:
            timer.cancel()
            with self._lock:
                self._waiting.pop(page, None)

    def _use_free_place(self) -> None:
        """Let a thread run the waiting pages if a place is free. The caller holds the lock."""
        if self._free_places and self._waiting:
            self._free_places -= 1
            self._page_threads.submit(self._run_waiting)

    def _run_waiting(self) -> None:
        """Run waiting pages one after another, until none waits or a page has passed on the place of this thread."""
        has_place = True
        while has_place:
            with self._lock:
                page = next(iter(self._waiting), None)
                if page is None:
                    self._free_places += 1
                    return
                del self._waiting[page]
                page.has_place = True
            self._run_page(page)
            with self._lock:
                has_place, page.has_place = page.has_place, False

    def _run_out_of_turn(self, page: "_Page") -> None:
        with self._lock:
            if page not in self._waiting:
                return
            del self._waiting[page]
        self._page_threads.submit(self._run_page, page)

    def _give_way(self, page: "_Page") -> None:
        """Pass the place of a running page to the next one; a second call does nothing."""
        with self._lock:
            if page.has_place:
                page.has_place = False
                self._free_places += 1
                self._use_free_place()

    def _run_page(self, page: "_Page") -> None:
        response, error = None, None
        try:
            response = self._run(page.environ)
        except BaseException as exception:  # noqa: BLE001 - raised where the response is awaited
            error = exception
        page.finish(response, error)

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


class _Page:
    """A request that waits or runs, and the future of its response."""

    def __init__(self, environ: dict[str, Any], *, loop: asyncio.AbstractEventLoop) -> None:
        self.environ, self._loop = environ, loop
        self.response: asyncio.Future[WholeResponse | StreamedResponse] = loop.create_future()
        self.has_place = False

    def finish(self, response: WholeResponse | StreamedResponse | None, error: BaseException | None) -> None:
        """Pass the response, or the error, to the loop; any thread may call this."""
        self._loop.call_soon_threadsafe(self._set, response, error)

    def _set(self, response: Any, error: BaseException | None) -> None:
        if self.response.cancelled():
            return
        if error is not None:
            self.response.set_exception(error)
        else:
            self.response.set_result(response)


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
