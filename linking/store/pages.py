"""One page of the export, stored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from linking.core.reconcile import plan_export, seen_visitors
from linking.core.text import email_key
from linking.core.visitors import ChatRecord, Unreadable, parse_chat
from linking.models import Integration, LoginUser, SyncRun, Visitor
from linking.store import leases
from linking.store.rows import apply_facts, canonical_ids, facts_of, locked_visitors
from linking.store.runs import Cursor, quarantine, touch_run
from linking.zendesk_chat import ExportPage

_BATCH = 500
_UPDATED = (
    "first_seen_at", "last_seen_at", "last_chat_id", "name", "email", "phone", "notes", "lookup_due_at",
    "lookup_rank", "lookup_attempts", "stored_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPage:
    """One page of the export after reading: what could be read and what could not."""

    chats: tuple[ChatRecord, ...]
    unreadable: tuple[Unreadable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOutcome:
    """How many visitors a page added and how many of its records were set aside."""

    added: int
    quarantined: int


def parsed_page(*, page: ExportPage, start: Cursor) -> ParsedPage:
    """Return a page's records read; a chat without a time of its own is taken to be as old as the page."""
    epoch_s = start.epoch_s if page.end_epoch_s is None else page.end_epoch_s
    fallback_at = datetime.fromtimestamp(epoch_s, tz=UTC)
    records = [parse_chat(raw, fallback_at=fallback_at) for raw in page.records]
    return ParsedPage(
        chats=tuple(record for record in records if isinstance(record, ChatRecord)),
        unreadable=tuple(record for record in records if isinstance(record, Unreadable)),
    )


def last_place(*, page: ExportPage, chats: Sequence[ChatRecord], start: Cursor) -> Cursor | None:
    """Return the place after a page: by the vendor's word, else by the last chat; None when both lead backwards."""
    if page.end_epoch_s is not None and page.end_epoch_s >= start.epoch_s:
        return Cursor(epoch_s=page.end_epoch_s, chat_id=page.end_id)
    if not chats:
        return start
    last = Cursor(epoch_s=int(chats[-1].updated_at.timestamp()), chat_id=chats[-1].chat_id)
    return last if last.epoch_s >= start.epoch_s else None


def note_skipped_second(*, run: SyncRun, epoch_s: int, now: datetime) -> None:
    """Set aside that chats of one second could not all be read, because the vendor ignores the cursor's second half."""
    reason = "More chats share this second than one page holds, and the export repeats itself: some were not read."
    quarantine(run=run, source="export", records=[Unreadable(key=str(epoch_s), reason=reason, raw="")], now=now)


def store_page(
    *,
    held: leases.Held,
    run: SyncRun,
    page: ParsedPage,
    cursor: Cursor | None,
    is_caught_up: bool,
    counts: Mapping[str, int],
    now: datetime,
) -> PageOutcome:
    """Store one page of the export: visitors, records set aside, cursor and counts, all or nothing.

    Args:
        cursor: the place after the page, None to leave it where it is.
        counts: the run's counts before this page; what the page adds is added to them.

    Raises: leases.LeaseLost, and then nothing was stored.
    """
    with transaction.atomic():
        leases.renew(held=held)
        added = _store_seen(integration_id=run.integration_id, chats=page.chats, now=now)
        quarantined = quarantine(run=run, source="chat", records=page.unreadable, now=now)
        place = {} if cursor is None else {"cursor_epoch_s": cursor.epoch_s, "cursor_id": cursor.chat_id}
        Integration.objects.filter(pk=run.integration_id).update(is_caught_up=is_caught_up, **place)
        outcome = PageOutcome(added=added, quarantined=quarantined)
        after = dict(counts) | {
            "visitors_found": counts["visitors_found"] + added,
            "quarantined": counts["quarantined"] + quarantined,
        }
        touch_run(run=run, counts=after, now=now, cursor=cursor)
    return outcome


def _store_seen(*, integration_id: int, chats: Sequence[ChatRecord], now: datetime) -> int:
    carried = {chat.visitor.visitor_id for chat in chats if chat.visitor is not None}
    seen = seen_visitors(chats=chats, aliases=canonical_ids(integration_id=integration_id, visitor_ids=carried))
    rows = locked_visitors(integration_id=integration_id, visitor_ids=seen.keys())
    plan = plan_export(
        seen=seen.values(),
        known={visitor_id: facts_of(row) for visitor_id, row in rows.items()},
        issued=_issued_words(
            integration_id=integration_id,
            words={word for one in seen.values() for word in (one.contact.email, one.contact.name) if word},
        ),
        now=now,
    )
    # A changed row goes in whole: the database checks it as if it were new before it finds the old one.
    whole = [rows[facts.visitor_id] for facts in plan.changed]
    added = [Visitor(integration_id=integration_id, visitor_id=facts.visitor_id) for facts in plan.added]
    for row, facts in zip([*added, *whole], [*plan.added, *plan.changed], strict=True):
        apply_facts(row=row, facts=facts, now=now)
        row.pk = None
    Visitor.objects.bulk_create(
        [*added, *whole],
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["integration", "visitor_id"],
        update_fields=_UPDATED,
    )
    return len(added)


def _issued_words(*, integration_id: int, words: Collection[str]) -> frozenset[str]:
    users = LoginUser.objects.filter(integration_id=integration_id).issued().carrying(words=words)
    pairs = users.values_list("email", "name")
    return frozenset(email_key(word) for pair in pairs for word in pair if word)
