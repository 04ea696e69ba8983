"""One child of `up`: starts it under a keeper, prefixes its output and remembers its last lines."""

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
# A longer line is cut into several, so that a child cannot fill the memory of `up`.
_LINE_MAX = 16_384


@dataclass(frozen=True)
class ChildSpec:
    """What to run: the name that prefixes its lines, the command, and variables besides the inherited ones."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    # Called before every start, including the first.
    before_start: Callable[[], None] | None = None
    # The file whose time the child renews while it works; None for a child that is not watched.
    pulse: Path | None = None


class Child:
    """A child, running or ended. The supervisor's main thread calls all methods."""

    def __init__(
        self, *, spec: ChildSpec, write_line: Callable[[str, str], None], inherited_fds: Sequence[int] = ()
    ) -> None:
        self.spec = spec
        self._inherited_fds = tuple(inherited_fds)
        self.started_at_s = 0.0
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._write_line = write_line
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: socket.socket | None = None
        self._reader: threading.Thread | None = None
        self._group: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether the keeper runs; it ends right after its command."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code, 128 + N after signal N; None while the child runs."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start or restart it in a session of its own, so that Ctrl-C in the terminal reaches only the supervisor."""
        if self.spec.before_start is not None:
            self.spec.before_start()
        lifeline, keeper_end = socket.socketpair()
        with keeper_end:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_KEEPER), *self.spec.command],
                stdin=keeper_end.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.spec.environment},
                start_new_session=True,
                pass_fds=self._inherited_fds,
            )
        self._lifeline, self._group = lifeline, _read_group(lifeline)
        self.started_at_s = time.monotonic()
        self._reader = threading.Thread(target=self._forward_output, name=f"output of {self.spec.name}", daemon=True)
        self._reader.start()

    def terminate(self) -> None:
        """Send SIGTERM. The keeper passes it to its child only, because a worker's pool must not get it twice."""
        if self.is_running and self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the command and its group at once, stopped ones too. The keeper then ends as after any exit."""
        if self._group is not None:
            _kill_group(self._group)

    def clean_up(self) -> None:
        """Kill what is left of the child, wait for it, and read its last output."""
        if self._process is None:
            return
        if self._group is not None:
            _kill_group(self._group)
        # The keeper needs a moment to end the descendants that have left the group.
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

    def _forward_output(self) -> None:
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
        return  # no process of it is left
