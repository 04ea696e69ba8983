"""Counts of all processes together, off every request's path: added up in memory, written every few seconds.

The table is small and bounded: no label takes a value that a visitor or a stranger chose.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from linking import registry
from linking.clients import traffic
from linking.models import SharedCount
from linking.monitoring import heartbeats
from linking.tokens import sightings
from linking.tokens.write_behind import CountInMemory, WriteBehindBuffer, copy_count

VENDOR_CALLS, ALARMS, DROPPED = "vendor_calls", "alarms", "sightings_dropped"
RESPONSES, TOKEN_BUCKETS, TOKEN_MICROSECONDS = "responses", "token_buckets", "token_microseconds"
CLOCK_READINGS = "clock_ahead_ms"
# The heartbeat of processes that could not read the settings anew.
STALE_ROW = "configuration-stale"
_AT_MOST = 2_000
_INSERT = (
    "INSERT INTO linking_sharedcount (name, labels, count, at) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT (name, labels) DO UPDATE SET count = {count}, at = excluded.at"
)
_ADD = _INSERT.format(count="linking_sharedcount.count + excluded.count")
_REPLACE = _INSERT.format(count="excluded.count")


class CountKey(NamedTuple):
    """What is counted apart: `labels` are the values of the labels, joined by commas."""

    name: str
    labels: str = ""


class _Written:
    dropped = 0


def add(key: CountKey, number: int = 1, *, now_s: float) -> None:
    """Add `number` to a count at `now_s` (epoch seconds); costs no input or output."""
    with _waiting.lock:
        count = _waiting.counted.get(key)
        if count is None:
            _waiting.add(key, CountInMemory(int(now_s), number))
        else:
            count.number += number


def add_all(numbers: Mapping[CountKey, int], *, now_s: float) -> None:
    """Add several numbers at once."""
    for key, number in numbers.items():
        add(key, number, now_s=now_s)


def load(*names: str) -> dict[CountKey, int]:
    """Return what is written of `names`, of all processes; one query. Raises: django.db.Error."""
    rows = SharedCount.objects.filter(name__in=names).order_by("name", "labels")
    return {CountKey(name, labels): count for name, labels, count in rows.values_list("name", "labels", "count")}


def flush(*, turn: int | None = None, now_s: float | None = None) -> int:
    """Write what waits, vendor calls and clocks included; return how many rows it was. Raises: django.db.Error."""
    at_s = datetime.now(tz=UTC).timestamp() if now_s is None else now_s
    for (service, outcome), number in traffic.take_calls().items():
        add(CountKey(VENDOR_CALLS, f"{service},{outcome}"), number, now_s=at_s)
    dropped = sightings.count_dropped()
    if dropped > _Written.dropped:
        add(CountKey(DROPPED), dropped - _Written.dropped, now_s=at_s)
        _Written.dropped = dropped
    if registry.is_stale():
        heartbeats.note(names=(STALE_ROW,), now=datetime.fromtimestamp(at_s, tz=UTC))
    number = _waiting.flush(turn=turn)
    for service, clock in traffic.take_clocks().items():
        write_reading(CountKey(CLOCK_READINGS, service), round(clock.ahead_s * 1000), at_s=clock.read_at_s)
        number += 1
    return number


def write_reading(key: CountKey, value: int, *, at_s: float) -> None:
    """Replace a reading by `value`. Raises: django.db.Error."""
    with connection.cursor() as cursor:
        cursor.execute(_REPLACE, (*key, value, _adapt(datetime.fromtimestamp(at_s, tz=UTC))))


def forget() -> None:
    """Drop what waits."""
    _waiting.forget()
    traffic.take_calls()
    traffic.take_clocks()


def _store(batch: Mapping[CountKey, CountInMemory]) -> None:
    now = _adapt(datetime.now(tz=UTC))
    rows = [(*key, count.number, now) for key, count in batch.items()]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(_ADD, rows)


def _adapt(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


_waiting: WriteBehindBuffer[CountKey, CountInMemory, CountInMemory] = WriteBehindBuffer(
    at_most=_AT_MOST, build_row=copy_count, store=_store, batch_size=_AT_MOST
)
