"""How the token endpoint answered, kept off the route's path: counts in memory, written by the sightings' thread.

No token, no user and no e-mail is among them. Memory and table are bounded whatever strangers send: the origins counted
by name are those that an integration lists and a few more an hour, the rest are `(other)`.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import Error as StoreError
from django.db import transaction
from django.db.models import Min, Sum

from linking.core.text import clean_line
from linking.models import AnswerCount, Integration
from linking.models.counts import add_to_count

HOUR_S = 3600
MAX_WAITING = 5_000
MAX_STRANGE_ORIGINS = 50
ORIGIN_MAX_CHARACTERS = 200
KEPT = timedelta(days=90)
OTHER = "(other)"
ISSUED = "issued"
_BATCH = 500


class Kind(NamedTuple):
    """What is counted apart. `integration_id` is 0 where the request led to none; `code` is "" for a token given."""

    integration_id: int
    code: str
    reason: str
    origin: str
    is_observed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Answers of one kind over a time."""

    code: str
    reason: str
    origin: str
    is_observed: bool
    count: int


_Key = tuple[Kind, int]


@dataclass(slots=True)
class _Count:
    number: int
    first_epoch_s: int


class _Waiting:
    counts: dict[_Key, _Count] = {}
    strange: set[tuple[int, str]] = set()
    strange_hour = 0
    dropped = 0
    pruned_hour = 0
    lock = threading.Lock()
    flush_lock = threading.Lock()


def note(kind: Kind, is_origin_listed: bool, now: float) -> None:
    """Count one answer given at `now` (epoch seconds); costs no input or output."""
    hour = int(now) // HOUR_S
    with _Waiting.lock:
        if kind.origin and not is_origin_listed:
            kind = _with_bounded_origin(kind, hour=hour)
        seen = _Waiting.counts.get((kind, hour))
        if seen is not None:
            seen.number += 1
        elif len(_Waiting.counts) < MAX_WAITING:
            _Waiting.counts[kind, hour] = _Count(1, int(now))
        else:
            _Waiting.dropped += 1


def dropped() -> int:
    """Return how many answers this process could not count."""
    return _Waiting.dropped


def forget() -> None:
    """Drop what waits."""
    with _Waiting.lock:
        _Waiting.counts, _Waiting.strange = {}, set()
        _Waiting.dropped = _Waiting.pruned_hour = 0


def flush() -> int:
    """Write what waits and return how many rows it touched; once an hour, drop what is older than `KEPT`.

    Raises: django.db.Error; what could not be written waits on.
    """
    with _Waiting.flush_lock:
        with _Waiting.lock:
            taken, _Waiting.counts = _Waiting.counts, {}
        number = len(taken)
        try:
            for keys in _batches(taken):
                _store({key: taken[key] for key in keys})
                for key in keys:
                    del taken[key]
                _prune(hour=max(hour for _kind, hour in keys))
        except StoreError:
            _put_back(taken)
            raise
        return number


def tallies(*, integration_id: int, since: datetime) -> list[Tally]:
    """Return the counts of one integration since a time (to the hour), the most frequent first."""
    from_hour_at = since.replace(minute=0, second=0, microsecond=0)
    rows = (
        AnswerCount.objects.filter(integration_id=integration_id, hour_at__gte=from_hour_at)
        .order_by()
        .values("code", "reason", "origin", "is_observed")
        .annotate(number=Sum("count"))
    )
    found = [
        Tally(
            code=row["code"],
            reason=row["reason"],
            origin=row["origin"],
            is_observed=row["is_observed"],
            count=row["number"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.count, one.code, one.reason, one.origin))


def first_asked_at(*, integration_id: int) -> datetime | None:
    """Return when this integration was first asked for a token, whatever it answered; None if never or long ago."""
    rows = AnswerCount.objects.filter(integration_id=integration_id)
    first: datetime | None = rows.aggregate(first=Min("first_at"))["first"]
    return first


def _with_bounded_origin(kind: Kind, *, hour: int) -> Kind:
    if hour != _Waiting.strange_hour:
        _Waiting.strange, _Waiting.strange_hour = set(), hour
    origin = clean_line(kind.origin, max_characters=ORIGIN_MAX_CHARACTERS) or OTHER
    key = (kind.integration_id, origin)
    if key not in _Waiting.strange:
        if len(_Waiting.strange) >= MAX_STRANGE_ORIGINS:
            origin = OTHER
        else:
            _Waiting.strange.add(key)
    return Kind(kind.integration_id, kind.code, kind.reason, origin, kind.is_observed)


def _batches(taken: Mapping[_Key, _Count]) -> list[list[_Key]]:
    # In one order everywhere, so that two processes never wait for each other's rows.
    keys = sorted(taken, key=lambda key: (key[1], key[0].integration_id, key[0].reason, key[0].origin))
    return [keys[start : start + _BATCH] for start in range(0, len(keys), _BATCH)]


def _store(batch: Mapping[_Key, _Count]) -> None:
    wanted = {kind.integration_id for kind, _hour in batch}
    # An integration can have been removed meanwhile.
    with transaction.atomic():
        kept = {0, *Integration.objects.filter(pk__in=wanted).values_list("pk", flat=True)}
        for (kind, hour), count in batch.items():
            if kind.integration_id in kept:
                _add(kind=kind, hour_at=_time(hour * HOUR_S), count=count)


def _add(*, kind: Kind, hour_at: datetime, count: _Count) -> None:
    same: dict[str, object] = {
        "integration_id": kind.integration_id or None,
        "hour_at": hour_at,
        "code": kind.code,
        "reason": kind.reason,
        "origin": kind.origin[:ORIGIN_MAX_CHARACTERS],
        "is_observed": kind.is_observed,
    }
    rows = AnswerCount.objects.filter(**{name: value for name, value in same.items() if value is not None})
    if same["integration_id"] is None:
        rows = rows.filter(integration__isnull=True)
    add_to_count(rows, number=count.number, new=same | {"first_at": _time(count.first_epoch_s)})


def _put_back(taken: Mapping[_Key, _Count]) -> None:
    with _Waiting.lock:
        for key, old in taken.items():
            new = _Waiting.counts.get(key)
            if new is not None:
                new.number, new.first_epoch_s = new.number + old.number, old.first_epoch_s
            elif len(_Waiting.counts) < MAX_WAITING:
                _Waiting.counts[key] = old
            else:
                _Waiting.dropped += old.number


def _prune(*, hour: int) -> None:
    if hour > _Waiting.pruned_hour:
        _Waiting.pruned_hour = hour
        AnswerCount.objects.filter(hour_at__lt=_time(hour * HOUR_S) - KEPT).delete()


def _time(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, tz=UTC)
