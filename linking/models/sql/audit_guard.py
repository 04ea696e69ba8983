"""Has the database refuse changes to the audit, by triggers that are made after every migrate.

PostgreSQL refuses to change and to delete a deed. SQLite refuses to change one; there, deleting is refused by the code
alone (`AuditEvent.objects`), because Django empties its tables row by row. An account that goes takes its reference
along, and its name stays. A transaction with a row in `linking_auditupkeep` may do both
(`linking.models.people.audit.keep_up`).
"""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate, pre_migrate

TABLE, _UPKEEP = "linking_auditevent", "linking_auditupkeep"
_NAME = "linking_audit_guard"
_SENTENCE = "The audit is append-only."
_CONTENT = ("id", "at", "actor", "action", "target")


def connect(app: AppConfig) -> None:
    """Follow the migrations of `app`."""
    pre_migrate.connect(_before_migrate, sender=app, dispatch_uid="linking.audit_guard.before")
    post_migrate.connect(_after_migrate, sender=app, dispatch_uid="linking.audit_guard.after")


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the triggers, in place of those of another release."""
    if not {TABLE, _UPKEEP} <= set(connection.introspection.table_names()):
        return
    remove(connection)
    statements = {"sqlite": _build_sqlite(), "postgresql": _build_postgresql()}.get(connection.vendor, ())
    _run(connection, *statements)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away, so that a migration may change the table."""
    if connection.vendor == "sqlite":
        _run(connection, f"DROP TRIGGER IF EXISTS {_NAME}")
    elif connection.vendor == "postgresql":
        _run(connection, f"DROP FUNCTION IF EXISTS {_NAME}() CASCADE")


def _before_migrate(*, using: str, plan: list[Any], **_kwargs: Any) -> None:
    if plan:
        remove(connections[using])


def _after_migrate(*, using: str, **_kwargs: Any) -> None:
    install(connections[using])


def _build_sqlite() -> tuple[str, ...]:
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in (*_CONTENT, "fields"))
    guard = f"NOT EXISTS (SELECT 1 FROM {_UPKEEP}) AND NOT (NEW.actor_user_id IS NULL AND {same})"  # noqa: S608
    body = f"BEGIN SELECT RAISE(ABORT, '{_SENTENCE}'); END"
    return (f"CREATE TRIGGER {_NAME} BEFORE UPDATE ON {TABLE} WHEN {guard} {body}",)


def _build_postgresql() -> tuple[str, ...]:
    old, new = (", ".join(f"{row}.{name}" for name in _CONTENT) + f", {row}.fields::text" for row in ("OLD", "NEW"))
    return (
        f"""CREATE FUNCTION {_NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT 1 FROM {_UPKEEP}) THEN
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                RETURN NEW;
            END IF;
            IF TG_OP = 'UPDATE' THEN
                IF NEW.actor_user_id IS NULL AND ({new}) IS NOT DISTINCT FROM ({old}) THEN RETURN NEW; END IF;
            END IF;
            RAISE EXCEPTION '{_SENTENCE}';
        END $$""",  # noqa: S608
        f"CREATE TRIGGER {_NAME} BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {_NAME}()",
    )


def _run(connection: BaseDatabaseWrapper, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
