"""What the sync's benchmarks share: an application on a database of its own that is thrown away, and a clock."""

import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def set_up(*, database_url: str = "") -> None:
    """Load Django on `database_url`, or on a SQLite file in a scratch folder."""
    folder = tempfile.mkdtemp(prefix="zdbridge-bench-")
    os.environ |= {
        "DATABASE_URL": database_url or f"sqlite:///{folder}/bench.sqlite3",
        "ZDBRIDGE_DATA_DIR": folder,
        "ZDBRIDGE_ALLOW_LOOPBACK": "1",
        "DJANGO_SETTINGS_MODULE": "zdbridge.settings",
    }
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()


@contextmanager
def scratch_database() -> Iterator[None]:
    """Make `test_…` beside the database named, migrated, and drop it in the end."""
    from django.conf import settings
    from django.test.runner import DiscoverRunner

    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        # A file, as in production; Django's own choice for tests is memory.
        name = str(Path(os.environ["ZDBRIDGE_DATA_DIR"]) / "test.sqlite3")
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = name
    runner = DiscoverRunner(verbosity=0, interactive=False)
    made = runner.setup_databases()
    try:
        yield
    finally:
        runner.teardown_databases(made)


def resident_mb() -> float:
    """Return the most memory this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class StillTime:
    """A clock that only moves when somebody waits, so that hours take seconds."""

    def __init__(self) -> None:
        self.now = datetime.now(tz=UTC)

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.now += timedelta(seconds=seconds)
