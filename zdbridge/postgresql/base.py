"""The backend in `DATABASES`: Django's own, with a faster reader of times and a check for read-only servers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Error as DriverError
from psycopg.abc import Buffer
from psycopg.types.datetime import TimestamptzLoader

# Values of target_session_attrs that ask for a server that accepts writes.
_WRITABLE = ("read-write", "primary")


class DatabaseWrapper(base.DatabaseWrapper):
    """Opens connections whose times `QuickTimes` reads."""

    def get_new_connection(self, conn_params: Mapping[str, Any]) -> Any:
        """Return a new connection of the driver."""
        connection = super().get_new_connection(conn_params)
        connection.adapters.register_loader("timestamptz", QuickTimes)
        return connection

    def is_usable(self) -> bool:
        """Return whether the connection can be used again; Django asks before each request and each task.

        When the address asks for a server that accepts writes, a server that has become a standby is not usable.
        """
        if self.settings_dict["OPTIONS"].get("target_session_attrs") not in _WRITABLE:
            return super().is_usable()
        if self.connection is None:
            return False
        try:
            row = self.connection.execute("SHOW transaction_read_only").fetchone()
        except DriverError:
            return False
        return row == ("off",)


class QuickTimes(TimestamptzLoader):
    """Reads a time from PostgreSQL in a tenth of the time of the driver's own loader, with the same result.

    That one parses each text with a regular expression, which took a seventh of the time of storing an export page.
    """

    # Django's loader has this attribute, and Django uses another loader for connections in another zone.
    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        """Return an aware time. Raises: psycopg.DataError for one that Python cannot represent (`infinity`)."""
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            return super().load(data)
