"""Records that could not be read, on the sync page: what each is, why, when it is tried again. Never its content."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, DateTimeField, F, OuterRef, Subquery, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.shell.context import count_words
from linking.models import Quarantined, Visitor
from linking.search import find as finding

SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAsideRow:
    """One record; `retry_at` lies ahead, and where it is None `retry` says when or why not."""

    source: str
    key: str
    integration: str
    reason: str
    last_seen_at: datetime
    retry_at: datetime | None
    retry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """The records to be tried again soonest, and a sentence that says how many there are."""

    rows: tuple[SetAsideRow, ...]
    sentence: str


def set_aside(*, now: datetime) -> SetAside:
    """Return the records set aside, the next to be tried first; two queries, one where there are none."""
    # A visitor waits in the queue of look-ups, like any other; a page of the export has a time of its own.
    asked_about = Visitor.objects.filter(integration=OuterRef("integration"), visitor_id=OuterRef("record_key"))
    turn = Subquery(asked_about.values("lookup_due_at")[:1])
    when = Case(When(source="visitor", then=turn), default=F("retry_at"), output_field=DateTimeField())
    kept = Quarantined.objects.select_related("integration").annotate(turn_at=when)
    found = list(kept.order_by(F("turn_at").asc(nulls_last=True), "-pk")[:SHOWN])
    if not found:
        return SetAside(rows=(), sentence="")
    count = finding.count_up_to_cap(Quarantined.objects.all())
    words = ngettext(
        "%(number)s record could not be read so far; the rest of its pass went on.",
        "%(number)s records could not be read so far; the rest of their passes went on.",
        count.number,
    )
    return SetAside(rows=tuple(_row(one, now=now) for one in found), sentence=words % {"number": count_words(count)})


def _row(one: Quarantined, *, now: datetime) -> SetAsideRow:
    turn_at: datetime | None = one.turn_at  # type: ignore[attr-defined]
    sources = {"chat": _("Chat"), "visitor": _("Visitor"), "export": _("Export")}
    return SetAsideRow(
        source=sources.get(one.source, one.source),
        key=one.record_key,
        integration=one.integration.name,
        reason=one.reason,
        last_seen_at=one.last_seen_at,
        retry_at=turn_at if turn_at and turn_at > now else None,
        retry=_("with the next pass") if turn_at else _("not by itself"),
    )
