"""How the token endpoint answered, kept off the route's path: counts in memory, written by the sightings' thread.

No token, no user and no e-mail is among them. Memory and table are bounded whatever strangers send: the origins counted
by name are those that an integration lists and a few more an hour, the rest are `(other)`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Min, Sum

from linking.core.text import clean_line
from linking.models import AnswerCount, AnswerTotal, Integration
from linking.models.counts.token_counts import add_to_count
from linking.tokens.write_behind import CountInMemory, WriteBehindBuffer, copy_count

HOUR_S = 3600
MAX_STRANGE_ORIGINS = 50
ORIGIN_MAX_CHARACTERS = 200
KEPT = timedelta(days=90)
OTHER = "(other)"
ISSUED = "issued"
_BATCH = 500


class AnswerKey(NamedTuple):
    """What is counted apart. `integration_id` is 0 where the request led to none; `code` is "" for a token given."""

    integration_id: int
    code: str
    reason: str
    origin: str
    is_observed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTally:
    """Answers of one kind over a time."""

    code: str
    reason: str
    origin: str
    is_observed: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HourTally:
    """Answers of one code in one hour; `code` is "" for tokens given."""

    hour_at: datetime
    code: str
    is_observed: bool
    count: int


_Key = tuple[int, AnswerKey]  # the hour first


class _Hours:
    """The hour whose strange origins are counted by name, those, and the hour up to which old rows were dropped."""

    strange_hour = 0
    strange: set[tuple[int, str]] = set()
    pruned_hour = 0


def note(kind: AnswerKey, is_origin_listed: bool, now: float) -> None:
    """Count one answer given at `now` (epoch seconds); costs no input or output."""
    hour = int(now) // HOUR_S
    with _waiting.lock:
        if not is_origin_listed and kind.origin:
            kind = _with_bounded_origin(kind, hour=hour)
        _waiting.count((hour, kind), now)


def forget() -> None:
    """Drop what waits."""
    _waiting.forget()
    _Hours.strange, _Hours.pruned_hour = set(), 0


def tallies(*, integration_id: int, since: datetime) -> list[AnswerTally]:
    """Return the counts of one integration since a time (to the hour), the most frequent first."""
    from_hour_at = since.replace(minute=0, second=0, microsecond=0)
    rows = (
        AnswerCount.objects.filter(integration_id=integration_id, hour_at__gte=from_hour_at)
        .order_by()
        .values("code", "reason", "origin", "is_observed")
        .annotate(number=Sum("count"))
    )
    found = [
        AnswerTally(
            code=row["code"],
            reason=row["reason"],
            origin=row["origin"],
            is_observed=row["is_observed"],
            count=row["number"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.count, one.code, one.reason, one.origin))


def hourly_tallies(*, integration_id: int, since: datetime) -> list[HourTally]:
    """Return the counts of one integration by hour since a time (to the hour), oldest first; one query."""
    from_hour_at = since.replace(minute=0, second=0, microsecond=0)
    rows = (
        AnswerCount.objects.filter(integration_id=integration_id, hour_at__gte=from_hour_at)
        .order_by("hour_at", "code", "is_observed")
        .values("hour_at", "code", "is_observed")
        .annotate(number=Sum("count"))
    )
    return [
        HourTally(hour_at=row["hour_at"], code=row["code"], is_observed=row["is_observed"], count=row["number"])
        for row in rows
    ]


def first_asked_at(*, integration_id: int) -> datetime | None:
    """Return when this integration was first asked for a token, whatever it answered; None if never or long ago."""
    rows = AnswerCount.objects.filter(integration_id=integration_id)
    first: datetime | None = rows.aggregate(first=Min("first_at"))["first"]
    return first


def _with_bounded_origin(kind: AnswerKey, *, hour: int) -> AnswerKey:
    if hour != _Hours.strange_hour:
        _Hours.strange, _Hours.strange_hour = set(), hour
    origin = clean_line(kind.origin, max_characters=ORIGIN_MAX_CHARACTERS) or OTHER
    key = (kind.integration_id, origin)
    if key not in _Hours.strange:
        if len(_Hours.strange) >= MAX_STRANGE_ORIGINS:
            origin = OTHER
        else:
            _Hours.strange.add(key)
    return AnswerKey(kind.integration_id, kind.code, kind.reason, origin, kind.is_observed)


def _store(batch: Mapping[_Key, CountInMemory]) -> None:
    """Write `batch`; once an hour, drop what is older than `KEPT`."""
    wanted = {kind.integration_id for _hour, kind in batch}
    newest = max(hour for hour, _kind in batch)
    # An integration can have been removed meanwhile.
    with transaction.atomic():
        kept = {0, *Integration.objects.filter(pk__in=wanted).values_list("pk", flat=True)}
        totals: Counter[tuple[int, str, str, bool]] = Counter()
        for (hour, kind), count in batch.items():
            if kind.integration_id in kept:
                _add(kind=kind, hour_at=_time(hour * HOUR_S), count=count)
                totals[kind.integration_id, kind.code, kind.reason, kind.is_observed] += count.number
        # In one order everywhere, as in `flush`.
        for total in sorted(totals):
            _add_to_total(*total, number=totals[total])
        if newest > _Hours.pruned_hour:
            AnswerCount.objects.filter(hour_at__lt=_time(newest * HOUR_S) - KEPT).delete()
    _Hours.pruned_hour = max(newest, _Hours.pruned_hour)


def _add(*, kind: AnswerKey, hour_at: datetime, count: CountInMemory) -> None:
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


def _add_to_total(integration_id: int, code: str, reason: str, is_observed: bool, *, number: int) -> None:
    same = {"code": code, "reason": reason, "is_observed": is_observed}
    rows = AnswerTotal.objects.filter(**same)
    rows = rows.filter(integration_id=integration_id) if integration_id else rows.filter(integration__isnull=True)
    add_to_count(rows, number=number, new=same | {"integration_id": integration_id or None})


def _time(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, tz=UTC)


_waiting: WriteBehindBuffer[_Key, CountInMemory, CountInMemory] = WriteBehindBuffer(
    at_most=5_000, build_row=copy_count, store=_store, batch_size=_BATCH
)
flush = _waiting.flush
