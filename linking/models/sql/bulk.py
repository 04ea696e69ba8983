"""Many rows written by one statement: the values travel as one JSON text that the database takes apart itself.

The ORM's own bulk methods bind every value by itself, which costs more than the writing does; and SQLite keeps the
search index after each statement, so that one statement of a thousand rows costs a tenth of a thousand statements.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from django.db import connection, models

_BATCH = 1000
Rows = Sequence[tuple[Any, ...]]


def insert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Rows,
    *,
    same: Mapping[str, object] | None = None,
    unique: Sequence[str] = (),
    update: Sequence[str] = (),
    merge: Mapping[str, str] | None = None,
    is_sparing: bool = False,
) -> None:
    """Insert `rows`, each a value for every one of `columns`, in the caller's transaction.

    Args:
        columns: names of fields, foreign keys as `…_id`; `same`: further ones whose value is the same in every row.
        unique: the fields that tell whether a row is there already; `update` of it then takes the new values, and
            `merge` names fields that take something else, in SQL: `kept.…` is the row's value, `excluded.…` the new.
        is_sparing: a row that has the values of `update` already is not written again.

    Defaults of the model are not filled in. Times are aware.
    """
    same, merge = same or {}, merge or {}
    statement = _insert_statement(
        model, tuple(columns), same=tuple(same), unique=tuple(unique), update=tuple(update),
        merge=tuple(merge.items()), is_sparing=is_sparing,
    )  # fmt: skip
    fixed = _prepare(model, same)
    for text in build_texts(find_fields(model, columns), rows):
        # The placeholders of the values stand before that of the rows.
        execute(statement, [*fixed, text])


def update(
    model: type[models.Model], columns: Sequence[str], rows: Rows, *, same: Mapping[str, object] | None = None
) -> None:
    """Set `columns` of existing rows, in the caller's transaction.

    Args:
        columns: names of fields, the primary key first; `rows`: a value for each of them.
        same: further columns that take the same value in every row.
    """
    same = same or {}
    statement = _update_statement(model, tuple(columns), same=tuple(same))
    fixed = _prepare(model, same)
    for text in build_texts(find_fields(model, columns), rows):
        execute(statement, [*fixed, text])


def table_name(model: type[models.Model]) -> str:
    """Return the name of a model's table, quoted."""
    return connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001  Django documents it


@cache
def _insert_statement(
    model: type[models.Model],
    columns: tuple[str, ...],
    *,
    same: tuple[str, ...],
    unique: tuple[str, ...],
    update: tuple[str, ...],
    merge: tuple[tuple[str, str], ...],
    is_sparing: bool,
) -> str:
    fields = find_fields(model, columns)
    names = ", ".join(_quote(model, [*columns, *same]))
    conflict = ""
    if unique:
        changes = [f"{name} = excluded.{name}" for name in _quote(model, update)]
        changes += [f"{_quote(model, [name])[0]} = {sql}" for name, sql in merge]
        conflict = f" ON CONFLICT ({', '.join(_quote(model, unique))}) DO UPDATE SET {', '.join(changes)}"
        conflict += f" WHERE {_tell_apart(_quote(model, update))}" if is_sparing else ""
    values = ", ".join([*list_placeholders(fields), *("%s" for _ in same)])
    # The condition keeps SQLite from reading ON CONFLICT as the beginning of a join.
    rows = f"SELECT {values} FROM {name_source(fields)} WHERE true"  # noqa: S608  names of the model
    return f"INSERT INTO {table_name(model)} AS kept ({names}) {rows}{conflict}"


@cache
def _update_statement(model: type[models.Model], columns: tuple[str, ...], *, same: tuple[str, ...]) -> str:
    fields = find_fields(model, columns)
    key, *names = _quote(model, columns)
    key_given, *given = list_placeholders(fields)
    pairs = [*zip(names, given, strict=True), *((name, "%s") for name in _quote(model, same))]
    changes = ", ".join(f"{name} = {value}" for name, value in pairs)
    table = table_name(model)
    return f"UPDATE {table} SET {changes} FROM {name_source(fields)} WHERE {table}.{key} = {key_given}"  # noqa: S608  names of the model


def _tell_apart(names: Sequence[str]) -> str:
    # The standard's words for it, which SQLite knows since 3.39 only.
    differ = "IS NOT" if connection.vendor == "sqlite" else "IS DISTINCT FROM"
    kept, excluded = (", ".join(f"{row}.{name}" for name in names) for row in ("kept", "excluded"))
    return f"({kept}) {differ} ({excluded})"


def find_fields(model: type[models.Model], names: Iterable[str]) -> list[Any]:
    """Return the fields of a model that have these names."""
    return [model._meta.get_field(name) for name in names]  # noqa: SLF001  Django documents it


def _prepare(model: type[models.Model], same: Mapping[str, object]) -> list[Any]:
    fields = find_fields(model, same)
    return [field.get_db_prep_save(value, connection) for field, value in zip(fields, same.values(), strict=True)]


def _quote(model: type[models.Model], names: Iterable[str]) -> list[str]:
    return [connection.ops.quote_name(field.column) for field in find_fields(model, names)]


def name_source(fields: Sequence[Any]) -> str:
    """Return the SQL of the rows that one parameter, a text from `build_texts`, holds; its name is `given`."""
    if connection.vendor == "sqlite":
        return "json_each(%s) AS given"
    types = ", ".join(f"c{place} {field.rel_db_type(connection)}" for place, field in enumerate(fields))
    return f"json_to_recordset(%s::json) AS given({types})"


def list_placeholders(fields: Sequence[Any]) -> list[str]:
    """Return the SQL of each value of a row of `given`, in the order of `fields`."""
    places = range(len(fields))
    if connection.vendor == "sqlite":
        return [f"json_extract(given.value, '$[{place}]')" for place in places]
    return [f"given.c{place}" for place in places]


def build_texts(fields: Sequence[Any], rows: Rows) -> Iterable[str]:
    """Yield `rows` as the texts that `name_source` takes apart, so many to each that a statement stays small."""
    if connection.vendor != "sqlite":
        # Times travel as they are: the writer knows them.
        keys = [f"c{place}" for place in range(len(fields))]
        for batch in _cut(rows):
            yield orjson.dumps([dict(zip(keys, row, strict=True)) for row in batch]).decode()
        return
    moments = [place for place, field in enumerate(fields) if isinstance(field, models.DateTimeField)]
    # The rows of a batch share many of their times.
    as_text = cache(_sqlite_text)
    for batch in _cut(rows):
        columns = list(zip(*batch, strict=True))
        for place in moments:
            columns[place] = _moment_texts(columns[place], as_text=as_text)
        yield orjson.dumps(list(zip(*columns, strict=True))).decode()


def _cut(rows: Rows) -> Iterator[Rows]:
    return (rows[first : first + _BATCH] for first in range(0, len(rows), _BATCH))


def _moment_texts(moments: Iterable[datetime | None], *, as_text: Callable[[datetime], str]) -> tuple[str | None, ...]:
    return tuple([None if moment is None else as_text(moment) for moment in moments])


def _sqlite_text(moment: datetime) -> str:
    # The form in which Django keeps times there, so that they compare as texts.
    return str(moment.astimezone(UTC))[: -len("+00:00")]


def execute(statement: str, parameters: list[Any]) -> None:
    """Run a statement. Raises: django.db.Error."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
