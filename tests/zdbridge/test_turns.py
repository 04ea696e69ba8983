import os
import sys
import threading

import pytest

from zdbridge import turns


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
        return [environ["PATH_INFO"].encode()]


@pytest.fixture
def application():
    waiting = Waiting()
    yield waiting
    waiting.let_go.set()


@pytest.fixture
def ask(application):
    """Ask for paths, each from a thread of its own; returns the threads."""
    started = []

    def go(wrapper, paths):
        threads = [threading.Thread(target=wrapper, args=({"PATH_INFO": path}, None)) for path in paths]
        for thread in threads:
            thread.start()
        started.extend(threads)
        return threads

    yield go
    application.let_go.set()
    for thread in started:
        thread.join(timeout=20)


class TestTurns:
    def test_lets_only_so_many_compute_at_once(self, application, ask):
        threads = ask(turns.Turns(application=application, at_once=2), ["/"] * 6)
        assert all(application.entered.acquire(timeout=20) for _ in range(2))
        application.let_go.set()
        for thread in threads:
            thread.join(timeout=20)
        assert (application.most, application.inside) == (2, 0)

    def test_answers_exempt_paths_out_of_turn(self, application, ask):
        ask(turns.Turns(application=application, at_once=1, exempt=["/healthz"]), ["/", "/healthz"])
        assert all(application.entered.acquire(timeout=20) for _ in range(2))

    def test_lets_nobody_wait_for_ever_behind_one_that_is_stuck(self, application, ask):
        threads = ask(turns.Turns(application=application, at_once=1, patience_s=0.05), ["/", "/", "/"])
        assert all(application.entered.acquire(timeout=20) for _ in range(3))
        application.let_go.set()
        for thread in threads:
            thread.join(timeout=20)
        assert (application.most, application.inside) == (3, 0)

    def test_gives_the_turn_back_after_an_accident(self):
        def break_down(environ, start_response):
            raise RuntimeError

        wrapper = turns.Turns(application=break_down, at_once=1)
        for _ in range(2):
            with pytest.raises(RuntimeError):
                wrapper({"PATH_INFO": "/"}, None)

    def test_makes_a_whole_page_in_a_thread_that_stands_back(self):
        made = Made()
        assert turns.Turns(application=made, at_once=1)({"PATH_INFO": "/"}, None) == [b"page"]
        assert set(made.threads) == {made.threads[0]} and made.threads[0] != threading.get_native_id()
        if sys.platform == "linux":
            assert made.niceness == os.getpriority(os.PRIO_PROCESS, 0) + turns.PAGE_NICENESS

    def test_passes_the_answer_on(self, application):
        application.let_go.set()
        assert turns.Turns(application=application, at_once=1)({"PATH_INFO": "/x"}, None) == [b"/x"]


class Made:
    """A page that notes which thread it was made, read and closed in, and how nice that one is."""

    streaming = False

    def __init__(self):
        self.threads = []

    def __call__(self, environ, start_response):
        self.threads.append(threading.get_native_id())
        self.niceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        return self

    def __iter__(self):
        self.threads.append(threading.get_native_id())
        return iter([b"page"])

    def close(self):
        self.threads.append(threading.get_native_id())


class Export:
    """An answer that is computed as it is sent."""

    streaming = True

    def __init__(self):
        self.is_closed = False

    def __iter__(self):
        return iter([b"a", b"b"])

    def close(self):
        self.is_closed = True


class TestTimeOfThreads:
    """How long a thread may keep the interpreter: briefly while a page is made, long enough for a token otherwise."""

    def test_is_short_while_a_page_is_made(self, application, ask):
        wrapper = turns.Turns(application=application, at_once=1)
        assert sys.getswitchinterval() == pytest.approx(turns.TOKENS_ONLY_S)
        threads = ask(wrapper, ["/", "/"])
        assert application.entered.acquire(timeout=20)
        assert sys.getswitchinterval() == pytest.approx(turns.BESIDE_PAGES_S)
        application.let_go.set()
        for thread in threads:
            thread.join(timeout=20)
        assert sys.getswitchinterval() == pytest.approx(turns.TOKENS_ONLY_S)

    def test_is_short_until_an_export_is_sent(self):
        export = Export()
        sent = turns.Turns(application=lambda *_: export, at_once=1)({"PATH_INFO": "/"}, None)
        assert list(sent) == [b"a", b"b"]
        assert sys.getswitchinterval() == pytest.approx(turns.BESIDE_PAGES_S)
        sent.close()
        assert (export.is_closed, sys.getswitchinterval()) == (True, pytest.approx(turns.TOKENS_ONLY_S))

    def test_is_long_again_after_an_accident(self):
        def break_down(environ, start_response):
            raise RuntimeError

        wrapper = turns.Turns(application=break_down, at_once=1)
        with pytest.raises(RuntimeError):
            wrapper({"PATH_INFO": "/"}, None)
        assert sys.getswitchinterval() == pytest.approx(turns.TOKENS_ONLY_S)


class TestGiveWay:
    def test_lets_the_next_page_be_made_while_one_waits_for_another_service(self, application, ask):
        def waits(environ, start_response):
            environ[turns.GIVE_WAY]()
            environ[turns.GIVE_WAY]()
            return application(environ, start_response)

        ask(turns.Turns(application=waits, at_once=1, patience_s=60), ["/", "/"])
        assert all(application.entered.acquire(timeout=20) for _ in range(2))
