"""The index behind the search box.

It finds substrings of a visitor's search column and of the digits of the phone number.

PostgreSQL: trigram GIN indexes. SQLite: a contentless FTS5 trigram table kept by triggers. Where a PostgreSQL role may
not create the extension or a SQLite build has no trigram tokenizer, searching works and reads every row.

A later migration that makes SQLite copy the visitor table must run `install` again: the copy drops the triggers.
"""

from django.db import DatabaseError, migrations, transaction

TABLE, FTS = "linking_visitor", "linking_visitor_fts"


def _digits(row):
    expression = f"{row}.phone"
    for mark in (" ", "-", "(", ")", "+", ".", "/"):
        expression = f"replace({expression}, '{mark}', '')"
    return expression


_INSERT = f"INSERT INTO {FTS}(rowid, search, digits)"
_DELETE = f"INSERT INTO {FTS}({FTS}, rowid, search, digits)"
_ADD_NEW = f"{_INSERT} VALUES (new.id, new.search, {_digits('new')});"
# Contentless tables forget a row when they are told exactly what it held.
_DROP_OLD = f"{_DELETE} VALUES ('delete', old.id, old.search, {_digits('old')});"
_HAS_CHANGED = "old.search IS NOT new.search OR old.phone IS NOT new.phone OR old.id IS NOT new.id"
SQLITE = (
    f"CREATE VIRTUAL TABLE {FTS} USING fts5(search, digits, content='', tokenize='trigram')",
    f"{_INSERT} SELECT id, search, {_digits(TABLE)} FROM {TABLE}",  # noqa: S608  all constants of this file
    f"CREATE TRIGGER {FTS}_insert AFTER INSERT ON {TABLE} BEGIN {_ADD_NEW} END",
    f"CREATE TRIGGER {FTS}_delete AFTER DELETE ON {TABLE} BEGIN {_DROP_OLD} END",
    f"CREATE TRIGGER {FTS}_update AFTER UPDATE ON {TABLE} WHEN {_HAS_CHANGED} BEGIN {_DROP_OLD} {_ADD_NEW} END",
)
_PHONE_DIGITS = r"regexp_replace(phone, '\D', '', 'g')"
POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    f"CREATE INDEX IF NOT EXISTS visitor_search_trgm ON {TABLE} USING gin (search gin_trgm_ops)",
    f"CREATE INDEX IF NOT EXISTS visitor_phone_trgm ON {TABLE} USING gin ({_PHONE_DIGITS} gin_trgm_ops) WHERE phone <> ''",
)
SQLITE_REMOVE = (
    *(f"DROP TRIGGER IF EXISTS {FTS}_{verb}" for verb in ("insert", "delete", "update")),
    f"DROP TABLE IF EXISTS {FTS}",
)
POSTGRESQL_REMOVE = ("DROP INDEX IF EXISTS visitor_phone_trgm", "DROP INDEX IF EXISTS visitor_search_trgm")


def install(_apps, schema_editor):
    connection = schema_editor.connection
    statements = {"sqlite": SQLITE, "postgresql": POSTGRESQL}.get(connection.vendor, ())
    try:
        with transaction.atomic(using=connection.alias):
            _run(connection, statements)
    except DatabaseError as error:
        print(f"  Search goes without an index ({type(error).__name__}: {error}).")


def remove(_apps, schema_editor):
    connection = schema_editor.connection
    _run(connection, {"sqlite": SQLITE_REMOVE, "postgresql": POSTGRESQL_REMOVE}.get(connection.vendor, ()))


def _run(connection, statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("linking", "0001_initial")]
    operations = [
        migrations.RunPython(install, remove),
    ]
