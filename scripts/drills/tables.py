"""Counts the rows of every table of a store, from outside the product."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
from psycopg import sql


def count_rows(*, database_url: str, data: Path) -> dict[str, int]:
    """Return the number of rows by table; without `database_url`, of the SQLite file in the data folder."""
    if database_url:
        return _count_postgres(database_url)
    with closing(sqlite3.connect(f"file:{data / 'zdbridge.sqlite3'}?mode=ro", uri=True)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
        return {name: _count_sqlite_table(connection, name) for (name,) in names.fetchall()}


def _count_sqlite_table(connection: sqlite3.Connection, name: str) -> int:
    # The name comes from the database itself.
    return int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608


def _count_postgres(database_url: str) -> dict[str, int]:
    with psycopg.connect(database_url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        counts = {}
        for (name,) in names:
            row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
            counts[name] = row[0] if row else 0
        return counts


def list_differences(copy: dict[str, int], *, before: dict[str, int], after: dict[str, int]) -> list[str]:
    """Return the tables whose count in a copy lies outside what the original had before and after it was made."""
    names = sorted(before.keys() | after.keys() | copy.keys())
    return [name for name in names if not _is_between(copy.get(name), before.get(name), after.get(name))]


def _is_between(count: int | None, *limits: int | None) -> bool:
    numbers = [limit for limit in limits if limit is not None]
    return count is not None and bool(numbers) and min(numbers) <= count <= max(numbers)
