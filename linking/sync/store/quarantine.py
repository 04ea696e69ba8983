"""Records that could not be read: kept with their reason and their place, until they can be read after all."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from linking.clients.zendesk_records import Unreadable
from linking.keeping import find_erased, is_ids_only, list_words
from linking.models import Quarantined, SyncRun
from linking.sync.store.runs import Cursor

RETRY_FIRST, RETRY_LONGEST = timedelta(hours=1), timedelta(days=1)
_BATCH = 500
_MAX_ATTEMPTS = 1000


def quarantine_records(
    *, run: SyncRun, source: str, records: Iterable[Unreadable], now: datetime, place: Cursor | None = None
) -> int:
    """Set records aside that cannot be read, in the caller's transaction; return how many are new or changed.

    Args:
        source: `chat`, `visitor` or `export`.
        place: where the page that held them was asked from, so that it can be asked for again.
    """
    by_key = _leave_out_erased(records, integration_id=run.integration_id)
    if not by_key:
        return 0
    mine = Quarantined.objects.filter(integration_id=run.integration_id, source=source, record_key__any_of=by_key)
    known = {row.record_key: (row.reason, row.raw) for row in mine}
    fresh = [record for record in by_key.values() if known.get(record.key) != (record.reason, record.raw)]
    Quarantined.objects.bulk_create(
        [_build_row(run=run, source=source, record=record, place=place, now=now) for record in fresh],
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["integration", "source", "record_key"],
        update_fields=["run", "reason", "raw", "last_seen_at", "place_epoch_s", "place_id"],
    )
    return len(fresh)


def forget_readable(*, integration_id: int, source: str, keys: Collection[str]) -> int:
    """Take out what could be read in the meantime; return how many records that were."""
    mine = Quarantined.objects.filter(integration_id=integration_id, source=source)
    if not keys or not mine.exists():
        return 0
    return mine.filter(record_key__any_of=keys).delete()[0]


def list_due_places(*, integration_id: int, now: datetime | None, limit: int) -> list[Cursor]:
    """Return the places whose records are to be tried again, oldest first; all of them where `now` is None."""
    rows = Quarantined.objects.filter(integration_id=integration_id, source="chat", place_epoch_s__isnull=False)
    if now is not None:
        rows = rows.filter(retry_at__lte=now)
    places = rows.order_by("place_epoch_s", "place_id").values_list("place_epoch_s", "place_id").distinct()[:limit]
    return [Cursor(epoch_s=epoch_s or 0, chat_id=chat_id) for epoch_s, chat_id in places]


def settle_place(*, integration_id: int, place: Cursor, unreadable: Collection[str], now: datetime) -> int:
    """Note the outcome of asking for a place again, in the caller's transaction; return how many came right.

    A record that is not among the `unreadable` any more can be read now, or was changed since and comes in its turn.
    The others wait twice as long as before, a day at most.
    """
    mine = Quarantined.objects.filter(
        integration_id=integration_id, source="chat", place_epoch_s=place.epoch_s, place_id=place.chat_id
    )
    right = mine.exclude(record_key__any_of=unreadable).delete()[0]
    rows = list(mine)
    for row in rows:
        row.attempts = min(row.attempts + 1, _MAX_ATTEMPTS)
        row.retry_at = now + min(RETRY_FIRST * 2 ** min(row.attempts, 5), RETRY_LONGEST)
    Quarantined.objects.bulk_update(rows, ["attempts", "retry_at"], batch_size=_BATCH)
    return right


def _leave_out_erased(records: Iterable[Unreadable], *, integration_id: int) -> dict[str, Unreadable]:
    by_key = {record.key: record for record in records}
    words = {key: set(list_words(integration_id, f"{key} {record.raw}")) for key, record in by_key.items()}
    erased = find_erased(word for mine in words.values() for word in mine) if words else frozenset()
    kept = {key: record for key, record in by_key.items() if erased.isdisjoint(words[key])}
    return {key: replace(record, raw="") for key, record in kept.items()} if is_ids_only() else kept


def _build_row(*, run: SyncRun, source: str, record: Unreadable, place: Cursor | None, now: datetime) -> Quarantined:
    return Quarantined(
        integration_id=run.integration_id, run=run, source=source, record_key=record.key, reason=record.reason,
        raw=record.raw, first_seen_at=now, last_seen_at=now, retry_at=None if place is None else now + RETRY_FIRST,
        place_epoch_s=None if place is None else place.epoch_s, place_id="" if place is None else place.chat_id,
    )  # fmt: skip
