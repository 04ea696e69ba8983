"""Decides whether a worker works: its processes run, and no task runs for longer than any task may.

Each process of a prefork pool writes the time into memory that it shares with its parent. A process that is stopped, or
whose interpreter hangs, writes no more. Tasks of a thread pool have no time limit of Celery's own, so the parent looks
at how long each has been running.
"""

import mmap
import struct
import threading
import time
from collections.abc import Mapping
from typing import Any

from billiard import current_process
from celery import bootsteps, signals

from zdbridge.pulse.pulse import Pulse

# The queue of ticks and syncs; a worker without it serves what people request.
SYNC_QUEUE = "celery"
BEAT_EVERY_S = 2.0
# A process that computes still writes every few seconds, even on a busy machine.
PROCESS_SILENT_AFTER_S = 20.0
# A new process needs this long before it must have written.
PROCESS_START_S = 30.0
# Longer than any sync (`linking.tasks.PASS_DEADLINE_S` and the call in flight).
TASK_STUCK_AFTER_S = 420.0
SLOTS = 64
_SLOT = struct.Struct("=qd")  # process, monotonic seconds
_shared = mmap.mmap(-1, SLOTS * _SLOT.size)


class RunningTasks:
    """When each task of this process began, by task id."""

    def __init__(self) -> None:
        # Without a lock, which a process forked at that moment would find taken for ever.
        self._began_at_s: dict[str, float] = {}

    def begin(self, task_id: str, *, now_s: float) -> None:
        """Note that a task begins."""
        self._began_at_s[task_id] = now_s

    def end(self, task_id: str) -> None:
        """Note that a task has ended."""
        self._began_at_s.pop(task_id, None)

    def is_one_stuck(self, *, now_s: float) -> bool:
        """Return whether one runs for longer than any task may."""
        return any(now_s - began_at_s > TASK_STUCK_AFTER_S for began_at_s in list(self._began_at_s.values()))


class PoolWatch:
    """Knows which processes of a pool are silent."""

    def __init__(self) -> None:
        self._first_seen_at_s: dict[int, float] = {}

    def is_one_silent(self, pids_by_index: Mapping[int, int], *, now_s: float) -> bool:
        """Return whether a living process of the pool has not written for too long; `pids_by_index` are all of them."""
        pids = set(pids_by_index.values())
        self._first_seen_at_s = {pid: self._first_seen_at_s.get(pid, now_s) for pid in pids}
        return any(self._is_silent(index, pid, now_s=now_s) for index, pid in pids_by_index.items())

    def _is_silent(self, index: int, pid: int, *, now_s: float) -> bool:
        writer, written_at_s = read_slot(index)
        if writer != pid:
            return now_s - self._first_seen_at_s[pid] > PROCESS_START_S
        return now_s - written_at_s > PROCESS_SILENT_AFTER_S


def write_slot(index: int, *, pid: int, now_s: float) -> None:
    """Note that process `pid`, number `index` of its pool, runs at `now_s` (monotonic seconds of this machine)."""
    _SLOT.pack_into(_shared, (index % SLOTS) * _SLOT.size, pid, now_s)


def read_slot(index: int) -> tuple[int, float]:
    """Return who wrote last as number `index` of the pool, and when."""
    pid, written_at_s = _SLOT.unpack_from(_shared, (index % SLOTS) * _SLOT.size)
    return int(pid), float(written_at_s)


class ReportPulse(bootsteps.StartStopStep):
    """Celery's step that starts the pulse of a worker once its pool runs."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._pulse: Pulse | None = None

    def start(self, worker: Any) -> None:
        """Start to report."""
        watch = PoolWatch()

        def is_well() -> bool:
            now_s = time.monotonic()
            is_silent = watch.is_one_silent(_list_processes(worker), now_s=now_s)
            return not is_silent and not _running.is_one_stuck(now_s=now_s)

        self._pulse = Pulse(role=find_role(worker.app.amqp.queues.consume_from), is_well=is_well)
        self._pulse.start()

    def stop(self, worker: Any) -> None:  # noqa: ARG002 - the signature is Celery's
        """Report no more."""
        if self._pulse is not None:
            self._pulse.stop()


def find_role(queues: Any) -> str:
    """Return the name of a worker's row by the queues it serves."""
    return "worker" if SYNC_QUEUE in queues else "refresh"


def connect() -> None:
    """Follow the tasks and the processes of this worker."""
    uid = "zdbridge.pulse.worker"
    signals.task_prerun.connect(_note_begin, dispatch_uid=uid, weak=False)
    signals.task_postrun.connect(_note_end, dispatch_uid=uid, weak=False)
    signals.worker_process_init.connect(_start_in_process, dispatch_uid=uid, weak=False)


def _list_processes(worker: Any) -> dict[int, int]:
    """Return the processes of a prefork pool, number to pid; none for threads."""
    pool = getattr(getattr(worker, "pool", None), "_pool", None)
    found = {}
    for process in list(getattr(pool, "_pool", None) or ()):
        index, pid = getattr(process, "index", None), getattr(process, "pid", None)
        if index is not None and pid is not None and process.exitcode is None:
            found[int(index)] = int(pid)
    return found


def _note_begin(task_id: str = "", **_details: Any) -> None:
    _running.begin(task_id, now_s=time.monotonic())


def _note_end(task_id: str = "", **_details: Any) -> None:
    _running.end(task_id)


def _start_in_process(**_details: Any) -> None:
    process = current_process()
    index = int(getattr(process, "index", 0) or 0)
    threading.Thread(target=_keep_writing, args=(index, int(process.pid or 0)), name="pulse", daemon=True).start()


def _keep_writing(index: int, pid: int) -> None:
    pause = threading.Event()
    while True:
        write_slot(index, pid=pid, now_s=time.monotonic())
        pause.wait(BEAT_EVERY_S)


_running = RunningTasks()
