"""A migrated SQLite store, kept between test runs: all migrations take longer than most files of tests."""

import hashlib
import os
import shutil
import sqlite3
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What a migrated store depends on: the migrations with all that they import, and the libraries' own.
SOURCES = ("linking/migrations", "linking/models", "linking/core", "linking/fields.py", "linking/apps.py",
           "zdbridge/settings.py", "requirements.txt")  # fmt: skip


def find_store(folder: Path) -> Path:
    """Return where the store of this source is kept in `folder`, there or not."""
    digest = hashlib.sha256(sqlite3.sqlite_version.encode())
    for source in SOURCES:
        for path in sorted([ROOT / source, *(ROOT / source).rglob("*.py"), *(ROOT / source).rglob("*.sql")]):
            if path.is_file():
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return folder / f"{digest.hexdigest()[:32]}.sqlite3"


def copy_store(kept: Path, *, to: Path) -> bool:
    """Copy a kept store to where the tests expect it; return whether there was one."""
    try:
        shutil.copyfile(kept, to)
    except FileNotFoundError:
        return False
    return True


def keep_store(name: str, *, kept: Path) -> None:
    """Keep a copy of the store `name`, which no test has touched yet, in place of older ones."""
    half = kept.with_suffix(f".{os.getpid()}")
    with sqlite3.connect(name) as connection:
        connection.execute("VACUUM INTO ?", [str(half)])
    for old in kept.parent.glob("*.sqlite3"):
        old.unlink(missing_ok=True)
    half.replace(kept)
