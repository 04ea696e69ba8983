import asyncio
import os
import sys
import threading

import pytest

from zdbridge.serving import turns
from zdbridge.serving.turns import Stream, Turns

pytestmark = pytest.mark.usefixtures("begin_without_a_loop")


@pytest.fixture(autouse=True)
def _time_of_threads():
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


class Waiting:
    """An application whose requests stay until they are let go, and which knows how many are inside."""

    def __init__(self):
        self.inside = 0
        self.most = 0
        self.entered = threading.Semaphore(0)
        self.let_go = threading.Event()
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.entered.release()
        assert self.let_go.wait(timeout=20)
        with self.lock:
            self.inside -= 1
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]


@pytest.fixture
def application():
    waiting = Waiting()
    yield waiting
    waiting.let_go.set()


async def inside(application, count):
    """Wait until `count` requests have come in."""
    for _ in range(count):
        assert await asyncio.to_thread(application.entered.acquire, timeout=20)


async def ask(wrapper, application, paths, *, entered):
    """Ask for `paths` at once, wait until `entered` of them are inside, let them go; return the answers."""
    asked = [asyncio.ensure_future(wrapper.make({"PATH_INFO": path})) for path in paths]
    await inside(application, entered)
    application.let_go.set()
    return await asyncio.gather(*asked)


class TestTurns:
    def test_lets_only_so_many_compute_at_once(self, application):
        asyncio.run(ask(Turns(application=application, at_once=2), application, ["/"] * 6, entered=2))
        assert (application.most, application.inside) == (2, 0)

    def test_answers_exempt_paths_out_of_turn(self, application):
        wrapper = Turns(application=application, at_once=1, exempt=["/healthz"])
        asyncio.run(ask(wrapper, application, ["/", "/healthz"], entered=2))
        assert application.most == 2

    def test_answers_probes_while_every_thread_for_pages_is_stuck(self, application):
        wrapper = Turns(application=application, at_once=99, exempt=["/healthz"])
        paths = ["/"] * (turns.PAGE_THREADS + 3) + ["/healthz"]
        asyncio.run(ask(wrapper, application, paths, entered=turns.PAGE_THREADS + 1))
        assert application.most == turns.PAGE_THREADS + 1

    def test_lets_nobody_wait_for_ever_behind_one_that_is_stuck(self, application):
        wrapper = Turns(application=application, at_once=1, patience_s=0.05)
        asyncio.run(ask(wrapper, application, ["/", "/", "/"], entered=3))
        assert (application.most, application.inside) == (3, 0)

    def test_gives_the_turn_back_after_an_accident(self):
        wrapper = Turns(application=break_down, at_once=1)
        for _ in range(2):
            with pytest.raises(RuntimeError):
                asyncio.run(wrapper.make({"PATH_INFO": "/"}))

    def test_makes_a_whole_page_in_a_thread_that_stands_back(self):
        made = Made()
        answer = asyncio.run(Turns(application=made, at_once=1).make({"PATH_INFO": "/"}))
        assert answer == (200, [("A", "b")], b"page")
        assert set(made.threads) == {made.threads[0]} and made.threads[0] != threading.get_native_id()
        if sys.platform == "linux":
            assert made.niceness == os.getpriority(os.PRIO_PROCESS, 0) + turns.PAGE_NICENESS

    def test_passes_the_answer_on(self, application):
        (answer,) = asyncio.run(ask(Turns(application=application, at_once=1), application, ["/x"], entered=1))
        assert answer.body == b"/x"


def break_down(environ, start_response):
    raise RuntimeError


class Made:
    """A page that notes which thread it was made, read and closed in, and how nice that one is."""

    streaming = False

    def __init__(self):
        self.threads = []

    def __call__(self, environ, start_response):
        self.threads.append(threading.get_native_id())
        self.niceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        start_response("200 OK", [("A", "b")])
        return self

    def __iter__(self):
        self.threads.append(threading.get_native_id())
        return iter([b"page"])

    def close(self):
        self.threads.append(threading.get_native_id())


class Export:
    """An answer that is computed as it is sent."""

    streaming = True

    def __init__(self, headers=()):
        self.is_closed = False
        self.headers = headers

    def __call__(self, environ, start_response):
        start_response("200 OK", self.headers)
        return self

    def __iter__(self):
        return iter([b"a", b"b"])

    def close(self):
        self.is_closed = True


class TestWhatIsSentAsItIsComputed:
    def test_is_handed_on_unread(self):
        export = Export()
        sent = asyncio.run(Turns(application=export, at_once=1).make({"PATH_INFO": "/"}))
        assert isinstance(sent, Stream)
        assert (list(sent.parts), export.is_closed) == ([b"a", b"b"], False)

    def test_is_read_at_once_where_it_says_to_be_short(self):
        export = Export(headers=[("Content-Length", "2")])
        answer = asyncio.run(Turns(application=export, at_once=1).make({"PATH_INFO": "/static/a.css"}))
        assert (answer.body, export.is_closed) == (b"ab", True)


class TestTimeOfThreads:
    """How long a thread may keep the interpreter: briefly while a page is made, long enough for a token otherwise."""

    def test_is_short_while_a_page_is_made(self, application):
        wrapper = Turns(application=application, at_once=1)
        assert sys.getswitchinterval() == pytest.approx(turns.TOKENS_ONLY_S)

        async def watch():
            asked = asyncio.ensure_future(wrapper.make({"PATH_INFO": "/"}))
            await inside(application, 1)
            assert sys.getswitchinterval() == pytest.approx(turns.BESIDE_PAGES_S)
            application.let_go.set()
            await asked

        asyncio.run(watch())
        assert sys.getswitchinterval() == pytest.approx(turns.TOKENS_ONLY_S)

    def test_is_short_until_an_export_is_sent(self):
        export = Export()
        sent = asyncio.run(Turns(application=export, at_once=1).make({"PATH_INFO": "/"}))
        assert sys.getswitchinterval() == pytest.approx(turns.BESIDE_PAGES_S)
        sent.close()
        assert (export.is_closed, sys.getswitchinterval()) == (True, pytest.approx(turns.TOKENS_ONLY_S))

    def test_is_long_again_after_an_accident(self):
        with pytest.raises(RuntimeError):
            asyncio.run(Turns(application=break_down, at_once=1).make({"PATH_INFO": "/"}))
        assert sys.getswitchinterval() == pytest.approx(turns.TOKENS_ONLY_S)


class TestGiveWay:
    def test_lets_the_next_page_be_made_while_one_waits_for_another_service(self, application):
        def waits(environ, start_response):
            environ[turns.GIVE_WAY]()
            environ[turns.GIVE_WAY]()
            return application(environ, start_response)

        wrapper = Turns(application=waits, at_once=1, patience_s=60)
        asyncio.run(ask(wrapper, application, ["/", "/"], entered=2))
        assert application.most == 2
