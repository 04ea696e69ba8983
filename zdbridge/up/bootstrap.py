"""Makes `.venv`, installs the hashed lock into it, re-executes in it and runs the command.

It uses the standard library only until the environment is right. `.venv` contains a stamp: the hashes of the lock files
it was installed from, and its Python. With another stamp or none, the lock is installed again. A marker file of an
installation that never ended means that `.venv` is created anew.

With `--no-install` before the command it never runs pip. Then any Python that has the packages of the lock will do.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from zdbridge import VERSION
from zdbridge.up.installed import find_gaps

NO_INSTALL = "--no-install"
PRODUCT_LOCK, TEST_LOCK = "requirements.txt", "requirements-dev.txt"
_STAMP, _LOG = "zdbridge-stamp.json", "zdbridge-install.log"
# Next to .venv, because it must survive `venv --clear` and exist before the first file in .venv.
_MARKER = ".venv-unfinished"
# How many packages a message names.
_SHOWN = 5
# Web servers and developers read what these commands write.
_MAKE_PUBLIC_FILES = ("collectstatic", "makemigrations", "makemessages", "compilemessages")


class CannotStart(Exception):
    """The environment cannot be made; the message says in one line what to do."""


def run(*, root: str, arguments: Sequence[str]) -> None:
    """Run the command in `arguments` in the environment of the checkout `root`, which is made first if needed."""
    folder, is_installing = Path(root), list(arguments[:1]) != [NO_INSTALL]
    command = list(arguments) if is_installing else list(arguments[1:])
    if command == ["--version"]:
        print(f"zdbridge {VERSION}")
        return
    lock = TEST_LOCK if command[:1] == ["test"] else PRODUCT_LOCK
    try:
        if is_installing:
            _enter_environment(root=folder, lock=lock)
        else:
            _accept_environment(root=folder, lock=lock, command=command)
        _dispatch(root=folder, arguments=command)
    except CannotStart as error:
        sys.exit(f"zdbridge: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _dispatch(*, root: Path, arguments: Sequence[str]) -> None:
    command, rest = (arguments[0] if arguments else "help"), list(arguments[1:])
    if command == "test":
        os.chdir(root)
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *rest])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zdbridge.settings")
    if command == "up":
        _make_importable(root)
        # The rest of the product can be imported only in the environment.
        from zdbridge.up.supervisor import main as up

        sys.exit(up(arguments=rest))
    _prepare_process(command=command)
    _run_django(arguments=[command, *rest])


def _make_importable(root: Path) -> None:
    """Let the processes that `up` starts import the product, whatever the current folder is."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(root) not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(root), *filter(None, paths)])


def _prepare_process(*, command: str) -> None:
    """Keep files that the command writes private, and adopt the environment of a running `up`."""
    from zdbridge.private import make_files_private
    from zdbridge.up.shared_environment import adopt_here

    if command not in _MAKE_PUBLIC_FILES:
        # Not earlier: one account may make `.venv` and another one use it.
        make_files_private()
    if notice := adopt_here():
        _print(notice)


def _run_django(*, arguments: Sequence[str]) -> None:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    if arguments[0] in ("help", "--help", "-h") and len(arguments) == 1:
        print("zdbridge has two commands besides Django's:\n  up    run everything\n  test  run the tests\n")
    try:
        execute_from_command_line(["manage.py", *arguments])
    except ImproperlyConfigured as error:
        raise CannotStart(str(error)) from error


def _enter_environment(*, root: Path, lock: str) -> None:
    """Return when this process runs in an adequate `.venv`; otherwise make it and re-execute."""
    venv, python = root / ".venv", root / ".venv" / "bin" / "python"
    is_inside = Path(sys.prefix).resolve() == venv.resolve()
    if is_adequate(root=root, lock=lock):
        if not is_inside:
            _reexecute(python=python)
        if _read_stamp(venv).get("python") == _format_version():
            return
        # The system's Python was replaced by another version, and the packages do not fit it.
        (root / _MARKER).touch()
    if is_inside:
        # pip must not replace the packages of the process that runs it.
        _reexecute(python=Path(getattr(sys, "_base_executable", sys.executable)))
    make_environment(root=root, lock=lock)
    _reexecute(python=python)


def _accept_environment(*, root: Path, lock: str, command: Sequence[str]) -> None:
    """Return when this Python has the packages in `lock`; otherwise re-execute in `.venv`, which is left as it is.

    Another version of a package is reported and accepted, because a changed lock must not stop what runs.

    Raises: CannotStart.
    """
    try:
        gaps = find_gaps(root / lock)
    except OSError as error:
        raise CannotStart(f"{root / lock} cannot be read ({error.strerror}). Restore it from git.") from None
    venv = root / ".venv"
    if gaps.missing:
        if Path(sys.prefix).resolve() != venv.resolve() and (venv / "bin" / "python").exists():
            # Not sys.argv, because with `-m zdbridge` its first word is a file inside the package.
            _reexecute(python=venv / "bin" / "python", arguments=[str(root / "manage.py"), NO_INSTALL, *command])
        raise CannotStart(
            f"{sys.executable} lacks {_shorten(gaps.missing)}. Install {lock} into it "
            f"(pip install --require-hashes -r {lock}), or run the command without {NO_INSTALL}."
        )
    if gaps.different:
        _print(f"This environment differs from {lock}: {_shorten(gaps.different, separator='; ')}.")


def _shorten(words: Sequence[str], *, separator: str = ", ") -> str:
    shown = separator.join(words[:_SHOWN])
    return f"{shown} and {len(words) - _SHOWN} more" if len(words) > _SHOWN else shown


def is_adequate(*, root: Path, lock: str) -> bool:
    """Return whether `.venv` contains the packages in `lock`; the test lock includes the product's."""
    venv = root / ".venv"
    if not (venv / "bin" / "python").exists() or (root / _MARKER).exists():
        return False
    return _read_stamp(venv).get(lock) == _hash_file(root / lock)


def make_environment(*, root: Path, lock: str) -> None:
    """Create or repair `.venv` and install `lock`; concurrent calls wait for each other.

    Raises: CannotStart.
    """
    _check_tools()
    with _lock_out_others(root=root):
        if is_adequate(root=root, lock=lock):
            return
        venv = root / ".venv"
        is_usable = not (root / _MARKER).exists() and _is_usable(venv)
        (root / _MARKER).touch()
        if not is_usable:
            _print(f"Creating {venv} with Python {_format_version()} …")
            _check_call([sys.executable, "-m", "venv", "--clear", str(venv)], failure="Creating .venv failed")
        _install(root=root, lock=lock)
        _write_stamp(root=root, lock=lock)
        (root / _MARKER).unlink()


def _install(*, root: Path, lock: str) -> None:
    venv, path = root / ".venv", root / lock
    _print(f"Installing {lock} into .venv. This happens once and takes a minute or two …")
    command = [str(venv / "bin" / "python"), "-m", "pip", "install", "--require-hashes", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "-r", str(path)]
    process = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    (venv / _LOG).write_text(process.stdout, encoding="utf-8")
    if process.returncode != 0:
        raise CannotStart(f"{explain_pip_error(output=process.stdout, lock=lock)} See {venv / _LOG}.")


def explain_pip_error(*, output: str, lock: str) -> str:
    """Return one line about what pip's `output` means and what to do."""
    for signs, explanation in _PIP_ERRORS:
        if any(sign in output for sign in signs):
            return explanation.format(lock=lock, python=_format_version())
    errors = [line.strip() for line in output.splitlines() if line.strip().upper().startswith("ERROR")]
    return f"Installing {lock} failed: {(errors or ['pip gave no reason.'])[-1][:200]}"


# The first match counts, so the specific precedes the general: an unreachable index also says "no matching".
_PIP_ERRORS = (
    (
        ("DO NOT MATCH THE HASHES", "Hashes are required", "requirements to have their versions pinned"),
        "The package index does not match {lock}. Restore the file from git. If it is unchanged, distrust the index.",
    ),
    (("No space left on device",), "The disk is full. Free about 400 MB and run the command again."),
    (("Permission denied",), ".venv is not writable. Run the command as the owner of this folder."),
    (
        ("require a different python version",),
        "The packages in {lock} do not support Python {python}. Use Python 3.11 to 3.13.",
    ),
    (
        (
            "NewConnectionError",
            "Temporary failure in name resolution",
            "Failed to establish a new connection",
            "ConnectTimeoutError",
            "Connection refused",
            "Read timed out",
            "ReadTimeoutError",
            "ProxyError",
            "Max retries exceeded",
            "SSLError",
            "CERTIFICATE_VERIFY_FAILED",
            # Without retries, pip says only this when the index does not respond.
            "(from versions: none)",
        ),
        "The package index cannot be reached. Check the network, or name a mirror in PIP_INDEX_URL, then try again.",
    ),
    (
        ("Failed building wheel", "Failed to build", "subprocess-exited-with-error", "Microsoft Visual C++"),
        "A package has no ready-made file for Python {python} here. Use Python 3.11 to 3.13, or install a compiler.",
    ),
    (
        ("No matching distribution found", "Could not find a version"),
        "The package index lacks a package of {lock}. Check PIP_INDEX_URL, or use Python 3.11 to 3.13.",
    ),
    (("No module named pip",), ".venv is damaged. Delete the folder and run the command again."),
)


def _check_tools() -> None:
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotStart(
            f"This Python has no {missing[0]}. On Debian and Ubuntu, run: sudo apt-get install python3-venv "
            f"(or python{_format_version()}-venv), then run the command again."
        )


def _is_usable(venv: Path) -> bool:
    if not (venv / "bin" / "python").exists():
        return False
    probe = [str(venv / "bin" / "python"), "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2])"]
    process = subprocess.run(probe, capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False)
    return process.returncode == 0 and (venv / "lib" / f"python{process.stdout.strip()}").is_dir()


def _check_call(command: Sequence[str], *, failure: str) -> None:
    process = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False)
    if process.returncode != 0:
        lines = [line for line in (process.stderr + process.stdout).splitlines() if line.strip()]
        raise CannotStart(f"{failure}: {(lines or ['no reason given.'])[-1][:200]}")


@contextmanager
def _lock_out_others(*, root: Path) -> Iterator[None]:
    try:
        file = (root / ".venv.lock").open("w")
    except OSError as error:
        raise CannotStart(
            f"{root} is not writable ({error.strerror}). Run the command as its owner, or clone it elsewhere."
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _print("Another command is making .venv. Waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        except OSError as error:
            raise CannotStart(f"Making .venv failed ({error.strerror}: {error.filename}).") from error


def _write_stamp(*, root: Path, lock: str) -> None:
    venv = root / ".venv"
    python = venv / "bin" / "python"
    version = subprocess.run(
        [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        check=True,
    ).stdout.strip()
    names = (PRODUCT_LOCK, TEST_LOCK) if lock == TEST_LOCK else (PRODUCT_LOCK,)
    stamp = {"python": version, **{name: _hash_file(root / name) for name in names}}
    temporary = venv / f".{_STAMP}.{os.getpid()}"
    temporary.write_text(json.dumps(stamp), encoding="ascii")
    temporary.replace(venv / _STAMP)


def _read_stamp(venv: Path) -> dict[str, str]:
    try:
        content = json.loads((venv / _STAMP).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _hash_file(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise CannotStart(f"{path} cannot be read ({error.strerror}). Restore it from git.") from None


def _format_version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _reexecute(*, python: Path, arguments: Sequence[str] = ()) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(python, [str(python), *(arguments or sys.argv)])


def _print(text: str) -> None:
    print(f"zdbridge: {text}", file=sys.stderr, flush=True)
