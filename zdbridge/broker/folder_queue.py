"""Stores the folder broker's messages as files. Standard library only, so that the supervisor can use it.

Below one folder (0700), with files of mode 0600: `ready/<queue>/` has waiting messages, `held/<queue>/` those that a
worker has taken, `broken/` those that could not be read. A message is written under a name with a dot and renamed, so
that a reader never sees half of it. Renaming takes it, and it is deleted only when its task has ended, so that a killed
worker loses nothing. There is no fsync: a message is a trigger, and what is due stands in the database.
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

# A queue name becomes a folder name: no separators, and no leading dot, which marks unfinished files.
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9_.@-]{0,199}\Z")
# An unfinished file older than this belongs to a writer that was killed.
ABANDONED_AFTER_S = 600


class BadQueueName(ValueError):
    """The queue name is no safe folder name."""


class BrokenMessage(ValueError):
    """A message file contains no message; it has been moved to `broken/`."""


@dataclass(frozen=True)
class TakenMessage:
    """A message that a worker has taken: its queue, its file name (unique, sorts by age) and its content."""

    queue: str
    name: str
    payload: dict[str, Any]


class FolderQueue:
    """All queues below one folder. One thread takes messages; any thread may call `delete` and `put_back`."""

    def __init__(self, *, folder: Path) -> None:
        self._folder = folder
        self._listed: dict[str, deque[str]] = {}

    def create(self, *, queue: str) -> None:
        """Create the folders of `queue`. Raises: BadQueueName."""
        for state in ("ready", "held"):
            _make_private(self._build_path(state=state, queue=queue))

    def put(self, *, queue: str, payload: dict[str, Any]) -> None:
        """Store `payload` as the newest message of `queue`. Raises: BadQueueName, OSError."""
        ready = self._build_path(state="ready", queue=queue)
        # Zero-padded wall-clock nanoseconds: names sort by age, also across a reboot.
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex}"
        content = json.dumps(payload).encode()
        try:
            _write_whole(ready=ready, name=name, content=content)
        except FileNotFoundError:
            self.create(queue=queue)
            _write_whole(ready=ready, name=name, content=content)

    def take(self, *, queue: str) -> TakenMessage | None:
        """Take the oldest message of `queue`, or None. Raises: BadQueueName, BrokenMessage (call again to go on)."""
        ready, held = self._build_path(state="ready", queue=queue), self._build_path(state="held", queue=queue)
        names = self._listed.setdefault(queue, deque())
        if not names:
            # One listing serves many calls: a listing for each message would make a long queue quadratic.
            names.extend(_list_messages(ready))
        while names:
            name = names.popleft()
            try:
                (ready / name).rename(held / name)
            except FileNotFoundError:
                continue  # purged, or taken by another reader
            return TakenMessage(queue=queue, name=name, payload=self._read(path=held / name))
        return None

    def delete(self, *, message: TakenMessage) -> None:
        """Delete a message whose task has ended."""
        (self._build_path(state="held", queue=message.queue) / message.name).unlink(missing_ok=True)

    def put_back(self, *, message: TakenMessage) -> None:
        """Put a message back into its queue, at its old place in the order."""
        _move_back(held=self._build_path(state="held", queue=message.queue), name=message.name, folder=self._folder)

    def count(self, *, queue: str) -> int:
        """Return the number of messages that wait in `queue`."""
        return len(_list_messages(self._build_path(state="ready", queue=queue)))

    def find_oldest_epoch_s(self, *, queue: str) -> float | None:
        """Return when the oldest waiting message of `queue` was stored, in epoch seconds; None without one."""
        names = _list_messages(self._build_path(state="ready", queue=queue))
        stored_at_ns = names[0].partition("-")[0] if names else ""
        return int(stored_at_ns) / 1e9 if stored_at_ns.isdigit() else None

    def purge(self, *, queue: str) -> int:
        """Delete the waiting messages of `queue`; return their number."""
        ready, count = self._build_path(state="ready", queue=queue), 0
        for name in _list_messages(ready):
            try:
                (ready / name).unlink()
            except FileNotFoundError:
                continue
            count += 1
        return count

    def has_queue(self, *, queue: str) -> bool:
        """Return whether `queue` exists."""
        return self._build_path(state="ready", queue=queue).is_dir()

    def _build_path(self, *, state: str, queue: str) -> Path:
        if not _QUEUE_NAME.match(queue):
            raise BadQueueName(f"A queue cannot be named {queue[:60]!r}. Only letters, digits and _ . @ - are allowed.")
        return self._folder / state / queue

    def _read(self, *, path: Path) -> dict[str, Any]:
        try:
            payload = json.loads(path.read_bytes())
            if isinstance(payload, dict) and isinstance(payload.get("properties"), dict):
                return payload
        except ValueError:
            pass  # reported below, like JSON that is no message
        broken = self._folder / "broken"
        _make_private(broken)
        path.rename(broken / path.name)
        raise BrokenMessage(f"A message could not be read. It was moved to {broken / path.name}.")


def recover(*, folder: Path, queue: str, now_epoch_s: float) -> int:
    """Put every taken message of `queue` back, and delete unfinished files; return the number of messages put back.

    Call this only while no worker takes from `queue`: the messages of a running worker would be processed twice.
    """
    count = 0
    held = folder / "held" / queue
    for name in _list_messages(held):
        _move_back(held=held, name=name, folder=folder)
        count += 1
    _delete_unfinished(ready=folder / "ready" / queue, before_epoch_s=now_epoch_s - ABANDONED_AFTER_S)
    return count


def _move_back(*, held: Path, name: str, folder: Path) -> None:
    ready = folder / "ready" / held.name
    _make_private(ready)
    try:
        (held / name).rename(ready / name)
    except FileNotFoundError:
        return  # its task has just ended and deleted it


def _write_whole(*, ready: Path, name: str, content: bytes) -> None:
    temporary = ready / f".{name}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.replace(ready / name)
    except OSError:
        temporary.unlink(missing_ok=True)  # leave no unfinished file behind on a full disk
        raise


def _list_messages(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except FileNotFoundError:
        return []


def _delete_unfinished(*, ready: Path, before_epoch_s: float) -> None:
    for path in ready.glob(".*"):
        try:
            if path.stat().st_mtime < before_epoch_s:
                path.unlink()
        except FileNotFoundError:
            continue  # its writer is alive and has just renamed it


def _make_private(path: Path) -> None:
    # Path.mkdir applies `mode` to the last folder only, so each missing parent is created by itself.
    for part in [*reversed(path.parents), path]:
        if not part.exists():
            part.mkdir(mode=0o700, exist_ok=True)
