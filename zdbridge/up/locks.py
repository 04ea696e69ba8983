"""Allows one `up` on a data folder, with locks that the kernel releases however their holder ends."""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

# The holder may have just been killed while its children are still ending, which is no reason to refuse.
PATIENCE_S = 5.0


class AlreadyRunning(Exception):
    """Another process holds the lock; the message says which one and what to do."""


@contextmanager
def hold(*, data_dir: Path, names: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Hold the locks `up-<name>.lock` in `data_dir` while the body runs; yield their file descriptors.

    A process that inherits a descriptor holds the lock too. The keepers do, so that after `kill -9` of `up` the next
    `up` waits until its children are gone.

    Raises: AlreadyRunning, at once when the holder lives.
    """
    with ExitStack() as stack:
        yield tuple(stack.enter_context(_hold_one(path=data_dir / f"up-{name}.lock", name=name)) for name in names)


@contextmanager
def _hold_one(*, path: Path, name: str) -> Iterator[int]:
    deadline = time.monotonic() + PATIENCE_S
    with path.open("a+", encoding="ascii") as file:
        while not _try_lock(file.fileno()):
            file.seek(0)
            holder = file.read(20).strip()
            if _is_alive(holder) or time.monotonic() >= deadline:
                raise AlreadyRunning(
                    f"{name} is already running on {path.parent} (process {holder or 'unknown'}). Stop it, or set "
                    "ZDBRIDGE_DATA_DIR to another folder."
                )
            time.sleep(0.1)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno()


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
