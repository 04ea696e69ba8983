"""Has the database keep the words by which people are found: triggers and indexes, made after every migrate.

Made there and not in a migration, because they hang on three tables: SQLite refuses to remake a table that another
table's trigger names, and drops the triggers of the one it remakes. So they go before a migration and come back after
it, as the latest code spells them; an installation whose triggers are others gets these and its words anew.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import AppConfig
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate, pre_migrate

from linking.models.sql import word_statements as words

log = logging.getLogger(__name__)
_BATCH = 20_000
# Of 0002_search_index, which searched the visitors' own table.
_BEFORE = {
    "sqlite": (
        *(f"DROP TRIGGER IF EXISTS linking_visitor_fts_{verb}" for verb in ("insert", "delete", "update")),
        "DROP TABLE IF EXISTS linking_visitor_fts",
    ),
    "postgresql": tuple(
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for name in ("visitor_search_trgm", "visitor_phone_trgm")
    ),
}


def connect(app: AppConfig) -> None:
    """Follow the migrations of `app`."""
    pre_migrate.connect(_before_migrate, sender=app, dispatch_uid="linking.word_upkeep.before")
    post_migrate.connect(_after_migrate, sender=app, dispatch_uid="linking.word_upkeep.after")


def install(connection: BaseDatabaseWrapper) -> None:
    """Make what is missing and write the words that are missing; nothing where all is there.

    Raises: django.db.Error; calling it again goes on.
    """
    if not {words.VISITOR_WORDS, words.WAITING_WORDS} <= set(connection.introspection.table_names()):
        return
    if connection.vendor == "sqlite":
        _install_sqlite(connection)
    elif connection.vendor == "postgresql":
        _install_postgresql(connection)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers and what they need away; the words stay as they are."""
    _drop_triggers(connection)
    if connection.vendor == "sqlite":
        tables = (words.full_text(table) for table in (words.VISITOR_WORDS, words.WAITING_WORDS))
        _run(connection, *(f"DROP TABLE IF EXISTS {table}" for table in tables))
    elif connection.vendor == "postgresql":
        _run(connection, *(f"DROP FUNCTION IF EXISTS {name}()" for name in words.FUNCTIONS))
        _run(connection, f"DROP FUNCTION IF EXISTS {words.RENEW}(bigint)")


def _before_migrate(*, using: str, plan: list[Any], **_kwargs: Any) -> None:
    if plan and connections[using].vendor == "sqlite":
        remove(connections[using])


def _after_migrate(*, using: str, **_kwargs: Any) -> None:
    install(connections[using])


def _install_sqlite(connection: BaseDatabaseWrapper) -> None:
    wanted = words.triggers(vendor="sqlite")
    can_index = has_trigrams(connection)
    if not can_index:
        # Its triggers cannot be made either; searching then reads the words row by row.
        wanted = {name: text for name, text in wanted.items() if "_fts_" not in name}
    if _trigger_names(connection) == set(wanted):
        return
    remove(connection)
    with transaction.atomic(using=connection.alias):
        _run(connection, *_BEFORE["sqlite"])
        _run(connection, *(f"DELETE FROM {table}" for table in (words.VISITOR_WORDS, words.WAITING_WORDS)))  # noqa: S608
        if can_index:
            _run(connection, *words.full_text_tables(words.VISITOR_WORDS, words.WAITING_WORDS))
        _run(connection, *wanted.values(), *words.fill(vendor="sqlite"))


def _install_postgresql(connection: BaseDatabaseWrapper) -> None:
    wanted = words.triggers(vendor="postgresql")
    is_kept = _trigger_names(connection) == set(wanted)
    missing = [(name, text) for name, text in words.INDEXES if not is_index_ready(connection, name)]
    if (is_kept and not missing) or connection.in_atomic_block:
        return
    with lift_time_limit(connection):
        if not is_kept:
            with transaction.atomic(using=connection.alias):
                _run(connection, *words.functions())
                _drop_triggers(connection)
                _run(connection, *wanted.values(), f"TRUNCATE {words.VISITOR_WORDS}, {words.WAITING_WORDS}")
        # Nobody waits for what comes now, and building an index beside others' work means waiting for them.
        _run(connection, "SET lock_timeout = 0")
        _fill_in_batches(connection)
        if has_extension(connection):
            for name, text in missing:
                # What a cut-off build left behind serves nobody.
                _run(connection, f"DROP INDEX CONCURRENTLY IF EXISTS {name}", text)
        _run(connection, f"ANALYZE {words.VISITOR_WORDS}", f"ANALYZE {words.WAITING_WORDS}", *_BEFORE["postgresql"])


def _fill_in_batches(connection: BaseDatabaseWrapper) -> None:
    """Write the words of everybody who was there before the triggers; each batch is a transaction of its own."""
    of_visitors, of_waiting = words.fill(vendor="postgresql", where="v.id >= %s AND v.id < %s")
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM linking_visitor")
        first, last = cursor.fetchone()
        if first is not None:
            for start in range(first, last + 1, _BATCH):
                cursor.execute(of_visitors, [start, start + _BATCH])
        cursor.execute(of_waiting)


@contextmanager
def lift_time_limit(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Lift the limit of a page's statement: an index over millions of rows takes minutes, and nobody waits for it."""
    _run(connection, "SET statement_timeout = 0")
    try:
        yield
    finally:
        _run(connection, "RESET statement_timeout", "RESET lock_timeout")


def has_extension(connection: BaseDatabaseWrapper) -> bool:
    """Return whether PostgreSQL can index trigrams, after trying to install what it needs."""
    try:
        with transaction.atomic(using=connection.alias):
            _run(connection, "CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError as error:
        log.warning("Search goes without an index, because pg_trgm cannot be installed: %s", type(error).__name__)
        return False
    return True


def has_trigrams(connection: BaseDatabaseWrapper) -> bool:
    """Return whether this SQLite can index trigrams."""
    with connection.cursor() as cursor:
        try:
            with transaction.atomic(using=connection.alias):
                cursor.execute("CREATE VIRTUAL TABLE temp.words_probe USING fts5(probe, tokenize='trigram')")
                cursor.execute("DROP TABLE temp.words_probe")
        except DatabaseError:
            log.warning("Search goes without an index, because this SQLite has no trigram tokenizer.")
            return False
    return True


def _trigger_names(connection: BaseDatabaseWrapper) -> set[str]:
    asked = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE 'linking%%'"
    )
    with connection.cursor() as cursor:
        cursor.execute(asked, [])
        return {name for (name,) in cursor.fetchall() if name.startswith(words.PREFIX)}


def _drop_triggers(connection: BaseDatabaseWrapper) -> None:
    names = sorted(_trigger_names(connection))
    if connection.vendor == "sqlite":
        _run(connection, *(f"DROP TRIGGER IF EXISTS {name}" for name in names))
    else:
        tables = ("linking_visitor", "linking_visitorlink", "linking_loginuser")
        _run(connection, *(f"DROP TRIGGER IF EXISTS {name} ON {table}" for name in names for table in tables))


def is_index_ready(connection: BaseDatabaseWrapper, name: str) -> bool:
    """Return whether PostgreSQL has the index, whole."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        return cursor.fetchone() == (True,)


def _run(connection: BaseDatabaseWrapper, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
