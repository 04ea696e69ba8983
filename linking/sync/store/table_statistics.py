"""Renews PostgreSQL's statistics of tables that a pass fills faster than autovacuum looks at them.

Autovacuum comes round once a minute. Until then the planner takes a table of a hundred thousand rows for an empty one
and reads every visitor of the integration to find fifty of them.
"""

import logging
from collections.abc import Collection

from django.db import DatabaseError, connection, models

from linking.models import LoginUser, Visitor, VisitorChat, VisitorLink
from linking.models.sql.bulk import table_name

FEW = 1000  # rows that are read through as fast as looked up
SEEN = (Visitor, VisitorChat)
LINKED = (LoginUser, VisitorLink)
logger = logging.getLogger(__name__)


def keep_up(*, tables: Collection[type[models.Model]], before: int, after: int) -> bool:
    """Gather statistics of `tables` anew where a pass has doubled what it added to them; return whether it did.

    Args:
        before, after: how many rows the pass had added to each of them before and after its last batch.

    To be called outside of transactions. What goes wrong is logged: slower is better than not at all.
    """
    has_doubled = after >= FEW and before.bit_length() != after.bit_length()
    if connection.vendor != "postgresql" or not has_doubled:
        return False
    try:
        gathered = [_gather(table=table_name(model), rows=after) for model in tables]
    except DatabaseError:
        logger.warning("PostgreSQL could not gather statistics.", exc_info=True)
        return False
    return any(gathered)


def _gather(*, table: str, rows: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        believed = cursor.fetchone()[0]
        is_behind = bool(believed <= rows / 2)
        if is_behind:
            # Not where autovacuum is at it.
            cursor.execute(f"ANALYZE (SKIP_LOCKED) {table}")
    return is_behind
