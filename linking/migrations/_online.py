"""Indexes of large tables, made and dropped while the product goes on reading and writing.

A migration that uses these operations says `atomic = False`. On PostgreSQL each index is made `CONCURRENTLY`, however
long that takes; one that an interrupted run left half made is dropped and made anew, one that is whole is kept. SQLite
has a single writer, so an index is made at once, and whoever wants to write waits for it.
"""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db.migrations import AddIndex, AlterField, RemoveIndex

_IS_VALID = "SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(%s)"


class AddIndexOnline(AddIndexConcurrently):
    """`AddIndex` for a table with millions of rows, on either database."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make the index."""
        if schema_editor.connection.vendor != "postgresql":
            AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
            return
        is_valid = _is_valid(schema_editor, name=self.index.name)
        if is_valid:
            return
        _lift_timeouts(schema_editor)
        if is_valid is False:
            schema_editor.execute(f"DROP INDEX CONCURRENTLY {schema_editor.quote_name(self.index.name)}")
        super().database_forwards(app_label, schema_editor, from_state, to_state)
        _restore_timeouts(schema_editor)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop the index."""
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        else:
            AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)


class RemoveIndexOnline(RemoveIndexConcurrently):
    """`RemoveIndex` for a table with millions of rows, on either database."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop the index."""
        if schema_editor.connection.vendor != "postgresql":
            RemoveIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
        elif _is_valid(schema_editor, name=self.name) is not None:
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make the index again."""
        if schema_editor.connection.vendor == "postgresql":
            _lift_timeouts(schema_editor)
            super().database_backwards(app_label, schema_editor, from_state, to_state)
            _restore_timeouts(schema_editor)
        else:
            RemoveIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)


class DropKeyIndexOnline(AlterField):
    """`AlterField` that gives a foreign key `db_index=False`, on either database; nothing but the index changes.

    Django's own would remake the whole table on SQLite, and lock it on PostgreSQL.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, _from_state: Any, to_state: Any) -> None:
        """Drop the index, which has the name that Django gives it."""
        name, _place, beside = self._describe(app_label, schema_editor, to_state)
        self._run(schema_editor, f"DROP INDEX {beside} IF EXISTS {name}")

    def database_backwards(self, app_label: str, schema_editor: Any, _from_state: Any, to_state: Any) -> None:
        """Make the index again."""
        name, place, beside = self._describe(app_label, schema_editor, to_state)
        self._run(schema_editor, f"CREATE INDEX {beside} IF NOT EXISTS {name} ON {place}")

    def _describe(self, app_label: str, schema_editor: Any, state: Any) -> tuple[str, str, str]:
        """Return the index's name, its table and column, and the word that keeps readers and writers going."""
        model = state.apps.get_model(app_label, self.model_name)
        table, column = model._meta.db_table, model._meta.get_field(self.name).column  # noqa: SLF001
        name = schema_editor._create_index_name(table, [column])  # noqa: SLF001
        quote = schema_editor.quote_name
        beside = "CONCURRENTLY" if schema_editor.connection.vendor == "postgresql" else ""
        return quote(name), f"{quote(table)} ({quote(column)})", beside

    def _run(self, schema_editor: Any, sql: str) -> None:
        if schema_editor.connection.vendor != "postgresql":
            schema_editor.execute(sql)
            return
        _lift_timeouts(schema_editor)
        schema_editor.execute(sql)
        _restore_timeouts(schema_editor)


def _is_valid(schema_editor: Any, *, name: str) -> bool | None:
    """Return whether the index is whole, None where there is none."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_IS_VALID, [name])
        row = cursor.fetchone()
    return None if row is None else bool(row[0])


def _lift_timeouts(schema_editor: Any) -> None:
    # The connection's own 15 s are for questions of pages; an index of millions of rows takes minutes, and first waits
    # for every transaction that is under way.
    schema_editor.execute("SET statement_timeout = 0")
    schema_editor.execute("SET lock_timeout = 0")


def _restore_timeouts(schema_editor: Any) -> None:
    schema_editor.execute("RESET statement_timeout")
    schema_editor.execute("RESET lock_timeout")
