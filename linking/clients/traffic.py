"""What this process has called: calls by service and outcome, and the clocks of the services, kept in memory.

`linking.monitoring` takes both from here and stores them. No address, path or credential is among them.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum


class Service(StrEnum):
    """Whom a call went to."""

    LOGIN = "login"
    ZENDESK = "zendesk"
    WEBHOOK = "webhook"
    OTHER = "other"


# Services whose clock has to agree with this machine's: their tokens and ours are judged by it.
_CLOCKS = (Service.LOGIN, Service.ZENDESK)


@dataclass(frozen=True, slots=True)
class ClockDifference:
    """By how many seconds a service's clock was ahead of this machine's, and when (epoch seconds) that was read."""

    ahead_s: float
    read_at_s: float


class _Counted:
    lock = threading.Lock()
    calls: Counter[tuple[str, str]] = Counter()
    clocks: dict[str, ClockDifference] = {}


def note_answer(service: Service, *, status: int, date: str = "", age: str = "", now_s: float | None = None) -> None:
    """Count an answer with `status`; `date` and `age` are the headers of these names.

    The Date of an answer from a cache is of the past, so it tells nothing.
    """
    outcome = "429" if status == 429 else f"{status // 100}xx"
    _count(service, outcome)
    if service in _CLOCKS and date and age in ("", "0"):
        _read_clock(service, date=date, now_s=time.time() if now_s is None else now_s)


def note_failure(service: Service, *, outcome: str) -> None:
    """Count a call without an answer; `outcome` is one of a few words."""
    _count(service, outcome)


def take_calls() -> Counter[tuple[str, str]]:
    """Return the calls since the last time, by service and outcome, and forget them."""
    with _Counted.lock:
        calls, _Counted.calls = _Counted.calls, Counter()
    return calls


def take_clocks() -> dict[str, ClockDifference]:
    """Return the newest reading of each service since the last time, and forget them."""
    with _Counted.lock:
        clocks, _Counted.clocks = _Counted.clocks, {}
    return clocks


def _count(service: Service, outcome: str) -> None:
    with _Counted.lock:
        _Counted.calls[service.value, outcome] += 1


def _read_clock(service: Service, *, date: str, now_s: float) -> None:
    try:
        told_s = parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return
    with _Counted.lock:
        # The header names the second that had begun: on average half a second less than the time.
        _Counted.clocks[service.value] = ClockDifference(told_s + 0.5 - now_s, now_s)
