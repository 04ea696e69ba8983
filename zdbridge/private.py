"""Keeps what is written at run time to the account that runs it: it holds what players wrote, and keys.

Standard library only, so that the supervisor can use it.
"""

import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PRIVATE_UMASK, _PUBLIC_UMASK = 0o077, 0o022
# What we write into the data folder, but for the static files, which hold nothing of anybody's.
_OURS = (
    "zdbridge.sqlite3*", "secret_key", "seal_keys", "demo_sign_ins.json", "beat-schedule*", "up-*", "running-*",
    "static.stamp", "queue", "queue/**/*",
)  # fmt: skip


def make_files_private() -> None:
    """Have every file that this process and its children make from now on belong to their account alone."""
    os.umask(_PRIVATE_UMASK)


@contextmanager
def public_files() -> Iterator[None]:
    """Make files that others may read while the body runs: those that a web server may hand out."""
    before = os.umask(_PUBLIC_UMASK)
    try:
        yield
    finally:
        os.umask(before)


def make_private_database(path: Path) -> None:
    """Make the SQLite file at `path`, or take it from others; the files SQLite puts beside it follow its mode.

    Raises: OSError when it cannot be made.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    for one in (path, *(path.with_name(f"{path.name}-{end}") for end in ("wal", "shm", "journal"))):
        _take_from_others(one)


def tighten(data_dir: Path) -> int:
    """Take what an older version or another umask left open in `data_dir` from others; return how many files."""
    found = {path for pattern in _OURS for path in data_dir.glob(pattern)}
    return sum(_take_from_others(path) for path in found)


def find_folder_flaw(data_dir: Path) -> str:
    """Return that others may enter or read `data_dir`, with the command that mends it; "" when they may not."""
    try:
        mode = stat.S_IMODE(data_dir.stat().st_mode)
    except OSError:
        return ""  # there is none yet, and we shall make it private
    if not mode & OTHERS:
        return ""
    remedy = f"chmod 700 {shlex.quote(str(data_dir))}"
    return f"Others on this machine may enter or read the data folder (mode {mode:o}). Type: {remedy}"


def _take_from_others(path: Path) -> bool:
    try:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if not mode & OTHERS or path.is_symlink():
            return False
        path.chmod(mode & ~OTHERS)
    except OSError:
        # Gone meanwhile, or another account's. The folder around it is what counts, and that is told.
        return False
    return True
