"""Everything that is kept of a person, as plain data."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Model

from linking.models import AuditEvent
from linking.privacy.kept import TABLES
from linking.privacy.subject import Subject

EXPORTED = "person.exported_data"


def export(subject: Subject) -> dict[str, Any]:
    """Return what is kept of a person, by table, every column of every row; times are ISO 8601 in UTC."""
    tables = {table.label: [_write_row(row) for row in table.find(subject).order_by("pk")] for table in TABLES}
    return {
        "asked_for": {"kind": subject.name.kind.value, "value": subject.name.value},
        "integrations": [row.slug for row in subject.integrations],
        "kept": {label: rows for label, rows in tables.items() if rows},
        "shared_visitors": len(subject.shared_keys),
    }


def record_export(*, subject: Subject, by: Any, actor: str, now: datetime) -> None:
    """Record that somebody was exported, by the names under which an erasure finds the deed."""
    slugs = {row.pk: row.slug for row in subject.integrations}
    named = sorted(subject.user_ids or subject.visitor_ids)
    target = f"{slugs.get(named[0][0], '')} {named[0][1]}" if named else subject.name.value
    AuditEvent.objects.create(at=now, actor=actor, actor_user=by, action=EXPORTED, target=target[:200], fields=[])


def _write_row(row: Model) -> dict[str, Any]:
    return dict(_write_columns(row))


def _write_columns(row: Model) -> Iterator[tuple[str, Any]]:
    for field in row._meta.concrete_fields:  # noqa: SLF001  Django documents it
        value = getattr(row, field.attname)
        if isinstance(value, datetime):
            value = value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        elif isinstance(value, date):
            value = value.isoformat()
        yield field.attname, value
