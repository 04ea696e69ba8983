"""Reads Zendesk's export of chats page by page to its end, and stores each page with the cursor behind it."""

from datetime import datetime
from functools import partial

from linking.clients.zendesk_chat import ExportPage
from linking.models import StopReason
from linking.sync.calls_with_retries import PassStopped
from linking.sync.store import pages, table_statistics
from linking.sync.store.quarantine import list_due_places
from linking.sync.store.runs import Cursor
from linking.sync.work import Work

# Source: Chat API, Incremental export: `start_time` must be more than five minutes in the past.
YOUNGEST_START_S = 301
# Chats can enter the feed a little late: a pass that reached the end before starts again this much earlier.
OVERLAP_S = 300
RETRIED_PLACES = 20  # a pass asks again for at most so many pages that held unreadable records
ALL_PLACES = 100_000


def read_export(work: Work, *, start_at: datetime | None) -> None:
    """Read from where the last pass ended. Raises: PassStopped, leases.LeaseLost."""
    start = _choose_first_place(work, start_at=start_at)
    seen: frozenset[tuple[str, datetime]] = frozenset()
    while True:
        page, parsed = _read_page(work, start=start)
        last = pages.find_last_place(page=page, start=start, now=work.clock.now())
        if last is None and not page.is_short:
            raise PassStopped("Zendesk's export leads backwards or nowhere.", reason=StopReason.VENDOR_FAULT)
        _store(work, parsed=parsed, last=last or start, is_end=page.is_short)
        if page.is_short or last is None:
            return
        keys = frozenset((chat.chat_id, chat.updated_at) for chat in parsed.chats)
        start, seen = _choose_next_place(work, start=start, last=last, is_repeat=bool(keys) and keys <= seen), keys


def retry_quarantined(work: Work, *, is_at_once: bool) -> None:
    """Ask again for pages that held unreadable records: those that are due, or all where `is_at_once`.

    Raises: PassStopped, leases.LeaseLost.
    """
    now, limit = (None, ALL_PLACES) if is_at_once else (work.clock.now(), RETRIED_PLACES)
    for place in list_due_places(integration_id=work.integration.pk, now=now, limit=limit):
        page, parsed = _read_page(work, start=place)
        last = pages.find_last_place(page=page, start=place, now=work.clock.now())
        _store(work, parsed=parsed, last=last or place, is_end=page.is_short, is_retry=True)


def _read_page(work: Work, *, start: Cursor) -> tuple[ExportPage, pages.ParsedPage]:
    call = partial(work.client.export_page, start_epoch_s=start.epoch_s, start_id=start.chat_id)
    page = work.caller.ask(call)
    return page, pages.parse_page(page=page, start=start, now=work.clock.now())


def _choose_first_place(work: Work, *, start_at: datetime | None) -> Cursor:
    youngest = int(work.clock.now().timestamp()) - YOUNGEST_START_S
    row = work.integration
    if row.cursor_epoch_s is None:
        first = Cursor(epoch_s=int(start_at.timestamp()) if start_at else 0)
    elif row.is_caught_up:
        first = Cursor(epoch_s=max(0, row.cursor_epoch_s - OVERLAP_S))
    else:
        first = Cursor(epoch_s=row.cursor_epoch_s, chat_id=row.cursor_id)
    if work.run.cursor_from_epoch_s is None:
        work.run.cursor_from_epoch_s = min(first.epoch_s, youngest)
        work.run.save(update_fields=["cursor_from_epoch_s"])
    return first if first.epoch_s <= youngest else Cursor(epoch_s=max(0, youngest))


def _choose_next_place(work: Work, *, start: Cursor, last: Cursor, is_repeat: bool) -> Cursor:
    """Return where to read on after a full page: behind its last chat, whatever `next_page` says."""
    if last == start or is_repeat:
        # The vendor ignores the second half of the cursor: more chats share a second than fit a page.
        pages.note_skipped_second(run=work.run, epoch_s=last.epoch_s, now=work.clock.now())
        last = Cursor(epoch_s=last.epoch_s + 1)
    young_s = last.epoch_s - (work.clock.now().timestamp() - YOUNGEST_START_S)
    if young_s > 0:
        work.caller.wait(seconds=young_s, reason=StopReason.VENDOR_PAUSE)
    return last


def _store(work: Work, *, parsed: pages.ParsedPage, last: Cursor, is_end: bool, is_retry: bool = False) -> None:
    row = work.integration
    # A cursor that lies ahead was kept while a clock was wrong: nothing read leads there, so it gives way.
    known_s = -1 if row.cursor_epoch_s is None else row.cursor_epoch_s
    known_s = known_s if known_s <= work.clock.now().timestamp() else -1
    has_records = bool(parsed.chats or parsed.unreadable)
    # The overlap is read again without moving the cursor back.
    cursor = last if has_records and last.epoch_s >= known_s else None
    is_caught_up = is_end or (row.is_caught_up and last.epoch_s <= known_s)
    work.counts["pages"] += 1
    work.counts["chats"] += len(parsed.chats)
    outcome = pages.store_page(
        held=work.held, run=work.run, page=parsed, cursor=cursor, is_caught_up=is_caught_up,
        counts=work.read_counts(), now=work.clock.now(), is_retry=is_retry,
    )  # fmt: skip
    before = work.counts["visitors_found"]
    work.counts["visitors_found"] += outcome.added
    table_statistics.keep_up(tables=table_statistics.SEEN, before=before, after=work.counts["visitors_found"])
    work.counts["quarantined"] += outcome.quarantined
    row.is_caught_up = is_caught_up
    if cursor is not None:
        row.cursor_epoch_s, row.cursor_id = cursor.epoch_s, cursor.chat_id
