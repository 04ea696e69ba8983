"""A small process between the supervisor and each of its children, which leaves no process behind.

Run as `python -I -S keeper.py COMMAND…` with a socket as standard input. It starts COMMAND in a process group of its
own, writes the number of the group to the socket, passes SIGTERM on, and ends with the exit code of COMMAND. When
COMMAND or the supervisor has ended (the socket then closes, however that happened), the keeper kills every descendant:
on Linux also those that left the group, because it adopts them. When the keeper itself is killed, the kernel kills
COMMAND. It uses the standard library only and one thread, so it forks safely and starts within milliseconds.
"""

import ctypes
import os
import select
import signal
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
# How long COMMAND may take to end once the supervisor is gone.
ORPHAN_GRACE_S = 3.0
_LIFELINE = 0


def main(*, command: list[str]) -> int:
    """Run `command` until it ends; return its exit code, or 128 + N after signal N."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    wake = _wake_on_signals()
    keeper = os.getpid()
    # A SIGTERM that arrives now must reach the child, not end the keeper before it can pass it on.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child = os.fork()
    if child == 0:
        _run_command(command=command, keeper=keeper)
    # Both sides of the fork set it, so the group exists before anything signals it.
    _ignore_missing(os.setpgid, child, child)
    signal.signal(signal.SIGTERM, lambda _number, _frame: _ignore_missing(os.kill, child, signal.SIGTERM))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.write(_LIFELINE, b"%d\n" % child)
    code = _wait_for_exit(child=child, wake=wake)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _kill_descendants(group=child)
    return code


def _run_command(*, command: list[str], keeper: int) -> None:
    os.setpgid(0, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != keeper:
        os._exit(1)  # the keeper died before the line above could take effect
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _LIFELINE)
    # Only the keeper inherits the supervisor's locks: descendants of COMMAND may outlive it for a moment.
    os.closerange(3, 1024)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"cannot run {command[0]}: {error.strerror}\n".encode())
        os._exit(127)


def _wake_on_signals() -> int:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.set_blocking(reader, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    # Python writes to the pipe only for a signal with a handler; the loop does the work.
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return reader


def _wait_for_exit(*, child: int, wake: int) -> int:
    watched = [wake, _LIFELINE]
    kill_at: float | None = None
    while True:
        code = _reap(child=child)
        if code is not None:
            return code
        timeout = None if kill_at is None else max(0.0, kill_at - time.monotonic())
        ready = select.select(watched, [], [], timeout)[0]
        if wake in ready:
            os.read(wake, 4096)
        if _LIFELINE in ready and not _is_supervised():
            watched, kill_at = [wake], time.monotonic() + ORPHAN_GRACE_S
            _ignore_missing(os.kill, child, signal.SIGTERM)
        if kill_at is not None and time.monotonic() >= kill_at:
            _ignore_missing(os.killpg, child, signal.SIGKILL)
            kill_at = None


def _is_supervised() -> bool:
    try:
        return os.read(_LIFELINE, 1) != b""
    except ConnectionError:
        return False


def _reap(*, child: int) -> int | None:
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == child:
            exit_code = os.waitstatus_to_exitcode(status)
            code = exit_code if exit_code >= 0 else 128 - exit_code


def _kill_descendants(*, group: int) -> None:
    _ignore_missing(os.killpg, group, signal.SIGKILL)
    while True:
        # Processes with a group of their own become the keeper's children when their parent dies: kill level by level.
        for pid in _list_children():
            _ignore_missing(os.kill, pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _list_children() -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []  # not Linux: only the group can be reached


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _ignore_missing(call, *arguments) -> None:  # type: ignore[no-untyped-def]
    try:
        call(*arguments)
    except (ProcessLookupError, PermissionError):
        pass  # the process has just ended, or (setpgid) already runs its own program


if __name__ == "__main__":
    sys.exit(main(command=sys.argv[1:]))
