"""Unreadable records on the sync page: what each is, why, and when it is tried again. Never its content."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.shell.context import format_count
from linking.models import Quarantined
from linking.search import find
from linking.sync import history

SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRow:
    """One record; `retry_at` lies ahead, and where it is None `retry` says when or why not."""

    source: str
    key: str
    integration: str
    reason: str
    last_seen_at: datetime
    retry_at: datetime | None
    retry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRecords:
    """The records that are tried again soonest, and a sentence that says how many there are."""

    rows: tuple[UnreadableRow, ...]
    sentence: str


def load_unreadable(*, now: datetime) -> UnreadableRecords:
    """Return the unreadable records, the next to be tried first; three queries, fewer where there are none."""
    records = history.list_unreadable()
    first_records = list(records[:SHOWN])
    if not first_records:
        return UnreadableRecords(rows=(), sentence="")
    count = find.count_up_to_cap(history.list_all_unreadable())
    words = ngettext(
        "%(number)s record could not be read. The rest of its sync was not affected.",
        "%(number)s records could not be read. The rest of their syncs was not affected.",
        count.number,
    )
    rows = tuple(_build_row(record, now=now) for record in first_records)
    return UnreadableRecords(rows=rows, sentence=words % {"number": format_count(count)})


def _build_row(record: Quarantined, *, now: datetime) -> UnreadableRow:
    turn_at: datetime | None = record.turn_at  # type: ignore[attr-defined]
    sources = {"chat": _("Chat"), "visitor": _("Visitor"), "export": _("Export")}
    return UnreadableRow(
        source=sources.get(record.source, record.source),
        key=record.record_key,
        integration=record.integration.name,
        reason=record.reason,
        last_seen_at=record.last_seen_at,
        retry_at=turn_at if turn_at and turn_at > now else None,
        retry=_("with the next sync") if turn_at else _("no automatic retry"),
    )
