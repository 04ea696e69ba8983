"""Keeps files written at run time readable by the product's account only: they contain players' data and keys.

Standard library only, so that the supervisor can use it.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PRIVATE_UMASK, _PUBLIC_UMASK = 0o077, 0o022
# What the product writes into the data folder, except static files, which are public.
_PRIVATE_PATTERNS = (
    "zdbridge.sqlite3*", "secret_key", "seal_keys", "demo_sign_ins.json", "beat-schedule*", "up-*", "running-*",
    "static.stamp", "queue", "queue/**/*",
)  # fmt: skip


def make_files_private() -> None:
    """Give no other account access to the files that this process and its children create from now on."""
    os.umask(_PRIVATE_UMASK)


@contextmanager
def public_files() -> Iterator[None]:
    """Create files that every account may read while the body runs, for a web server to serve."""
    before = os.umask(_PUBLIC_UMASK)
    try:
        yield
    finally:
        os.umask(before)


def make_private_database(path: Path) -> None:
    """Create the SQLite file at `path`, or make it private; SQLite gives its mode to the files it puts beside it.

    Raises: OSError when the file cannot be created.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    for file in (path, *(path.with_name(f"{path.name}-{end}") for end in ("wal", "shm", "journal"))):
        _remove_access(file)


def tighten(data_dir: Path) -> int:
    """Make files in `data_dir` private that an older version or another umask left open; return how many."""
    paths = {path for pattern in _PRIVATE_PATTERNS for path in data_dir.glob(pattern)}
    return sum(_remove_access(path) for path in paths)


def find_open_mode(folder: Path) -> int:
    """Return the mode of `folder` when other accounts may enter or read it, otherwise 0; 0 without a folder."""
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError:
        return 0  # the product will create it private
    return mode if mode & OTHERS else 0


def _remove_access(path: Path) -> bool:
    try:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if not mode & OTHERS or path.is_symlink():
            return False
        path.chmod(mode & ~OTHERS)
    except OSError:
        # The file is gone, or another account's. A system check judges the folder around it.
        return False
    return True
