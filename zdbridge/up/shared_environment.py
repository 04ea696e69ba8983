"""Shares the environment of a running `up` with `manage.py` commands, which would otherwise use another installation.

Each `up` writes `running-<pid>.json` (mode 0600) into the data folder and holds a lock on it while it lives. The kernel
releases the lock however `up` ends, so a file without a lock belongs to a dead one and is ignored. Values that may be
secret are written as keyed digests; a command reads them from the process itself, which Linux allows the same account
and root. Standard library only.
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
# The data folder is the same for both, or the command would not find the file.
SHARED = tuple(name for name in VARIABLES if name != "ZDBRIDGE_DATA_DIR")


@dataclass(frozen=True)
class RunningUp:
    """A living `up`: its process, and its environment as far as it is known.

    `values` are the variables set there, as NAME or NAME_FILE. `digests` has the value of each NAME hashed with `salt`,
    "" when unset. `environment` is its whole environment, None where the system does not show it.
    """

    pid: int
    # Not in `repr`, because they contain secrets.
    values: Mapping[str, str] = field(repr=False)
    digests: Mapping[str, str] = field(repr=False)
    salt: str = field(repr=False)
    environment: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class AdoptedEnvironment:
    """What a command takes from the running `up`: `values`, and the names of variables that differ from it."""

    running: RunningUp
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    differing_names: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the first line of the command's output, with names only; "" when there is nothing to report."""
        sentences = []
        if self.values:
            sentences.append(f"This command uses its {', '.join(sorted(self.values))}.")
        if self.differing_names:
            sentences.append(f"These differ here: {', '.join(self.differing_names)}.")
        return " ".join([f"`up` is running (process {self.running.pid}).", *sentences]) if sentences else ""


class _Current:
    adopted: AdoptedEnvironment | None = None


def find_adopted() -> AdoptedEnvironment | None:
    """Return what `adopt_here` found in this process; None before the call, and when no `up` runs."""
    return _Current.adopted


def adopt_here() -> str:
    """Set variables that are unset in this process to the values of the `up` that runs on its data folder.

    Returns the line to print, "" for none.
    """
    try:
        data_dir = find_data_dir(Environment(source=os.environ))
        _Current.adopted = adopt(data_dir=data_dir, environment=os.environ)
    except BadSetting:
        return ""  # the settings report it
    if _Current.adopted is None:
        return ""
    os.environ.update(_Current.adopted.values)
    return _Current.adopted.describe()


@contextmanager
def publish(*, data_dir: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Let commands read the environment of this `up` while the body runs."""
    _delete_dead(data_dir)
    path = data_dir / f"running-{os.getpid()}.json"
    temporary = path.with_name(f".{path.name}")
    with os.fdopen(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        # Locked and complete before it gets its name, so that no command takes it for a dead one's.
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        json.dump(_build_content(environment), file)
        file.flush()
        temporary.replace(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def adopt(*, data_dir: Path, environment: Mapping[str, str]) -> AdoptedEnvironment | None:
    """Return what a command on `data_dir` with `environment` takes from the running `up`; None when none runs.

    The command keeps what its environment sets and takes what it lacks.
    """
    running = find_running(data_dir=data_dir)
    if running is None:
        return None
    # A variable set here in either form is meant to be used.
    unset_names = [name for name in SHARED if not environment.get(name) and not environment.get(f"{name}_FILE")]
    values = {
        form: running.values[form]
        for name in unset_names
        for form in (name, f"{name}_FILE")
        if running.values.get(form)
    }
    if "DATABASE_URL" in values:
        # libpq's own variables belong to the address: they can contain a password or a service.
        values |= {name: value for name, value in (running.environment or {}).items() if _is_libpq(name, environment)}
    env = Environment(source={**environment, **values})
    return AdoptedEnvironment(
        running=running, values=values, differing_names=tuple(_find_differing(running=running, env=env))
    )


def find_running(*, data_dir: Path) -> RunningUp | None:
    """Return the `up` that lives on `data_dir`, any one of several roles; None when none does."""
    for path in sorted(data_dir.glob(_PATTERN)):
        with suppress(OSError, ValueError, KeyError, TypeError), path.open(encoding="utf-8") as file:
            if _is_locked(file):
                return _parse_content(json.load(file))
    return None


def _is_libpq(name: str, environment: Mapping[str, str]) -> bool:
    return name.startswith("PG") and name.isupper() and not environment.get(name)


def _build_content(environment: Mapping[str, str]) -> dict[str, Any]:
    salt, env = secrets.token_hex(16), Environment(source=environment)
    names = [form for name in SHARED for form in (name, f"{name}_FILE") if environment.get(form)]
    return {
        "pid": os.getpid(),
        "started": _read_start_time(os.getpid()),
        "set": names,
        "values": {name: environment[name] for name in names if name not in SECRET_VARIABLES},
        "salt": salt,
        "digests": {name: _compute_digest(salt=salt, env=env, name=name) for name in SHARED},
    }


def _parse_content(content: Mapping[str, Any]) -> RunningUp:
    pid, started = int(content["pid"]), content["started"]
    # In another container the same number is another process.
    environment = _read_environment(pid) if started and _read_start_time(pid) == started else None
    values = {**content["values"]}
    for name in content["set"]:
        if name not in values and environment and environment.get(name):
            values[name] = environment[name]
    return RunningUp(pid=pid, values=values, digests=content["digests"], salt=content["salt"], environment=environment)


def _find_differing(*, running: RunningUp, env: Environment) -> Iterator[str]:
    for name in SHARED:
        if name in running.digests and _compute_digest(salt=running.salt, env=env, name=name) != running.digests[name]:
            yield name


def _compute_digest(*, salt: str, env: Environment, name: str) -> str:
    try:
        value = env.read_text(name)
    except BadSetting:
        return "?"  # the settings report it
    return hmac.digest(salt.encode(), value.encode(), hashlib.sha256).hex() if value else ""


def _read_environment(pid: int) -> dict[str, str] | None:
    try:
        content = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return None
    pairs = (entry.decode("utf-8", "surrogateescape").partition("=") for entry in content.split(b"\0") if entry)
    return {name: value for name, _sign, value in pairs}


def _read_start_time(pid: int) -> str:
    """Return when a process started, in the kernel's ticks; "" when it is unknown."""
    try:
        # The twentieth word after the program's name, which can contain anything.
        return (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _delete_dead(data_dir: Path) -> None:
    for path in data_dir.glob(_PATTERN):
        with suppress(OSError), path.open(encoding="utf-8") as file:
            if not _is_locked(file):
                path.unlink()
