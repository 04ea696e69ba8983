"""Erases a person: every row, every mention, all in one transaction, and leaves a receipt that names nobody."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db import DatabaseError, models, transaction
from django.db.models import Q

from linking.core.text import email_key
from linking.keeping import hold_alone, make_digests, sign
from linking.models import (
    AuditEvent,
    ConfigVersion,
    ErasedMark,
    ErasureReceipt,
    LoginUser,
    SavedView,
    Visitor,
)
from linking.models.people.audit import keep_up
from linking.privacy.kept import TABLES, find_conflicts, names_person
from linking.privacy.subject import Name, Subject, find_subject

ERASED = "erasure.made"
TRIES = 3
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One erasure as it is shown: `counts` are rows by table, `body` and `signature` what the receipt's file holds."""

    number: str
    made_at: datetime
    made_by: str
    counts: Mapping[str, int]
    body: str
    signature: str
    lifted_at: datetime | None = None
    lifted_by: str = ""

    @property
    def text(self) -> str:
        """The receipt as a file: JSON, one object."""
        return json.dumps({"receipt": json.loads(self.body), "signature": self.signature}, indent=2) + "\n"


def count(subject: Subject) -> dict[str, int]:
    """Return how many rows of each table the person has, tables without any left out."""
    numbers = {table.label: table.find(subject).order_by().count() for table in TABLES if not table.is_derived}
    if subject.shared_keys:
        numbers["linking.visitor (shared)"] = len(subject.shared_keys)
    return {label: number for label, number in numbers.items() if number}


def erase(*, name: Name, by: Any, actor: str, now: datetime) -> Receipt:
    """Erase the person that `name` means, also where nothing is kept yet, so that nothing will be.

    `by` is the account that does it, None for the command line; `actor` is its name.

    Raises: BadSubject, linking.keeping.ErasureKeyLost, django.db.Error.
    """
    for turn in range(TRIES):
        try:
            return _erase_once(name=name, by=by, actor=actor, now=now)
        except DatabaseError:
            # Somebody wrote a note or decided a conflict at this very moment. The second time that is known.
            if turn + 1 == TRIES:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def _erase_once(*, name: Name, by: Any, actor: str, now: datetime) -> Receipt:
    hold_alone()
    subject = find_subject(name)
    _lock(subject)
    numbers = count(subject)
    number = secrets.token_hex(8)
    digests = sorted(make_digests(subject.traces))
    _blank_shared(subject)
    _blank_mentions(subject, number=number)
    for table in TABLES:
        if not table.is_blanked and not table.is_derived:
            table.find(subject).order_by().delete()
    # Blocks are part of the settings in memory.
    ConfigVersion.bump()
    row = _keep_receipt(number=number, actor=actor, digests=digests, counts=numbers, now=now)
    AuditEvent.objects.create(at=now, actor=actor, actor_user=by, action=ERASED, target=f"receipt {number}", fields=[])
    return build_receipt(row)


def build_receipt(row: ErasureReceipt) -> Receipt:
    """Return a stored receipt as it is shown."""
    return Receipt(
        number=row.number,
        made_at=row.made_at,
        made_by=row.made_by,
        counts=json.loads(row.body)["counts"],
        body=row.body,
        signature=row.signature,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
    )


def write_body(content: Mapping[str, Any]) -> str:
    """Return the content of a receipt as the text that is signed: the same whatever the order it came in."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _lock(subject: Subject) -> None:
    """Let nobody add a note, a decision or a link to what is about to go; in the order in which others lock."""
    rows: tuple[models.QuerySet[Any], ...] = (
        find_conflicts(subject).order_by("pk"),
        Visitor.objects.filter(pk__any_of=sorted({*subject.visitor_keys, *subject.shared_keys})).order_by("pk"),
        LoginUser.objects.filter(pk__any_of=subject.user_keys).order_by("pk"),
    )
    for one in rows:
        list(one.select_for_update().values_list("pk", flat=True))


def _blank_shared(subject: Subject) -> None:
    """Take the person's contact off devices that are another player's by now."""
    for row in Visitor.objects.filter(pk__any_of=subject.shared_keys):
        if {email_key(row.email), email_key(row.name)} & subject.emails:
            Visitor.objects.filter(pk=row.pk).update(name="", email="", phone="", notes="")


def _blank_mentions(subject: Subject, *, number: str) -> None:
    """Take the person out of rows that stay: deeds of colleagues, the admin's log, saved views."""
    blank: dict[str, Callable[[models.QuerySet[Any]], object]] = {
        "linking.auditevent": lambda rows: _blank_deeds(rows, number=number),
        "admin.logentry": lambda rows: rows.update(object_repr=f"receipt {number}", object_id=None, change_message=""),
        "linking.savedview": lambda rows: _blank_views(rows, subject=subject),
    }
    for table in TABLES:
        if table.is_blanked:
            blank[table.label](table.find(subject).order_by())


def _blank_deeds(rows: models.QuerySet[AuditEvent], *, number: str) -> None:
    keys = list(rows.values_list("pk", flat=True))
    with keep_up() as deeds:
        deeds.filter(Q(pk__any_of=keys)).update(target=f"receipt {number}")


def _blank_views(rows: models.QuerySet[SavedView], *, subject: Subject) -> None:
    for row in rows:
        pairs = parse_qsl(row.query.removeprefix("?"), keep_blank_values=True)
        kept = [(key, value) for key, value in pairs if not names_person(value, subject=subject)]
        name = f"View {row.pk}" if names_person(row.name, subject=subject) else row.name
        SavedView.objects.filter(pk=row.pk).update(query=f"?{urlencode(kept)}" if kept else "", name=name)


def _keep_receipt(
    *, number: str, actor: str, digests: list[str], counts: Mapping[str, int], now: datetime
) -> ErasureReceipt:
    body = write_body(
        {
            "format": FORMAT,
            "number": number,
            "erased_at": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "by": actor,
            "digests": digests,
            "counts": dict(counts),
        }
    )
    row = ErasureReceipt.objects.create(
        number=number, made_at=now, made_by=actor[:150], body=body, signature=sign(body)
    )
    ErasedMark.objects.bulk_create([ErasedMark(digest=digest, receipt=row) for digest in digests])
    return row
