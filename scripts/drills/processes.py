"""What a drill knows of processes and does to them: descendants, memory, descriptors, signals."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path


def list_descendants(pid: int) -> list[int]:
    """Return the processes below one."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    children = [int(word) for word in text.split()]
    return [*children, *(one for child in children for one in list_descendants(child))]


def read_command(pid: int) -> str:
    """Return the command line of a process, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def measure_memory_mb(pid: int) -> float:
    """Return the resident memory of one process in MB, 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0.0
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def count_descriptors(pid: int) -> int:
    """Return how many descriptors a process has open, 0 when it is gone."""
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0


def send(pids: Sequence[int], number: signal.Signals) -> None:
    """Send a signal to processes, as far as they live."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
