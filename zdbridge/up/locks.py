"""One `up` a data folder: locks that the kernel releases however their holder ends."""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

# The holder may just have been killed and its children may still be ending; nobody is refused for that.
PATIENCE_S = 5.0


class AlreadyRunning(Exception):
    """Another process holds the lock; the message says which and what to do."""


@contextmanager
def hold(*, data_dir: Path, names: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Hold the locks `up-<name>.lock` in `data_dir` while the body runs; yields their file descriptors.

    Whoever inherits a descriptor holds the lock too: the keepers do, so that after a `kill -9` of `up` the next one
    waits until its children are gone.

    Raises: AlreadyRunning, at once when the holder lives.
    """
    with ExitStack() as stack:
        yield tuple(stack.enter_context(_one(path=data_dir / f"up-{name}.lock", name=name)) for name in names)


@contextmanager
def _one(*, path: Path, name: str) -> Iterator[int]:
    deadline = time.monotonic() + PATIENCE_S
    with path.open("a+", encoding="ascii") as file:
        while not _try(file.fileno()):
            file.seek(0)
            holder = file.read(20).strip()
            if _is_alive(holder) or time.monotonic() >= deadline:
                raise AlreadyRunning(
                    f"{name} already runs on {path.parent} (process {holder or 'unknown'}): stop it, or set "
                    "ZDBRIDGE_DATA_DIR to another folder"
                )
            time.sleep(0.1)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno()


def _try(descriptor: int) -> bool:
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
