"""Whether this process can still store something: in the data folder, and in the database.

Tokens are issued from memory while nothing can be stored, so only a trial tells. Free space is no measure: quotas,
reserved blocks and read-only mounts look like room.
"""

import errno
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from linking.models import Heartbeat
from linking.monitoring.flaws import Flaw

# A disk with less room than this cannot take what a minute of work writes.
ROOM_BYTES = 1_048_576
_WRITTEN = b"zdbridge" * 64
# The row that web processes write; no role of its own.
ROW = "web"
_FULL = (errno.ENOSPC, errno.EDQUOT)


def find_folder_flaws(folder: Path) -> Iterator[Flaw]:
    """Yield a flaw where `folder` has no room for another megabyte, or cannot be written at all."""
    try:
        _try_folder(folder)
    except OSError as error:
        if error.errno in _FULL:
            sentence = _("The disk of the data folder is full. Free some space; tokens are issued meanwhile.")
        else:
            sentence = _("The data folder cannot be written (%(error)s).") % {"error": os.strerror(error.errno or 0)}
        yield Flaw(part="disk", detail=sentence)


def find_database_flaws(*, now: datetime) -> Iterator[Flaw]:
    """Yield a flaw where the database answers and stores nothing.

    Raises: django.db.DatabaseError where it is unreachable.
    """
    try:
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=ROW, beat_at=now)], update_conflicts=True, unique_fields=["name"], update_fields=["beat_at"]
        )
    except DatabaseError as error:
        kind = _classify(error)
        if kind is None:
            raise
        yield Flaw(part="database", detail=kind)


def _try_folder(folder: Path) -> None:
    """Reserve `ROOM_BYTES`, write a little, wait until it is on the disk, and take it away. Raises: OSError."""
    descriptor, name = tempfile.mkstemp(prefix=".probe-", dir=folder)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, ROOM_BYTES)
        os.write(descriptor, _WRITTEN)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        Path(name).unlink(missing_ok=True)


def _classify(error: DatabaseError) -> str | None:
    """Return a sentence where the database refuses writes for want of room or right, None for any other error.

    Source: https://www.postgresql.org/docs/current/errcodes-appendix.html and https://sqlite.org/rescode.html (read
    2026-11).
    """
    cause = error.__cause__
    if connection.vendor == "postgresql":
        state = str(getattr(cause, "sqlstate", "") or "")
        is_full, is_read_only = state.startswith("53100"), state == "25006"
    else:
        name = str(getattr(cause, "sqlite_errorname", "") or "")
        is_full = name.startswith(("SQLITE_FULL", "SQLITE_IOERR"))
        is_read_only = name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN"))
    if is_full:
        return _("The database cannot store anything: its disk is full.")
    if is_read_only:
        return _("The database cannot store anything: it is read-only.")
    return None
