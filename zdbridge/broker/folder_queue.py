"""Messages as files: the disk half of the folder broker. Standard library only, so that the supervisor can use it.

Layout below one folder (0700), files 0600: `ready/<queue>/` waits, `held/<queue>/` is in a worker's hands,
`broken/` could not be read. A message is written under a dot-name and renamed, so a reader never meets half of it;
it is taken by renaming and deleted only when its task has ended, so a killed worker loses nothing. There is no
fsync: a message is a nudge, the rows in the database are the truth.
"""

import json
import os
import re
import time
import uuid
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A queue name becomes a folder name: no separators, no leading dot (that is how unfinished files are marked).
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9_.@-]{0,199}\Z")
# A dot-file older than this belongs to a writer that died between writing and renaming.
ABANDONED_AFTER_S = 600


class BadQueueName(ValueError):
    """A queue name that cannot safely be a folder name."""


class BrokenMessage(ValueError):
    """A message file that holds no JSON object; it has been put aside into `broken/`."""


@dataclass(frozen=True)
class HeldMessage:
    """A message in a worker's hands: its queue, its file name (unique, sorts by age) and what it says."""

    queue: str
    name: str
    payload: dict[str, Any]


class FolderQueue:
    """All queues below one folder. One reader thread per instance; `drop` and `give_back` may come from any thread."""

    def __init__(self, *, folder: Path) -> None:
        self._folder = folder
        self._listed: dict[str, deque[str]] = {}

    def make(self, *, queue: str) -> None:
        """Create the folders of `queue`. Raises: BadQueueName."""
        for state in ("ready", "held"):
            _make_private(self._place(state=state, queue=queue))

    def put(self, *, queue: str, payload: dict[str, Any]) -> None:
        """Store `payload` as the youngest message of `queue`. Raises: BadQueueName, OSError."""
        ready = self._place(state="ready", queue=queue)
        # Zero-padded wall-clock nanoseconds: names sort by age, also across a reboot.
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex}"
        content = json.dumps(payload).encode()
        try:
            _write_whole(ready=ready, name=name, content=content)
        except FileNotFoundError:
            self.make(queue=queue)
            _write_whole(ready=ready, name=name, content=content)

    def take(self, *, queue: str) -> HeldMessage | None:
        """Take the oldest message of `queue`, or None. Raises: BadQueueName, BrokenMessage (the next call goes on)."""
        ready, held = self._place(state="ready", queue=queue), self._place(state="held", queue=queue)
        names = self._listed.setdefault(queue, deque())
        if not names:
            # Listed in one go and then used up: a listing per message would make a long queue quadratic.
            names.extend(_message_names(ready))
        while names:
            name = names.popleft()
            try:
                (ready / name).rename(held / name)
            except FileNotFoundError:
                continue  # purged meanwhile, or taken by another reader
            return HeldMessage(queue=queue, name=name, payload=self._read(path=held / name))
        return None

    def drop(self, *, message: HeldMessage) -> None:
        """Forget a message whose task has ended."""
        (self._place(state="held", queue=message.queue) / message.name).unlink(missing_ok=True)

    def give_back(self, *, message: HeldMessage) -> None:
        """Put a message back where it was taken, in its old place in the order."""
        _move_back(held=self._place(state="held", queue=message.queue), name=message.name, folder=self._folder)

    def size(self, *, queue: str) -> int:
        """Return how many messages wait in `queue`."""
        return len(_message_names(self._place(state="ready", queue=queue)))

    def purge(self, *, queue: str) -> int:
        """Delete the waiting messages of `queue`; return how many."""
        ready, count = self._place(state="ready", queue=queue), 0
        for name in _message_names(ready):
            try:
                (ready / name).unlink()
            except FileNotFoundError:
                continue
            count += 1
        return count

    def has(self, *, queue: str) -> bool:
        """Tell whether `queue` has ever been made."""
        return self._place(state="ready", queue=queue).is_dir()

    def _place(self, *, state: str, queue: str) -> Path:
        if not _QUEUE_NAME.match(queue):
            raise BadQueueName(f"A queue cannot be called {queue[:60]!r}: letters, digits and _ . @ - only.")
        return self._folder / state / queue

    def _read(self, *, path: Path) -> dict[str, Any]:
        try:
            payload = json.loads(path.read_bytes())
            if isinstance(payload, dict) and isinstance(payload.get("properties"), dict):
                return payload
        except ValueError:
            pass  # told below, together with JSON that is no message
        broken = self._folder / "broken"
        _make_private(broken)
        path.rename(broken / path.name)
        raise BrokenMessage(f"A message could not be read and was put aside as {broken / path.name}.")


def recover(*, folder: Path, queue: str, now_epoch_s: float) -> int:
    """Put every held message of `queue` back into it and clear abandoned half-written files; return how many came back.

    Only to be called while no worker takes from `queue`: a running worker's messages would be done twice.
    """
    count = 0
    held = folder / "held" / queue
    for name in _message_names(held):
        _move_back(held=held, name=name, folder=folder)
        count += 1
    _clear_abandoned(ready=folder / "ready" / queue, before_epoch_s=now_epoch_s - ABANDONED_AFTER_S)
    return count


def _move_back(*, held: Path, name: str, folder: Path) -> None:
    ready = folder / "ready" / held.name
    _make_private(ready)
    try:
        (held / name).rename(ready / name)
    except FileNotFoundError:
        return  # its task ended in this very moment and dropped it


def _write_whole(*, ready: Path, name: str, content: bytes) -> None:
    aside = ready / f".{name}"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        aside.replace(ready / name)
    except OSError:
        aside.unlink(missing_ok=True)  # a full disk must not also leave litter
        raise


def _message_names(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except FileNotFoundError:
        return []


def _folders(parent: Path) -> list[Path]:
    return [path for path in sorted(parent.iterdir()) if path.is_dir()] if parent.is_dir() else []


def _clear_abandoned(*, ready: Path, before_epoch_s: float) -> None:
    for path in ready.glob(".*"):
        try:
            if path.stat().st_mtime < before_epoch_s:
                path.unlink()
        except FileNotFoundError:
            continue  # its writer was alive after all and has just renamed it


def _make_private(path: Path) -> None:
    # Path.mkdir gives `mode` to the last folder only, so each missing parent is made on its own.
    for part in [*reversed(path.parents), path]:
        if not part.exists():
            part.mkdir(mode=0o700, exist_ok=True)
