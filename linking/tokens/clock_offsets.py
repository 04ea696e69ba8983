"""Notices from tokens of the future how far this server's clock is behind Login's; written by the sightings' thread.

A token refused as `not_yet_valid` is well signed, so its times are Login's. Its distance is counted, by integration and
ten minutes, in numbers that are rounded: memory and table stay small whatever comes, and hold no token and no user.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Sum

from linking.core.config import IntegrationConfig
from linking.core.key_sets import NO_KEYS, KeySet
from linking.models import ClockOffset, Integration
from linking.models.counts.token_counts import add_to_count
from linking.tokens.clock_reading import ClockReading, reading_of, seconds_ahead
from linking.tokens.http import bearer_token, cookie_token
from linking.tokens.login_jwt import LoginToken, check_signature
from linking.tokens.refusals import Refused
from linking.tokens.write_behind import CountInMemory, WriteBehindBuffer, copy_count

SLOT_S = 600
WINDOW = timedelta(hours=1)
KEPT = timedelta(hours=2)

_AT_MOST = 1_000
_Key = tuple[int, int, int]  # slot, integration, seconds ahead


class _Pruned:
    slot = 0


def note(
    *, authorization: str, cookie_header: str, config: IntegrationConfig, keys: Mapping[str, KeySet], now: float
) -> None:
    """CountInMemory how far ahead the request's token is, at `now` (epoch seconds); costs no input or output.

    The token is looked over once more, signature first: what nobody signed says nothing about a clock. One that stands
    in another cookie than this integration's is passed over.
    """
    try:
        text = bearer_token(authorization)
        token = LoginToken(cookie_token(cookie_header, names=(config.cookie_name,)) if text is None else text)
        check_signature(token.unverified, config=config, now=now, keys=keys.get(config.login_project_id, NO_KEYS))
        ahead_s = seconds_ahead(token.unverified_claims(), now=now)
    except Refused:
        return
    if ahead_s:
        with _waiting.lock:
            _waiting.count((int(now) // SLOT_S, config.integration_id, ahead_s), now)


def forget() -> None:
    """Drop what waits."""
    _waiting.forget()
    _Pruned.slot = 0


def readings(*, now: datetime) -> dict[int, ClockReading]:
    """Return what the last hour's tokens tell, of all processes, by integration's key; one query."""
    rows = (
        ClockOffset.objects.filter(slot_at__gt=now - WINDOW - timedelta(seconds=SLOT_S))
        .order_by()
        .values_list("integration_id", "ahead_s")
        .annotate(number=Sum("count"))
    )
    counts: dict[int, Counter[int]] = {}
    for key, ahead_s, number in rows:
        counts.setdefault(key, Counter())[ahead_s] += number
    return {key: found for key, mine in counts.items() if (found := reading_of(mine)) is not None}


def _store(batch: Mapping[_Key, CountInMemory]) -> None:
    """Write `batch`; now and then, drop what is older than `KEPT`."""
    wanted = {integration_id for _slot, integration_id, _ahead_s in batch}
    with transaction.atomic():
        # An integration can have been removed meanwhile.
        kept = set(Integration.objects.filter(pk__in=wanted).values_list("pk", flat=True))
        for key, count in batch.items():
            if key[1] in kept:
                _add(key, number=count.number)
        newest = max(slot for slot, _integration_id, _ahead_s in batch)
        if newest > _Pruned.slot:
            ClockOffset.objects.filter(slot_at__lt=_time(newest) - KEPT).delete()
    _Pruned.slot = max(newest, _Pruned.slot)


def _add(key: _Key, *, number: int) -> None:
    slot, integration_id, ahead_s = key
    same = {"integration_id": integration_id, "slot_at": _time(slot), "ahead_s": ahead_s}
    add_to_count(ClockOffset.objects.filter(**same), number=number, new=same)


def _time(slot: int) -> datetime:
    return datetime.fromtimestamp(slot * SLOT_S, tz=UTC)


_waiting: WriteBehindBuffer[_Key, CountInMemory, CountInMemory] = WriteBehindBuffer(
    at_most=_AT_MOST, build_row=copy_count, store=_store, batch_size=_AT_MOST
)
flush = _waiting.flush
