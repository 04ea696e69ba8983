"""Reports that this process works, for as long as it does.

The file is for the supervisor, which must not depend on the database; the row is for `/readyz` and the pages. Each has
a thread of its own, so that a mute database delays the row only.
"""

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from django.db import Error as StoreError
from django.db import connection
from django.utils import timezone

# Set by `up` for each child that it watches.
FILE_VARIABLE = "ZDBRIDGE_PULSE_FILE"
REPORT_EVERY_S = 5.0

logger = logging.getLogger(__name__)


class Pulse:
    """Reports every few seconds while `is_well()`; `role` is the name of the row."""

    def __init__(self, *, role: str, is_well: Callable[[], bool]) -> None:
        self._role, self._is_well = role, is_well
        self._stop = threading.Event()
        self._was_stored = True

    def start(self) -> None:
        """Start the threads of this process."""
        for work in (self._keep_touching, self._keep_storing):
            threading.Thread(target=work, name=f"pulse of {self._role}", daemon=True).start()

    def stop(self) -> None:
        """Let the threads end."""
        self._stop.set()

    def touch(self) -> None:
        """Renew the time of the file, if there is one and all is well."""
        path = os.environ.get(FILE_VARIABLE, "")
        if path and self._is_well():
            # A full disk still takes a new time of an existing file.
            with suppress(OSError):
                os.utime(Path(path))

    def store(self) -> None:
        """Write the row if all is well; the first failure in a row is logged."""
        # Importing models needs the settings, which the command line of Celery loads later.
        from linking.monitoring import heartbeats

        if not self._is_well():
            return
        try:
            heartbeats.note(names=(self._role,), now=timezone.now())
            self._was_stored = True
        except StoreError as error:
            if self._was_stored:
                logger.warning("The heartbeat of %s cannot be stored (%s).", self._role, type(error).__name__)
            self._was_stored = False
        finally:
            # A child that is forked meanwhile must not inherit an open connection.
            connection.close()

    def _keep_touching(self) -> None:
        while True:
            self.touch()
            if self._stop.wait(REPORT_EVERY_S):
                return

    def _keep_storing(self) -> None:
        while True:
            self.store()
            if self._stop.wait(REPORT_EVERY_S):
                return
