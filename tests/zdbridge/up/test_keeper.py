import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.zdbridge.waiting import wait_until
from zdbridge.up import keeper

KEEPER = [sys.executable, "-I", "-S", keeper.__file__]
# Starts a grandchild that leaves the group, notes both numbers, and waits to be killed.
FAMILY = """
import os, signal, subprocess, sys, time
from pathlib import Path
folder, stubborn = Path(sys.argv[1]), len(sys.argv) > 2
if stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
(folder / "pids.part").write_text(f"{os.getpid()} {grandchild.pid} {other.pid}")
(folder / "pids.part").rename(folder / "pids")
time.sleep(600)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals and subreapers are Linux's")


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


class Kept:
    """A keeper with a family of three below it."""

    def __init__(self, folder: Path, *extra: str) -> None:
        self.ours, theirs = socket.socketpair()
        with theirs:
            command = [*KEEPER, sys.executable, "-c", FAMILY, str(folder), *extra]
            self.process = subprocess.Popen(command, stdin=theirs.fileno(), start_new_session=True)
        assert wait_until(lambda: (folder / "pids").exists())
        self.family = [int(pid) for pid in (folder / "pids").read_text().split()]

    def is_gone(self) -> bool:
        return not any(is_alive(pid) for pid in self.family)

    def close(self) -> None:
        self.ours.close()
        self.process.kill()
        self.process.wait()
        for pid in self.family:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.close()


def run(*command: str) -> subprocess.CompletedProcess:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        return subprocess.run([*KEEPER, *command], stdin=theirs.fileno(), capture_output=True, text=True)


class TestExitCode:
    @pytest.mark.parametrize("code", [0, 1, 42])
    def test_is_the_childs_own(self, code: int) -> None:
        assert run(sys.executable, "-c", f"raise SystemExit({code})").returncode == code

    def test_tells_the_signal_that_ended_the_child(self) -> None:
        assert run(sys.executable, "-c", "import os; os.kill(os.getpid(), 9)").returncode == 128 + 9

    def test_says_which_command_is_missing(self) -> None:
        done = run("/nowhere/at-all")
        assert (done.returncode, done.stderr) == (127, "cannot run /nowhere/at-all: No such file or directory\n")

    def test_gives_the_child_an_empty_standard_input(self) -> None:
        assert (
            run(sys.executable, "-c", "print(repr(input() if 0 else __import__('sys').stdin.read()))").stdout == "''\n"
        )


class TestDescendants:
    def test_end_with_the_child_that_was_asked_to_end(self, kept: Kept) -> None:
        kept.process.send_signal(signal.SIGTERM)
        kept.process.wait(timeout=10)
        assert kept.is_gone()

    def test_end_when_the_child_is_killed(self, kept: Kept) -> None:
        os.kill(kept.family[0], signal.SIGKILL)
        kept.process.wait(timeout=10)
        assert kept.is_gone()

    def test_end_when_the_supervisor_is_gone(self, kept: Kept) -> None:
        kept.ours.close()
        kept.process.wait(timeout=10)
        assert kept.is_gone()

    def test_end_when_the_supervisor_is_gone_and_the_child_will_not_listen(self, tmp_path: Path) -> None:
        kept = Kept(tmp_path, "stubborn")
        kept.ours.close()
        kept.process.wait(timeout=10)
        is_gone = kept.is_gone()
        kept.close()
        assert is_gone

    def test_the_child_ends_when_the_keeper_itself_is_killed(self, kept: Kept) -> None:
        kept.process.kill()
        assert wait_until(lambda: not is_alive(kept.family[0]), limit_s=10)
