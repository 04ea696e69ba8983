"""`--no-install` and `python -m zdbridge`: pip never runs, and any Python with the packages will do."""

import base64
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import django
import pytest

from tests.zdbridge.waiting import wait_until
from zdbridge.up import bootstrap
from zdbridge.up.bootstrap import PRODUCT_LOCK, TEST_LOCK, make_environment

pytestmark = pytest.mark.storeless
ROOT = Path(__file__).resolve().parents[3]
HERE = metadata.version("packaging")
NOBODY = 65534


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The start of the product with an `up` that prints its arguments."""
    (tmp_path / "zdbridge" / "up").mkdir(parents=True)
    for name in ("__init__.py", "__main__.py", "up/__init__.py", "up/bootstrap.py", "up/installed.py"):
        shutil.copy(ROOT / "zdbridge" / name, tmp_path / "zdbridge" / name)
    (tmp_path / "zdbridge" / "up" / "supervisor.py").write_text(
        "import sys\ndef main(*, arguments): print(sys.prefix, arguments); return 7\n"
    )
    shutil.copy(ROOT / "manage.py", tmp_path)
    for name in (PRODUCT_LOCK, TEST_LOCK):
        (tmp_path / name).write_text(f"packaging=={HERE} \\\n    --hash=sha256:00\n")
    return tmp_path


def run(checkout: Path, *command: str, python: str = sys.executable) -> subprocess.CompletedProcess:
    return subprocess.run([python, *command], cwd=checkout, capture_output=True, text=True)


class TestNoInstall:
    @pytest.mark.parametrize("words", [("manage.py", "--no-install"), ("-m", "zdbridge")], ids=["manage.py", "module"])
    def test_runs_in_the_python_that_was_asked(self, checkout: Path, words: tuple[str, ...]) -> None:
        done = run(checkout, *words, "up", "--web", "2")
        assert (done.returncode, done.stdout, done.stderr) == (7, f"{sys.prefix} ['--web', '2']\n", "")
        assert not (checkout / ".venv").exists()

    def test_goes_on_under_a_changed_lock_and_says_what_differs(self, checkout: Path) -> None:
        """An upgrade of the code must not exchange packages below the roles that still run."""
        (checkout / PRODUCT_LOCK).write_text("packaging==0.1 \\\n    --hash=sha256:00\n")
        done = run(checkout, "manage.py", "--no-install", "up")
        assert (done.returncode, done.stderr.count("\n")) == (7, 1)
        assert f"differs from requirements.txt: packaging {HERE}, not 0.1." in done.stderr
        assert not (checkout / ".venv").exists()

    def test_refuses_in_one_line_where_a_package_is_missing(self, checkout: Path) -> None:
        lines = [f"no-such-{number}==1 \\\n    --hash=sha256:00\n" for number in range(7)]
        (checkout / PRODUCT_LOCK).write_text("".join(lines))
        done = run(checkout, "-m", "zdbridge", "up")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "lacks no-such-0, no-such-1, no-such-2, no-such-3, no-such-4 and 2 more." in done.stderr
        assert not (checkout / ".venv").exists()

    @pytest.mark.parametrize("words", [("manage.py", "--no-install"), ("-m", "zdbridge")], ids=["manage.py", "module"])
    def test_uses_the_environment_beside_it_where_this_one_lacks_packages(self, checkout, words) -> None:
        bare = checkout / "bare"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
        shutil.copytree(bare, checkout / ".venv", symlinks=True)
        (checkout / ".venv" / "pyvenv.cfg").write_text((bare / "pyvenv.cfg").read_text())
        room = next((checkout / ".venv" / "lib").glob("python*")) / "site-packages" / f"packaging-{HERE}.dist-info"
        room.mkdir(parents=True)
        (room / "METADATA").write_text(f"Metadata-Version: 2.1\nName: packaging\nVersion: {HERE}\n")
        done = run(checkout, *words, "up", python=str(bare / "bin" / "python"))
        assert (done.returncode, done.stdout) == (7, f"{checkout / '.venv'} []\n"), done.stderr

    def test_tells_that_the_lock_is_missing(self, checkout: Path) -> None:
        (checkout / PRODUCT_LOCK).unlink()
        done = run(checkout, "-m", "zdbridge", "up")
        assert (done.returncode, "Restore it from git" in done.stderr) == (1, True)


class TestMakeImportable:
    @pytest.mark.parametrize(
        ("before", "after"), [("", "/srv/zdb"), ("/a", "/srv/zdb:/a"), ("/a:/srv/zdb", "/a:/srv/zdb")]
    )
    def test_puts_the_tree_first_once(self, monkeypatch, before: str, after: str) -> None:
        monkeypatch.setenv("PYTHONPATH", before)
        bootstrap._make_importable(Path("/srv/zdb"))
        assert os.environ["PYTHONPATH"] == after


@pytest.fixture
def tree() -> Iterator[Path]:
    """A copy of the product that nobody may write, and a data folder beside it, outside pytest's own private folder."""
    folder = Path(tempfile.mkdtemp(prefix="zdbridge-tree-"))
    folder.chmod(0o755)
    for name in ("linking", "locale", "sandbox", "static", "templates", "zdbridge"):
        shutil.copytree(ROOT / name, folder / "tree" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manage.py", PRODUCT_LOCK):
        shutil.copy(ROOT / name, folder / "tree")
    (folder / "data").mkdir(mode=0o700)
    for path in (folder / "tree").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    (folder / "tree").chmod(0o555)
    yield folder
    for path in (folder / "tree", *(folder / "tree").rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


def find_other_account(folder: Path) -> tuple[str, dict[str, object]]:
    """Return a Python, and arguments that make a child of it another account; this Python and none where none can be.

    The Python of the tests may lie in a folder that others may not enter. Then the system's own runs its packages.
    """
    if os.geteuid() == 0:
        other = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        for python in (sys.executable, "/usr/bin/python3"):
            probe = [python, "-c", "import django, granian, psycopg, sys; print(sys.version_info[:3])"]
            environment = {"PYTHONPATH": str(Path(django.__file__).parents[1])}
            with suppress(OSError):
                done = subprocess.run(probe, capture_output=True, text=True, cwd="/", env=environment, **other)
                if done.stdout.strip() == str(sys.version_info[:3]):
                    os.chown(folder / "data", NOBODY, NOBODY)
                    return python, other
    return sys.executable, {}


@pytest.mark.slow
class TestReadOnlyTree:
    def test_serves_for_another_account_from_an_environment_elsewhere(self, tree: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{tree / 'tree'}:{Path(django.__file__).parents[1]}",
            "ZDBRIDGE_DATA_DIR": str(tree / "data"),
            "ZDBRIDGE_PORT": str(port),
            "ZDBRIDGE_SANDBOX": "0",
        }
        python, account = find_other_account(tree)
        process = subprocess.Popen(
            [python, "-m", "zdbridge", "up"], cwd="/", env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **account,
        )  # fmt: skip
        with process:
            assert wait_until(lambda: _answers(port) or process.poll() is not None, limit_s=90)
            is_serving = _answers(port)
            process.send_signal(signal.SIGTERM)
            output = process.communicate()[0].decode()
        assert is_serving, output
        assert process.returncode == 0
        if account:
            assert {path.owner() for path in (tree / "data").glob("*")} == {"nobody"}
            assert list((tree / "tree").rglob("__pycache__")) == []


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.mark.slow
class TestWheels:
    def test_fill_the_environment_without_an_index(self, checkout: Path, monkeypatch) -> None:
        """As docs/running.md says for a machine without a network."""
        digest = write_wheel(checkout / "wheels")
        (checkout / PRODUCT_LOCK).write_text(f"little==1.0 \\\n    --hash=sha256:{digest}\n")
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(checkout / "wheels"))
        make_environment(root=checkout, lock=PRODUCT_LOCK)
        done = run(checkout, "-c", "import little; print(little.WORD)", python=str(checkout / ".venv/bin/python"))
        assert done.stdout == "here\n"


def write_wheel(folder: Path) -> str:
    """Write the wheel of a package `little` and return its SHA-256 in hexadecimal digits."""
    folder.mkdir()
    path = folder / "little-1.0-py3-none-any.whl"
    files = {
        "little.py": "WORD = 'here'\n",
        "little-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: little\nVersion: 1.0\n",
        "little-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},sha256={_encode_digest(text)},{len(text)}\n" for name, text in files.items())
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**files, "little-1.0.dist-info/RECORD": record}.items():
            wheel.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _encode_digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
