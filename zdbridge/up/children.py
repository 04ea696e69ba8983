"""One child of `up`: started under a keeper, its output prefixed, its last lines remembered."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_KEEPER = Path(__file__).with_name("keeper.py")
LAST_LINES = 20
# A line longer than this is cut into several: a child must not be able to fill our memory.
_LINE_MAX = 16_384


@dataclass(frozen=True)
class ChildSpec:
    """What to run: the name lines are prefixed with, the command, variables over the inherited ones."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    # Called before every start, the first too.
    before_start: Callable[[], None] | None = None


class Child:
    """A running (or dead) child. All methods are called from the supervisor's main thread."""

    def __init__(
        self, *, spec: ChildSpec, write_line: Callable[[str, str], None], kept_open: Sequence[int] = ()
    ) -> None:
        self.spec = spec
        self._kept_open = tuple(kept_open)
        self.started_at_s = 0.0
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._write_line = write_line
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: socket.socket | None = None
        self._reader: threading.Thread | None = None
        self._group: int | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether the keeper lives (it ends right after what it keeps)."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The child's exit code, 128 + N after signal N; None while it runs."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start (again), in a session of its own: a Ctrl-C in the terminal reaches only the supervisor."""
        if self.spec.before_start is not None:
            self.spec.before_start()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_KEEPER), *self.spec.command],
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.spec.environment},
                start_new_session=True,
                pass_fds=self._kept_open,
            )
        self._lifeline, self._group = ours, _read_group(ours)
        self.started_at_s = time.monotonic()
        self._reader = threading.Thread(target=self._pump, name=f"output of {self.spec.name}", daemon=True)
        self._reader.start()

    def ask_to_end(self) -> None:
        """Send SIGTERM, which the keeper passes to its child only: a worker's pool must not get it twice."""
        if self.is_running and self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def clean_up(self) -> None:
        """Kill whatever is left of the child, wait for it, read its last output."""
        if self._process is None:
            return
        if self._group is not None:
            _kill_group(self._group)
        # The keeper is given a moment to see the end of its child and of those that had left the group.
        try:
            self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._lifeline is not None:
            self._lifeline.close()
        if self._reader is not None:
            self._reader.join(timeout=1)
        self._group = self._lifeline = self._reader = None

    def _pump(self) -> None:
        output = self._process.stdout if self._process is not None else None
        if output is None:
            return
        with output:
            for raw in iter(lambda: output.readline(_LINE_MAX), b""):
                line = raw.decode("utf-8", errors="replace").rstrip()
                if not line:
                    continue
                self.last_lines.append(line)
                self._write_line(self.spec.name, line)


def _read_group(lifeline: socket.socket) -> int | None:
    lifeline.settimeout(10)
    try:
        answer = lifeline.recv(32)
    except TimeoutError:
        return None
    finally:
        lifeline.settimeout(None)
    return int(answer) if answer.strip().isdigit() else None


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nothing of it is left
