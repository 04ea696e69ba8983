"""What a running `up` runs with, for `manage.py` commands beside it: they would otherwise look at another installation.

Each `up` writes `running-<pid>.json` (0600) into the data folder and holds a lock on it for as long as it lives; the
kernel lets go of the lock however it ends, so a file that nobody holds is a dead one's and is heeded by nobody.
Values that may be secret are written as keyed digests. A command takes them from the process itself, which Linux shows
to the same account and to root. Standard library only.
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from zdbridge.env import SECRET_VARIABLES, VARIABLES, BadSetting, Environment, find_data_dir

_PROC = Path("/proc")
_PATTERN = "running-*.json"
# What it takes to find the file is the same for both by definition.
SHARED = tuple(name for name in VARIABLES if name != "ZDBRIDGE_DATA_DIR")


@dataclass(frozen=True)
class Running:
    """A living `up`: its process, and its environment as far as it can be known.

    `values` are the variables as they are set there, NAME or NAME_FILE. `digests` has what each NAME comes to, "" for
    unset, hashed with `salt`. `whole` is everything in its environment, None where the system does not show it.
    """

    pid: int
    # Not in `repr`: among them are secrets.
    values: Mapping[str, str] = field(repr=False)
    digests: Mapping[str, str] = field(repr=False)
    salt: str = field(repr=False)
    whole: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Joined:
    """How a command's environment came to stand: `taken` from the running `up`, and `differing` from it."""

    running: Running
    taken: Mapping[str, str] = field(default_factory=dict, repr=False)
    differing: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the line the command begins with, names only; "" where there is nothing to say."""
        parts = [f"taken from it: {', '.join(sorted(self.taken))}"] if self.taken else []
        if self.differing:
            parts.append(f"other here than there: {', '.join(self.differing)}")
        return f"`up` is running (process {self.running.pid}); {'; '.join(parts)}" if parts else ""


class _Last:
    joined: Joined | None = None


def last_joined() -> Joined | None:
    """Return what `join_here` found in this process; None before it, and where no `up` runs."""
    return _Last.joined


def join_here() -> str:
    """Take what is unset in this process's own environment from the `up` that runs on its data folder.

    Returns the line to begin with, "" for none.
    """
    try:
        data_dir = find_data_dir(Environment(source=os.environ))
        _Last.joined = join(data_dir=data_dir, environment=os.environ)
    except BadSetting:
        return ""  # the settings say what is wrong
    if _Last.joined is None:
        return ""
    os.environ.update(_Last.joined.taken)
    return _Last.joined.describe()


@contextmanager
def publish(*, data_dir: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Let commands know while the body runs what its processes run with."""
    _clear_dead(data_dir)
    path = data_dir / f"running-{os.getpid()}.json"
    aside = path.with_name(f".{path.name}")
    with os.fdopen(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        # Held and whole before it has its name, so that nobody takes it for a dead one's.
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        json.dump(_describe(environment), file)
        file.flush()
        aside.replace(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def join(*, data_dir: Path, environment: Mapping[str, str]) -> Joined | None:
    """Return what a command on `data_dir` with `environment` takes from the running `up`; None where none runs.

    What is set here goes, what is not is taken.
    """
    running = find_running(data_dir=data_dir)
    if running is None:
        return None
    # What somebody has set here, in either way, is what they mean.
    unset = [name for name in SHARED if not environment.get(name) and not environment.get(f"{name}_FILE")]
    taken = {
        name: running.values[name] for short in unset for name in (short, f"{short}_FILE") if running.values.get(name)
    }
    if "DATABASE_URL" in taken:
        # libpq's own variables are part of the address: a password or a service may be in them.
        taken |= {name: value for name, value in (running.whole or {}).items() if _is_libpq(name, environment)}
    merged = Environment(source={**environment, **taken})
    return Joined(running=running, taken=taken, differing=tuple(_find_differing(running=running, env=merged)))


def find_running(*, data_dir: Path) -> Running | None:
    """Return the `up` that lives on `data_dir`, of several roles any one; None where none does."""
    for path in sorted(data_dir.glob(_PATTERN)):
        with suppress(OSError, ValueError, KeyError, TypeError), path.open(encoding="utf-8") as file:
            if _is_held(file):
                return _read(json.load(file))
    return None


def _is_libpq(name: str, environment: Mapping[str, str]) -> bool:
    return name.startswith("PG") and name.isupper() and not environment.get(name)


def _describe(environment: Mapping[str, str]) -> dict[str, Any]:
    salt, env = secrets.token_hex(16), Environment(source=environment)
    names = [one for name in SHARED for one in (name, f"{name}_FILE") if environment.get(one)]
    return {
        "pid": os.getpid(),
        "started": _started(os.getpid()),
        "set": names,
        "values": {name: environment[name] for name in names if name not in SECRET_VARIABLES},
        "salt": salt,
        "digests": {name: _digest(salt=salt, env=env, name=name) for name in SHARED},
    }


def _read(written: Mapping[str, Any]) -> Running:
    pid = int(written["pid"])
    # In another container the same number is another process.
    whole = _environment_of(pid) if written["started"] and _started(pid) == written["started"] else None
    values = {**written["values"]}
    for name in written["set"]:
        if name not in values and whole and whole.get(name):
            values[name] = whole[name]
    return Running(pid=pid, values=values, digests=written["digests"], salt=written["salt"], whole=whole)


def _find_differing(*, running: Running, env: Environment) -> Iterator[str]:
    for name in SHARED:
        if name in running.digests and _digest(salt=running.salt, env=env, name=name) != running.digests[name]:
            yield name


def _digest(*, salt: str, env: Environment, name: str) -> str:
    try:
        value = env.read_text(name)
    except BadSetting:
        return "?"  # the settings say what is wrong with it
    return hmac.digest(salt.encode(), value.encode(), hashlib.sha256).hex() if value else ""


def _environment_of(pid: int) -> dict[str, str] | None:
    try:
        raw = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return None
    pairs = (entry.decode("utf-8", "surrogateescape").partition("=") for entry in raw.split(b"\0") if entry)
    return {name: value for name, _sign, value in pairs}


def _started(pid: int) -> str:
    """Return when a process began, in the kernel's ticks; "" where it cannot be known."""
    try:
        # After the name of the program, which may hold anything, this is the twentieth word.
        return (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_held(file: IO[str]) -> bool:
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _clear_dead(data_dir: Path) -> None:
    for path in data_dir.glob(_PATTERN):
        with suppress(OSError), path.open(encoding="utf-8") as file:
            if not _is_held(file):
                path.unlink()
