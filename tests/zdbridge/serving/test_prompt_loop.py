import asyncio
import contextvars
import ctypes
import os
import sys
import threading

import pytest
from granian._futures import _cbsched_aioschedule, _future_watcher_wrapper

from zdbridge.serving.prompt_loop import SENDING_NICENESS, build_loop, continue_in_loop

pytestmark = pytest.mark.usefixtures("begin_without_a_loop")


@pytest.fixture
def loop():
    made = build_loop()
    yield made
    asyncio.set_event_loop(None)
    made.close()


class Watcher:
    """Granian's side of one request."""

    scope, proto = "scope", "proto"

    def __init__(self):
        self.ended = threading.Event()
        self.error = None

    def done(self):
        self.ended.set()

    def err(self, error):
        self.error = error
        self.ended.set()

    def taskref(self, task):
        self.task = task


class Application:
    """Notes in which threads it ran; `waits` before the second half."""

    def __init__(self, *, waits=False):
        self.waits, self.threads = waits, []

    async def __call__(self, scope, proto):
        self.threads.append(threading.get_ident())
        if self.waits:
            await continue_in_loop()
            await asyncio.sleep(0)
            self.threads.append(threading.get_ident())


def hand_over(loop, application):
    """Hand a request over as granian does, from a thread of its own; return its watcher and that thread."""
    watcher = Watcher()
    schedule = _cbsched_aioschedule(loop, contextvars.copy_context(), _future_watcher_wrapper(application))
    thread = threading.Thread(target=schedule, args=(watcher,))
    thread.start()
    thread.join(timeout=20)
    return watcher, thread.ident


def run_until(loop, watcher):
    async def wait():
        assert await asyncio.to_thread(watcher.ended.wait, 20)

    loop.run_until_complete(wait())


class TestPromptLoop:
    def test_answers_what_waits_for_nothing_where_it_came_in(self, loop):
        """Fails where another granian hands requests over in another way: they would be answered, only later."""
        application = Application()
        watcher, thread = hand_over(loop, application)
        assert (watcher.ended.is_set(), application.threads) == (True, [thread])

    def test_goes_on_in_the_loop_with_what_waits(self, loop):
        application = Application(waits=True)
        watcher, thread = hand_over(loop, application)
        assert not watcher.ended.is_set()
        run_until(loop, watcher)
        assert application.threads == [thread, threading.get_ident()]

    def test_tells_an_accident_wherever_it_happens(self, loop):
        async def break_down(scope, proto):
            raise ValueError

        watcher, _ = hand_over(loop, break_down)
        assert isinstance(watcher.error, ValueError)

    def test_schedules_everything_else_as_any_loop_does(self, loop):
        called = []
        loop.call_soon_threadsafe(called.append, 1)
        assert called == []
        loop.run_until_complete(asyncio.sleep(0))
        assert called == [1]


def list_threads():
    return {int(name) for name in os.listdir("/proc/self/task")}


def start_foreign_thread():
    """Start a thread that Python knows nothing of, which sleeps for a second; return its ID."""
    before, libc = list_threads(), ctypes.CDLL(None)
    routine = ctypes.cast(libc.sleep, ctypes.c_void_p)
    assert libc.pthread_create(ctypes.byref(ctypes.c_ulong()), None, routine, ctypes.c_void_p(1)) == 0
    (thread_id,) = list_threads() - before
    return thread_id


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a niceness for each thread")
class TestPriority:
    def test_of_threads_that_read_and_send_is_less_than_of_the_one_that_answers(self, loop):
        sending, answering, own = start_foreign_thread(), [], os.getpriority(os.PRIO_PROCESS, 0)

        async def answer(_scope, _proto):
            answering.append(os.getpriority(os.PRIO_PROCESS, 0))

        hand_over(loop, answer)
        assert (os.getpriority(os.PRIO_PROCESS, sending), answering) == (own + SENDING_NICENESS, [own])
