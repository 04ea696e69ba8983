import os
import signal
import sys
import threading

import pytest

from tests.zdbridge.waiting import wait_until
from zdbridge.up import supervisor
from zdbridge.up.children import Child, ChildSpec
from zdbridge.up.supervisor import GaveUp, Supervisor

SLEEPER = (sys.executable, "-c", "import time; print('hello', flush=True); time.sleep(600)")
DEAF = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
)
DYING = (sys.executable, "-c", "print('no luck'); raise SystemExit(3)")


_really_start = Child.start


def start_at(child: Child, *, now_s: float) -> None:
    """Start the child for real, on a clock that the test moves."""
    _really_start(child)
    child.started_at_s = now_s


@pytest.fixture
def lines(monkeypatch) -> list[tuple[str, str]]:
    written: list[tuple[str, str]] = []
    monkeypatch.setattr(supervisor, "write_line", lambda name, line: written.append((name, line)))
    return written


def supervise(*specs: ChildSpec) -> tuple[Supervisor, threading.Event]:
    stop = threading.Event()
    return Supervisor(specs=specs, stop=stop), stop


class TestChild:
    def test_passes_lines_on_behind_its_name(self) -> None:
        written: list[tuple[str, str]] = []
        child = Child(spec=ChildSpec("worker", SLEEPER), write_line=lambda *line: written.append(line))
        child.start()
        assert wait_until(lambda: written == [("worker", "hello")])
        child.clean_up()

    def test_remembers_its_last_lines_only(self) -> None:
        command = (sys.executable, "-c", "for n in range(100): print(n)")
        child = Child(spec=ChildSpec("x", command), write_line=lambda *_line: None)
        child.start()
        assert wait_until(lambda: not child.is_running)
        child.clean_up()
        assert list(child.last_lines) == [str(number) for number in range(80, 100)]

    def test_gets_its_own_variables_and_the_inherited_ones(self, monkeypatch) -> None:
        monkeypatch.setenv("INHERITED", "a")
        command = (sys.executable, "-c", "import os; print(os.environ['INHERITED'] + os.environ['OWN'])")
        child = Child(spec=ChildSpec("x", command, {"OWN": "b"}), write_line=lambda *_line: None)
        child.start()
        assert wait_until(lambda: not child.is_running)
        child.clean_up()
        assert list(child.last_lines) == ["ab"]

    def test_survives_output_that_is_no_text(self) -> None:
        command = (sys.executable, "-c", r"import sys; sys.stdout.buffer.write(b'\xff\xfe\n')")
        child = Child(spec=ChildSpec("x", command), write_line=lambda *_line: None)
        child.start()
        assert wait_until(lambda: not child.is_running)
        child.clean_up()
        assert list(child.last_lines) == ["��"]

    def test_runs_what_has_to_be_done_before_every_start(self) -> None:
        calls: list[int] = []
        spec = ChildSpec("x", DYING, before_start=lambda: calls.append(1))
        child = Child(spec=spec, write_line=lambda *_line: None)
        for _ in range(2):
            child.start()
            assert wait_until(lambda: not child.is_running)
            child.clean_up()
        assert calls == [1, 1]


class TestRestart:
    def test_starts_a_killed_child_again(self, lines, monkeypatch) -> None:
        supervised, stop = supervise(ChildSpec("web", SLEEPER))
        supervised.start()
        group = supervised._children[0].child._group
        os.killpg(group, signal.SIGKILL)
        watcher = threading.Thread(target=supervised.watch)
        watcher.start()
        assert wait_until(lambda: supervised._children[0].child._group not in (None, group))
        stop.set()
        watcher.join()
        supervised.end()
        assert ("up", "web was ended by signal 9. It restarts in 1 s.") in lines

    @pytest.mark.parametrize("code", [128 + signal.SIGKILL, -signal.SIGKILL])
    def test_names_the_signal_that_ended_a_child_or_its_keeper(self, code) -> None:
        assert supervisor._describe_exit("web", code) == "web was ended by signal 9."

    def test_backs_off_longer_each_time_and_gives_up_after_five_young_deaths(self, lines, monkeypatch) -> None:
        supervised, _stop = supervise(ChildSpec("web", DYING))
        kept, now_s = supervised._children[0], 0.0
        monkeypatch.setattr(Child, "start", lambda child: start_at(child, now_s=now_s))
        supervised.start()
        with pytest.raises(GaveUp):
            while True:
                assert wait_until(lambda: not kept.child.is_running)
                kept.check(now_s=now_s)
                now_s += 0.5
        waits = [line.rsplit(" in ", 1)[1] for name, line in lines if name == "up"]
        assert waits == ["1 s.", "2 s.", "4 s.", "8 s."]

    def test_forgives_a_death_after_a_long_life(self, lines, monkeypatch) -> None:
        supervised, _stop = supervise(ChildSpec("web", DYING))
        kept = supervised._children[0]
        for _ in range(2 * supervisor.MAX_EARLY_EXITS):
            kept.child.start()
            assert wait_until(lambda: not kept.child.is_running)
            kept.check(now_s=kept.child.started_at_s + supervisor.EARLY_EXIT_S + 1)
            kept._restart_at_s = None
        assert {line for _name, line in lines if "restarts" in line} == {"web ended with code 3. It restarts in 1 s."}


class TestEnd:
    def test_asks_before_it_kills(self, lines) -> None:
        supervised, _stop = supervise(ChildSpec("web", SLEEPER))
        supervised.start()
        supervised.end()
        assert supervised._children[0].child.exit_code == 128 + signal.SIGTERM

    def test_kills_what_will_not_end(self, lines, monkeypatch) -> None:
        monkeypatch.setattr(supervisor, "TERM_GRACE_S", 0.3)
        supervised, _stop = supervise(ChildSpec("web", DEAF))
        supervised.start()
        assert wait_until(lambda: list(supervised._children[0].child.last_lines) == ["deaf"])
        supervised.end()
        assert supervised._children[0].child.exit_code == 128 + signal.SIGKILL

    def test_reaches_a_child_that_has_only_just_begun(self, lines) -> None:
        codes = []
        for _ in range(10):
            supervised, _stop = supervise(ChildSpec("web", SLEEPER))
            supervised.start()
            supervised.end()
            codes.append(supervised._children[0].child.exit_code)
        assert codes == [128 + signal.SIGTERM] * 10

    def test_may_be_called_twice(self, lines) -> None:
        supervised, _stop = supervise(ChildSpec("web", SLEEPER))
        supervised.start()
        supervised.end()
        supervised.end()
        assert not supervised._children[0].child.is_running

    def test_promises_to_stay_below_ten_seconds(self) -> None:
        assert supervisor.TERM_GRACE_S < 9
