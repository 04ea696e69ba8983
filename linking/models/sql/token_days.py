"""The SQL that adds tokens to the days of players, for SQLite and for PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from linking.models.sql import bulk


def build_statement(*, days: str, players: str, fields: Sequence[Any]) -> str:
    """Return the statement that takes one text of `bulk.build_texts`.

    Args:
        days: the table of days, quoted; `players`: that of players.
        fields: what a row gives: the player's integration and user ID, the day, how many tokens, the time of the last.
    """
    integration_id, user_id, *values = bulk.list_placeholders(fields)
    return (
        f"INSERT INTO {days} AS kept (login_user_id, day, tokens, last_at) "  # noqa: S608  names of models
        f"SELECT player.id, {', '.join(values)} FROM {bulk.name_source(fields)} JOIN {players} player "
        f"ON player.integration_id = {integration_id} AND player.user_id = {user_id} WHERE true "
        "ON CONFLICT (login_user_id, day) DO UPDATE SET tokens = kept.tokens + excluded.tokens, last_at = "
        "CASE WHEN kept.last_at > excluded.last_at THEN kept.last_at ELSE excluded.last_at END"
    )
