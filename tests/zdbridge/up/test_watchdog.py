"""The supervisor ends a child that runs and works no more."""

import os
import signal
import sys
import time

import pytest

from tests.zdbridge.up.test_supervisor import SLEEPER, supervise
from tests.zdbridge.waiting import wait_until
from zdbridge.up import supervisor
from zdbridge.up.children import ChildSpec
from zdbridge.up.watchdog import FIRST_REPORT_AFTER_S, WEDGED_AFTER_S, Watchdog


@pytest.fixture
def watchdog(tmp_path):
    watching = Watchdog(tmp_path / ".pulse")
    watching.begin(now_s=0.0)
    return watching


def report(watchdog, at):
    os.utime(watchdog._path, (at, at))


def look(watchdog, *, from_s, seconds):
    """Look once a second; return whether the child was found wedged."""
    found = [watchdog.is_wedged(now_s=from_s + second) for second in range(1, int(seconds) + 1)]
    return any(found)


class TestWatchdog:
    def test_waits_for_the_first_report(self, watchdog):
        assert not look(watchdog, from_s=0.0, seconds=FIRST_REPORT_AFTER_S)

    def test_waits_no_longer_than_that(self, watchdog):
        assert look(watchdog, from_s=0.0, seconds=FIRST_REPORT_AFTER_S + 2)

    def test_finds_a_child_that_has_reported_and_does_no_more(self, watchdog):
        report(watchdog, 5)
        watchdog.is_wedged(now_s=1.0)
        assert not look(watchdog, from_s=1.0, seconds=WEDGED_AFTER_S)
        assert look(watchdog, from_s=1.0 + WEDGED_AFTER_S, seconds=2)

    def test_leaves_one_alone_that_reports(self, watchdog):
        for at in range(1, 200):
            report(watchdog, at)
            assert not watchdog.is_wedged(now_s=float(at))

    def test_does_not_count_the_time_that_it_was_stopped_itself(self, watchdog):
        report(watchdog, 5)
        watchdog.is_wedged(now_s=1.0)
        assert not watchdog.is_wedged(now_s=900.0)

    def test_finds_nothing_without_a_file(self, watchdog):
        watchdog.end()
        assert not look(watchdog, from_s=0.0, seconds=FIRST_REPORT_AFTER_S + 2)


class TestSupervisor:
    def test_kills_a_stopped_child_and_starts_it_again(self, tmp_path, monkeypatch) -> None:
        written: list[tuple[str, str]] = []
        monkeypatch.setattr(supervisor, "write_line", lambda *line: written.append(line))
        monkeypatch.setattr("zdbridge.up.watchdog.FIRST_REPORT_AFTER_S", 0.3)
        running, _stop = supervise(ChildSpec("worker", SLEEPER, pulse=tmp_path / ".pulse"))
        running.start()
        supervised = running._children[0]
        first = supervised.child._group
        os.kill(first, signal.SIGSTOP)

        def watch_until(is_so):
            return wait_until(lambda: running.watch(until=time.monotonic() + 0.1) or is_so())

        try:
            assert watch_until(lambda: ("up", "worker does not respond. It is killed and starts again.") in written)
            monkeypatch.setattr("zdbridge.up.watchdog.FIRST_REPORT_AFTER_S", 600.0)
            assert watch_until(lambda: ("up", "worker was ended by signal 9. It restarts in 1 s.") in written)
            assert watch_until(lambda: supervised.child.is_running and supervised.child._group != first)
        finally:
            running.end()
        assert not (tmp_path / ".pulse").exists()

    def test_gives_a_child_its_file(self, tmp_path) -> None:
        command = (sys.executable, "-c", "import os; print(os.environ['ZDBRIDGE_PULSE_FILE'])")
        spec = ChildSpec("x", command, environment={"ZDBRIDGE_PULSE_FILE": "here"}, pulse=tmp_path / ".pulse")
        running, _stop = supervise(spec)
        running.start()
        try:
            assert wait_until(lambda: "here" in running._children[0].child.last_lines)
        finally:
            running.end()
