"""Finds waiting visitors that carry one of many words, word by word through an index.

`lower(name) = ANY(many words)` would be shorter. PostgreSQL keeps no statistics for it, takes half the table for the
answer and reads it whole, which is seconds for millions of visitors; for one word it always takes the index.
"""

import json
from collections.abc import Collection
from typing import Any, Literal

from django.db import connection

from linking.core.states import VisitorState
from linking.models.sql import bulk
from linking.models.visitor import Visitor
from linking.sync.plans.facts import LookupPriority

# What more visitors carry is no sign of one person.
NAMESAKES_MOST = 50
_MINE = (
    "integration_id = %s AND lookup_due_at IS NOT NULL AND lookup_rank > %s AND lookup_attempts = 0 "
    "AND state IN (%s, %s)"
)


def find_namesakes(
    *, integration_id: int, column: Literal["email", "name"], words: Collection[str], limit: int
) -> list[int]:
    """Return the keys of at most `limit` waiting visitors whose `column` is one of `words`, those in lower case.

    Left out are those who are asked about first already, those that could not be read, and those whose user is known.
    """
    mine = [integration_id, int(LookupPriority.IDENTIFIED), VisitorState.PENDING.value, VisitorState.ANONYMOUS.value]
    table = bulk.table_name(Visitor)
    if connection.vendor == "postgresql":
        one_word = f"SELECT id FROM {table} WHERE lower({column}) = word AND {_MINE} LIMIT %s"  # noqa: S608  our names
        query = f"SELECT id FROM unnest(%s::text[]) AS words(word) CROSS JOIN LATERAL ({one_word}) AS found LIMIT %s"  # noqa: S608
        parameters: list[Any] = [sorted(words), *mine, limit, limit]
    else:
        # A CROSS JOIN keeps SQLite from turning the two around.
        query = (
            f"SELECT {table}.id FROM json_each(%s) AS words CROSS JOIN {table} "  # noqa: S608  our names
            f"WHERE lower({column}) = words.value AND {_MINE} LIMIT %s"
        )
        parameters = [json.dumps(sorted(words)), *mine, limit]
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        # One visitor carries one word; in SQLite a row found twice would still be one key.
        return [key for (key,) in cursor.fetchall()]


def find_crowded(*, integration_id: int, words: Collection[str]) -> frozenset[str]:
    """Return those of `words`, in any case, that more than `NAMESAKES_MOST` waiting visitors carry as their name."""
    if not words:
        return frozenset()
    is_postgresql = connection.vendor == "postgresql"
    listed = "unnest(%s::text[]) AS words(value)" if is_postgresql else "json_each(%s) AS words"
    query = (
        f"SELECT words.value FROM {listed} WHERE EXISTS (SELECT 1 FROM {bulk.table_name(Visitor)} "  # noqa: S608
        "WHERE integration_id = %s AND lookup_due_at IS NOT NULL AND lower(name) = lower(words.value) "
        "LIMIT 1 OFFSET %s)"
    )
    parameter = sorted(words)
    with connection.cursor() as cursor:
        cursor.execute(query, [parameter if is_postgresql else json.dumps(parameter), integration_id, NAMESAKES_MOST])
        return frozenset(word for (word,) in cursor.fetchall())
