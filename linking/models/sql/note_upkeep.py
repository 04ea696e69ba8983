"""Has the database index the words of notes, made after every migrate as the words of people are (`word_upkeep`).

PostgreSQL has an index of trigrams on each column, SQLite a full-text table that triggers on the notes keep. Without
the extension, or the tokenizer, notes are read one by one.
"""

from hashlib import sha256
from typing import Any

from django.apps import AppConfig
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate, pre_migrate

from linking.models.sql import word_statements, word_upkeep

TABLE = "linking_playernote"
_FULL_TEXT = word_statements.full_text(TABLE)
_COLUMNS = ("plain", "contact")


def connect(app: AppConfig) -> None:
    """Follow the migrations of `app`."""
    pre_migrate.connect(_before_migrate, sender=app, dispatch_uid="linking.note_upkeep.before")
    post_migrate.connect(_after_migrate, sender=app, dispatch_uid="linking.note_upkeep.after")


def install(connection: BaseDatabaseWrapper) -> None:
    """Make what is missing; nothing where all is there. Raises: django.db.Error; calling it again goes on."""
    if TABLE not in connection.introspection.table_names():
        return
    if connection.vendor == "sqlite":
        _install_sqlite(connection)
    elif connection.vendor == "postgresql":
        _install_postgresql(connection)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take SQLite's triggers and full-text table away, so that a migration may copy the table."""
    if connection.vendor == "sqlite":
        names = [f"DROP TRIGGER IF EXISTS {name}" for name in sorted(_trigger_names(connection))]
        _run(connection, *names, f"DROP TABLE IF EXISTS {_FULL_TEXT}")


def _before_migrate(*, using: str, plan: list[Any], **_kwargs: Any) -> None:
    if plan:
        remove(connections[using])


def _after_migrate(*, using: str, **_kwargs: Any) -> None:
    install(connections[using])


def _install_sqlite(connection: BaseDatabaseWrapper) -> None:
    triggers = _build_triggers()
    if _trigger_names(connection) == set(triggers) or not word_upkeep.has_trigrams(connection):
        return
    remove(connection)
    columns = ", ".join(_COLUMNS)
    with transaction.atomic(using=connection.alias):
        _run(
            connection,
            *word_statements.full_text_tables(TABLE),
            *triggers.values(),
            f"INSERT INTO {_FULL_TEXT} (rowid, {columns}) SELECT id, {columns} FROM {TABLE}",  # noqa: S608
        )


def _build_triggers() -> dict[str, str]:
    bodies = word_statements.full_text_triggers(TABLE, key="id")
    # A name that changes with what they do, so that those of another release are known as such.
    mark = sha256("".join(bodies.values()).encode()).hexdigest()[:8]
    return {f"{name}_{mark}": f"CREATE TRIGGER {name}_{mark} {body}" for name, body in bodies.items()}


def _install_postgresql(connection: BaseDatabaseWrapper) -> None:
    indexes = {f"{TABLE}_{column}": column for column in _COLUMNS}
    missing = {name: column for name, column in indexes.items() if not word_upkeep.is_index_ready(connection, name)}
    if not missing or connection.in_atomic_block or not word_upkeep.has_extension(connection):
        return
    with word_upkeep.lift_time_limit(connection):
        _run(connection, "SET lock_timeout = 0")
        for name, column in missing.items():
            # What a cut-off build left behind serves nobody.
            _run(connection, f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            _run(connection, f"CREATE INDEX CONCURRENTLY {name} ON {TABLE} USING gin ({column} gin_trgm_ops)")


def _trigger_names(connection: BaseDatabaseWrapper) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
        return {name for (name,) in cursor.fetchall()}


def _run(connection: BaseDatabaseWrapper, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
