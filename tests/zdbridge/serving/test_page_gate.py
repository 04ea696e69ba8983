import asyncio
import os
import sys
import threading

import pytest

from zdbridge.serving import page_gate
from zdbridge.serving.page_gate import PageGate
from zdbridge.serving.responses import StreamedResponse

pytestmark = pytest.mark.usefixtures("begin_without_a_loop")


@pytest.fixture(autouse=True)
def _restore_switch_interval():
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


async def ask(gate, application, paths, *, entered):
    """Ask for `paths` at once, wait until `entered` of them are inside, let them go; return the answers."""
    asked = [asyncio.ensure_future(gate.respond({"PATH_INFO": path})) for path in paths]
    await inside(application, entered)
    application.let_go.set()
    return await asyncio.gather(*asked)


class TestPageGate:
    def test_lets_at_most_the_limit_compute_at_once(self, application):
        asyncio.run(ask(PageGate(application=application, limit=2), application, ["/"] * 6, entered=2))
        assert (application.most, application.inside) == (2, 0)

    def test_answers_exempt_paths_without_waiting(self, application):
        gate = PageGate(application=application, limit=1, exempt=["/healthz"])
        asyncio.run(ask(gate, application, ["/", "/healthz"], entered=2))
        assert application.most == 2

    def test_answers_probes_while_every_thread_for_pages_is_stuck(self, application):
        gate = PageGate(application=application, limit=99, exempt=["/healthz"])
        paths = ["/"] * (page_gate.PAGE_THREADS + 3) + ["/healthz"]
        asyncio.run(ask(gate, application, paths, entered=page_gate.PAGE_THREADS + 1))
        assert application.most == page_gate.PAGE_THREADS + 1

    def test_lets_requests_pass_one_that_is_stuck(self, application):
        gate = PageGate(application=application, limit=1, patience_s=0.05)
        asyncio.run(ask(gate, application, ["/", "/", "/"], entered=3))
        assert (application.most, application.inside) == (3, 0)

    def test_gives_the_place_back_after_an_exception(self):
        gate = PageGate(application=break_down, limit=1)
        for _ in range(2):
            with pytest.raises(RuntimeError):
                asyncio.run(gate.respond({"PATH_INFO": "/"}))

    def test_computes_a_whole_page_in_a_thread_of_lower_priority(self):
        made = Made()
        answer = asyncio.run(PageGate(application=made, limit=1).respond({"PATH_INFO": "/"}))
        assert answer == (200, [("A", "b")], b"page")
        assert set(made.threads) == {made.threads[0]} and made.threads[0] != threading.get_native_id()
        if sys.platform == "linux":
            assert made.niceness == os.getpriority(os.PRIO_PROCESS, 0) + page_gate.PAGE_NICENESS

    def test_returns_the_response(self, application):
        (answer,) = asyncio.run(ask(PageGate(application=application, limit=1), application, ["/x"], entered=1))
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


class TestStreamedResponses:
    def test_are_passed_on_unread(self):
        export = Export()
        sent = asyncio.run(PageGate(application=export, limit=1).respond({"PATH_INFO": "/"}))
        assert isinstance(sent, StreamedResponse)
        assert (list(sent.parts), export.is_closed) == ([b"a", b"b"], False)

    def test_are_read_at_once_when_announced_as_short(self):
        export = Export(headers=[("Content-Length", "2")])
        answer = asyncio.run(PageGate(application=export, limit=1).respond({"PATH_INFO": "/static/a.css"}))
        assert (answer.body, export.is_closed) == (b"ab", True)


class TestSwitchInterval:
    """A thread keeps the interpreter briefly while a page is computed, long enough for a token otherwise."""

    def test_is_short_while_a_page_is_computed(self, application):
        gate = PageGate(application=application, limit=1)
        assert sys.getswitchinterval() == pytest.approx(page_gate.SWITCH_TOKENS_ONLY_S)

        async def watch():
            asked = asyncio.ensure_future(gate.respond({"PATH_INFO": "/"}))
            await inside(application, 1)
            assert sys.getswitchinterval() == pytest.approx(page_gate.SWITCH_BESIDE_PAGES_S)
            application.let_go.set()
            await asked

        asyncio.run(watch())
        assert sys.getswitchinterval() == pytest.approx(page_gate.SWITCH_TOKENS_ONLY_S)

    def test_is_short_until_an_export_is_sent(self):
        export = Export()
        sent = asyncio.run(PageGate(application=export, limit=1).respond({"PATH_INFO": "/"}))
        assert sys.getswitchinterval() == pytest.approx(page_gate.SWITCH_BESIDE_PAGES_S)
        sent.close()
        assert (export.is_closed, sys.getswitchinterval()) == (True, pytest.approx(page_gate.SWITCH_TOKENS_ONLY_S))

    def test_is_long_again_after_an_exception(self):
        with pytest.raises(RuntimeError):
            asyncio.run(PageGate(application=break_down, limit=1).respond({"PATH_INFO": "/"}))
        assert sys.getswitchinterval() == pytest.approx(page_gate.SWITCH_TOKENS_ONLY_S)


class TestThread:
    def test_runs_the_waiting_pages_one_after_another(self):
        """A page in a thread that has slept would keep tokens waiting."""
        threads, all_wait = [], threading.Event()

        def page(environ, start_response):
            threads.append(threading.get_ident())
            assert all_wait.wait(timeout=20)
            start_response("200 OK", [])
            return [b""]

        async def ask_for_many():
            gate = PageGate(application=page, limit=1)
            pages = [asyncio.ensure_future(gate.respond({"PATH_INFO": "/"})) for _ in range(20)]
            await asyncio.sleep(0)
            all_wait.set()
            await asyncio.gather(*pages)

        asyncio.run(ask_for_many())
        assert (len(threads), len(set(threads))) == (20, 1)


class TestGiveWay:
    def test_frees_no_place_after_the_page(self):
        gate, environ = PageGate(application=Made(), limit=1), {"PATH_INFO": "/"}
        asyncio.run(gate.respond(environ))
        gate._page_threads.shutdown()
        environ[page_gate.GIVE_WAY]()
        assert gate._free_places == 1

    def test_lets_the_next_page_compute_while_one_waits_for_a_service(self, application):
        def waits(environ, start_response):
            environ[page_gate.GIVE_WAY]()
            environ[page_gate.GIVE_WAY]()
            return application(environ, start_response)

        gate = PageGate(application=waits, limit=1, patience_s=60)
        asyncio.run(ask(gate, application, ["/", "/"], entered=2))
        assert application.most == 2
