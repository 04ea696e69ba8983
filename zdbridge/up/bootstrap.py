"""From a bare Python to a running command: makes `.venv`, installs the hashed lock, re-executes in it.

Standard library only until the environment is right. `.venv` carries a stamp: the hashes of the lock files it was
filled from and the Python it belongs to. No stamp, or another one, means it is filled again; a marker that an
installation began and never ended means it is made anew.
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

PRODUCT_LOCK, TEST_LOCK = "requirements.txt", "requirements-dev.txt"
_STAMP, _LOG = "zdbridge-stamp.json", "zdbridge-install.log"
# Beside .venv, not in it: it must outlive `venv --clear`, and it must be there from before the first file.
_MARKER = ".venv-unfinished"
# What these write is for others to read: web servers, and everybody who works on the source.
_MAKE_PUBLIC_FILES = ("collectstatic", "makemigrations", "makemessages", "compilemessages")


class CannotStart(Exception):
    """The environment cannot be made; the message is one line that says what to do."""


def run(*, root: str, arguments: Sequence[str]) -> None:
    """Run the command in `arguments` inside the environment of the checkout `root`, making it first if needed."""
    folder, is_test = Path(root), list(arguments[:1]) == ["test"]
    try:
        _enter_environment(root=folder, lock=TEST_LOCK if is_test else PRODUCT_LOCK)
        _dispatch(root=folder, arguments=arguments)
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
        # The rest of the product can be imported only now, inside the environment.
        from zdbridge.up.supervisor import main as up

        sys.exit(up(arguments=rest))
    _prepare_process(command=command)
    _django(arguments=[command, *rest])


def _prepare_process(*, command: str) -> None:
    """Have what the command writes belong to its account alone, and share what a running `up` runs with."""
    from zdbridge.private import make_files_private
    from zdbridge.up.running import join_here

    if command not in _MAKE_PUBLIC_FILES:
        # Not before: `.venv` may be made by one account and used by another.
        make_files_private()
    if told := join_here():
        _say(told)


def _django(*, arguments: Sequence[str]) -> None:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    if arguments[0] in ("help", "--help", "-h") and len(arguments) == 1:
        print("Two commands of this project's own, before Django's:\n  up    run everything\n  test  run the tests\n")
    try:
        execute_from_command_line(["manage.py", *arguments])
    except ImproperlyConfigured as error:
        raise CannotStart(str(error)) from error


def _enter_environment(*, root: Path, lock: str) -> None:
    """Return when this process runs in an adequate `.venv`; otherwise make it and re-execute (no return)."""
    venv, python = root / ".venv", root / ".venv" / "bin" / "python"
    is_inside = Path(sys.prefix).resolve() == venv.resolve()
    if is_adequate(root=root, lock=lock):
        if not is_inside:
            _reexecute(python=python)
        if _stamp(venv).get("python") == _python_version():
            return
        # The system's Python was exchanged below the environment: its packages are for another version.
        (root / _MARKER).touch()
    if is_inside:
        # pip must not exchange the packages under the process that runs from them.
        _reexecute(python=Path(getattr(sys, "_base_executable", sys.executable)))
    make_environment(root=root, lock=lock)
    _reexecute(python=python)


def is_adequate(*, root: Path, lock: str) -> bool:
    """Tell whether `.venv` holds what `lock` lists (the test lock contains the product's)."""
    venv = root / ".venv"
    if not (venv / "bin" / "python").exists() or (root / _MARKER).exists():
        return False
    return _stamp(venv).get(lock) == _digest(root / lock)


def make_environment(*, root: Path, lock: str) -> None:
    """Create or mend `.venv` and install `lock`; several calls at once wait for each other.

    Raises: CannotStart.
    """
    _check_tools()
    with _only_one(root=root):
        if is_adequate(root=root, lock=lock):
            return
        venv = root / ".venv"
        is_whole = not (root / _MARKER).exists() and _is_usable(venv)
        (root / _MARKER).touch()
        if not is_whole:
            _say(f"making {venv} with Python {_python_version()} …")
            _check_call([sys.executable, "-m", "venv", "--clear", str(venv)], what="making .venv failed")
        _install(root=root, lock=lock)
        _write_stamp(root=root, lock=lock)
        (root / _MARKER).unlink()


def _install(*, root: Path, lock: str) -> None:
    venv, path = root / ".venv", root / lock
    _say(f"installing {lock} into .venv (once; a minute or two) …")
    command = [str(venv / "bin" / "python"), "-m", "pip", "install", "--require-hashes", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "-r", str(path)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    (venv / _LOG).write_text(done.stdout, encoding="utf-8")
    if done.returncode != 0:
        raise CannotStart(f"{pip_trouble(output=done.stdout, lock=lock)} (pip's words: {venv / _LOG})")


def pip_trouble(*, output: str, lock: str) -> str:
    """Return one line that says what pip's `output` means and what to do."""
    for signs, meaning in _TROUBLES:
        if any(sign in output for sign in signs):
            return meaning.format(lock=lock, python=_python_version())
    errors = [line.strip() for line in output.splitlines() if line.strip().upper().startswith("ERROR")]
    return f"installing {lock} failed: {(errors or ['pip gave no reason'])[-1][:200]}"


# First match wins, so the particular stands before the general: an unreachable index also says "no matching".
_TROUBLES = (
    (
        ("DO NOT MATCH THE HASHES", "Hashes are required", "requirements to have their versions pinned"),
        "what the package index offers does not match {lock}: restore it from git; if unchanged, distrust the index",
    ),
    (("No space left on device",), "the disk is full: make room (about 400 MB) and run the command again"),
    (("Permission denied",), "no right to write into .venv: run as the owner of this folder"),
    (
        ("require a different python version",),
        "what {lock} asks for is not made for Python {python}: use Python 3.11 to 3.13",
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
            # Nothing at all under a name: without retries pip says no more than this when nobody answered.
            "(from versions: none)",
        ),
        "the package index cannot be reached: check the network or name a mirror with PIP_INDEX_URL, then try again",
    ),
    (
        ("Failed building wheel", "Failed to build", "subprocess-exited-with-error", "Microsoft Visual C++"),
        "a package has no ready-made file for Python {python} here: use Python 3.11 to 3.13, or install a compiler",
    ),
    (
        ("No matching distribution found", "Could not find a version"),
        "the package index does not have what {lock} asks for: check PIP_INDEX_URL, or use Python 3.11 to 3.13",
    ),
    (("No module named pip",), ".venv is damaged: delete the folder and run the command again"),
)


def _check_tools() -> None:
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotStart(
            f"this Python has no {missing[0]}; on Debian and Ubuntu: sudo apt-get install python3-venv "
            f"(or python{_python_version()}-venv), then run the command again"
        )


def _is_usable(venv: Path) -> bool:
    if not (venv / "bin" / "python").exists():
        return False
    probe = [str(venv / "bin" / "python"), "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2])"]
    done = subprocess.run(probe, capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False)
    return done.returncode == 0 and (venv / "lib" / f"python{done.stdout.strip()}").is_dir()


def _check_call(command: Sequence[str], *, what: str) -> None:
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False)
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise CannotStart(f"{what}: {(lines or ['no reason given'])[-1][:200]}")


@contextmanager
def _only_one(*, root: Path) -> Iterator[None]:
    try:
        file = (root / ".venv.lock").open("w")
    except OSError as error:
        raise CannotStart(
            f"cannot write into {root} ({error.strerror}): run as its owner, or clone it elsewhere"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another start is making .venv; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        except OSError as error:
            raise CannotStart(f"making .venv failed ({error.strerror}: {error.filename})") from error


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
    stamp = {"python": version, **{name: _digest(root / name) for name in names}}
    aside = venv / f".{_STAMP}.{os.getpid()}"
    aside.write_text(json.dumps(stamp), encoding="ascii")
    aside.replace(venv / _STAMP)


def _stamp(venv: Path) -> dict[str, str]:
    try:
        content = json.loads((venv / _STAMP).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise CannotStart(f"{path} cannot be read ({error.strerror}): restore it from git") from None


def _python_version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _reexecute(*, python: Path) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(python, [str(python), *sys.argv])


def _say(text: str) -> None:
    print(f"zdbridge: {text}", file=sys.stderr, flush=True)
