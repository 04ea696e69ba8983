"""`up` as people run it: real processes on free ports with a data folder of their own."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.zdbridge.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
START = "import sys; from zdbridge.up.supervisor import main; sys.exit(main(arguments=sys.argv[1:]))"
# Two deaths instead of five, and a scheduler that dies at once, beside real other children.
DYING_CHILD = """
import sys
from zdbridge.up import child_specs, supervisor
supervisor.MAX_EARLY_EXITS = 2
child_specs._build_beat_command = lambda plan: (sys.executable, "-c", "print('no luck'); raise SystemExit(3)")
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.storeless,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Up:
    """One `up`; its processes are recognised by their data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.output, self.process = folder, [], None
        self.start_code = START
        self.port, self.sandbox_port = free_port(), free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZDBRIDGE_", "XSOLLA_"))}
        # Always embedded: the stores of the test run belong to the tests.
        self.environment = {name: value for name, value in kept.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        self.environment |= {
            "ZDBRIDGE_DATA_DIR": str(folder),
            "ZDBRIDGE_PORT": str(self.port),
            "ZDBRIDGE_SANDBOX_PORT": str(self.sandbox_port),
            "DJANGO_SETTINGS_MODULE": "zdbridge.settings",
        }

    def start(self, *arguments: str) -> "Up":
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.start_code, *arguments],
            cwd=ROOT,
            env=self.environment,
            # As wide as any machine's: what is made must be private all the same.
            umask=0o000,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-c", START, *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60)

    def has_said(self, words: str) -> bool:
        return any(words in line for line in self.output)

    def is_ready(self) -> bool:
        return wait_until(
            lambda: self.has_said("Press Ctrl-C to stop") or self.process.poll() is not None, limit_s=90
        ) and (self.process.poll() is None)

    def processes(self, word: str = "") -> list[int]:
        """Return the ids of everything that runs with this data folder and has `word` in its command."""
        mark, found = f"ZDBRIDGE_DATA_DIR={self.folder}\0".encode(), []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = mark in (path / "environ").read_bytes() + b"\0"
                command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if is_ours and command and word in command and not ("keeper.py" in command and word):
                found.append(int(path.name))
        return found

    def close(self) -> None:
        for pid in self.processes():
            # Killing one ends others; they may be gone before their turn.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.output.append(line.rstrip("\n"))


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    made = Up(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One `up` for all tests that do not end it."""
    made = Up(tmp_path_factory.mktemp("up") / "data").start()
    assert made.is_ready(), "\n".join(made.output)
    yield made
    made.close()


class TestRefusal:
    def test_of_nonsense_comes_before_anything_is_made(self, up: Up) -> None:
        up.environment["ZDBRIDGE_PORT"] = "eighty"
        done = up.run()
        assert (done.returncode, done.stderr.count("\n"), up.folder.exists()) == (1, 1, False)
        assert "ZDBRIDGE_PORT must be a whole number" in done.stderr

    @pytest.mark.parametrize("name", ["ZDBRIDGE_PORT", "ZDBRIDGE_SANDBOX_PORT"])
    def test_of_a_taken_port_names_it_and_the_variable(self, up: Up, name: str) -> None:
        with socket.create_server(("127.0.0.1", int(up.environment[name]))):
            done = up.run()
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert f"Port {up.environment[name]} on 127.0.0.1 is in use" in done.stderr
        assert name in done.stderr

    def test_of_one_port_for_two(self, up: Up) -> None:
        up.environment["ZDBRIDGE_SANDBOX_PORT"] = up.environment["ZDBRIDGE_PORT"]
        assert "are both" in up.run().stderr

    def test_of_a_data_folder_that_cannot_be_made(self, up: Up, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        up.environment["ZDBRIDGE_DATA_DIR"] = str(tmp_path / "file" / "data")
        done = up.run()
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)

    def test_of_a_key_that_is_none(self, up: Up) -> None:
        up.environment["ZDBRIDGE_SEAL_KEYS"] = "short"
        done = up.run()
        assert done.returncode == 1
        assert "cannot start: ZDBRIDGE_SEAL_KEYS must" in done.stdout

    @pytest.mark.parametrize("arguments", [(), ("--only", "worker")])
    def test_of_a_key_that_can_be_guessed_says_how_to_make_a_good_one(
        self, up: Up, tmp_path: Path, arguments: tuple[str, ...]
    ) -> None:
        (tmp_path / "key").write_text("x\n")
        up.environment["ZDBRIDGE_SECRET_KEY_FILE"] = str(tmp_path / "key")
        done = up.run(*arguments)
        assert done.returncode == 1
        assert "cannot start: ZDBRIDGE_SECRET_KEY has fewer than 32 characters" in done.stdout
        assert "secrets.token_urlsafe(64)" in done.stdout

    def test_of_a_data_folder_that_others_may_read_beside_a_public_host(self, up: Up) -> None:
        up.folder.mkdir(mode=0o755)
        up.environment |= {"ZDBRIDGE_ALLOWED_HOSTS": "bridge.example.com", "ZDBRIDGE_SANDBOX": "0"}
        done = up.run()
        assert done.returncode == 1
        assert "cannot start: Other accounts on this machine can enter or read the data folder" in done.stdout
        assert f"Run: chmod 700 {up.folder}" in done.stdout


class TestRunning:
    def test_makes_no_file_that_others_may_read(self, running: Up) -> None:
        files = [path for path in running.folder.rglob("*") if path.is_file() and "static" not in path.parts]
        assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}
        assert {"zdbridge.sqlite3", "zdbridge.sqlite3-wal", "up-web.lock"} <= {path.name for path in files}

    def test_makes_static_files_that_a_web_server_may_read(self, running: Up) -> None:
        modes = {oct(path.stat().st_mode & 0o777) for path in (running.folder / "static").rglob("*")}
        assert modes == {"0o644", "0o755"}

    def test_greets_with_addresses_and_demo_people(self, running: Up) -> None:
        text = "\n".join(running.output)
        assert f"http://127.0.0.1:{running.port}/" in text
        assert f"http://127.0.0.1:{running.sandbox_port}/shop/" in text
        assert all(f"    {name:<8}" in text for name in ("agent", "lead", "admin"))

    def test_keeps_the_demo_passwords_to_its_owner(self, running: Up) -> None:
        kept = running.folder / "demo_sign_ins.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert all(one["password"] in "\n".join(running.output) for one in json.loads(kept.read_text()).values())

    def test_leaves_no_result_file_behind(self, running: Up) -> None:
        assert list(running.folder.glob(".prepared*")) == []

    def test_refuses_a_second_one_on_the_same_folder(self, running: Up) -> None:
        done = running.run("--no-demo")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert f"(process {running.process.pid})" in done.stderr

    def test_shares_what_it_runs_with_with_a_command_beside_it(self, running: Up) -> None:
        """The demo's vendors are on this machine, which only `up` knows; the command is given the data folder alone."""
        environment = {"PATH": os.environ["PATH"], "ZDBRIDGE_DATA_DIR": str(running.folder)}
        command = [sys.executable, "manage.py", "integration", "check", "demo"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        assert (done.returncode, "FAIL" in done.stdout) == (0, False), done.stdout + done.stderr
        assert done.stderr.splitlines()[0].startswith(
            f"zdbridge: `up` is running (process {running.process.pid}). This command uses its "
        )
        assert "XSOLLA_LOGIN_API_URL" in done.stderr
        assert "XSOLLA_LOGIN_API_URL" not in done.stdout

    @pytest.mark.parametrize(
        "word", ["--queues celery", "--queues ask", "zdbridge.serving.web", " beat ", "-m sandbox"]
    )
    def test_starts_a_killed_child_again(self, running: Up, word: str) -> None:
        old = running.processes(word)
        os.kill(min(old), signal.SIGKILL)
        assert wait_until(
            lambda: len(running.processes(word)) == len(old) and not set(old) & set(running.processes(word))
        )


class TestEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_comes_within_ten_seconds_and_leaves_nothing(self, up: Up, number: int) -> None:
        assert up.start("--no-demo").is_ready(), "\n".join(up.output)
        up.process.send_signal(number)
        assert (up.process.wait(timeout=10), up.processes()) == (0, [])

    def test_leaves_nothing_when_up_itself_is_killed(self, up: Up) -> None:
        assert up.start("--no-demo").is_ready(), "\n".join(up.output)
        up.process.kill()
        assert wait_until(lambda: up.processes() == [], limit_s=10), up.processes()

    def test_comes_by_itself_when_a_child_cannot_live(self, up: Up) -> None:
        up.environment["ZDBRIDGE_SANDBOX"] = "0"
        up.start_code = DYING_CHILD + START
        up.start()
        assert (up.process.wait(timeout=60), up.processes()) == (1, [])
        assert wait_until(lambda: up.has_said("    no luck"))
        assert up.has_said("beat ended 2 times in a row. Its last lines:")


class TestFirstAdministrator:
    LINK = "First sign-in as administrator (the link works once):  http://127.0.0.1"

    def change(self, up: Up, sentence: str) -> None:
        with contextlib.closing(sqlite3.connect(up.folder / "zdbridge.sqlite3")) as database, database:
            database.execute(sentence)

    def start_again(self, up: Up) -> Up:
        up.process.send_signal(signal.SIGTERM)
        up.process.wait(timeout=10)
        up.output.clear()
        return up.start("--no-demo")

    def test_gets_a_link_on_a_new_installation(self, running: Up) -> None:
        assert running.has_said(self.LINK)

    def test_that_was_switched_off_keeps_nothing_from_starting(self, up: Up) -> None:
        assert up.start("--no-demo").is_ready(), "\n".join(up.output)
        self.change(up, "UPDATE auth_user SET is_active = 0 WHERE username = 'administrator'")
        assert self.start_again(up).is_ready(), "\n".join(up.output)
        assert up.has_said("create_admin_link --username NAME")
        assert not up.has_said(self.LINK)


class TestTroubleOfOneIntegration:
    SETTINGS = {
        "name": "Acme", "login_project_id": "p", "zendesk_subdomain": "acme", "login_secret_key": "env:SECRET_OF_ACME",
        "zendesk_shared_secret": "a-zendesk-shared-secret-for-this-test",
    }  # fmt: skip

    def set_up(self, up: Up) -> None:
        """Make the integration in a shell that has the variable, as README says; `up` then runs without it."""
        for command, text in (("migrate -v 0", ""), ("integration set acme --json -", json.dumps(self.SETTINGS))):
            environment = up.environment | {"SECRET_OF_ACME": "a-login-secret-key-for-this-test-only"}
            subprocess.run(
                [sys.executable, "manage.py", *command.split()], input=text, env=environment, cwd=ROOT, check=True,
                capture_output=True, text=True,
            )  # fmt: skip

    def test_is_told_below_the_greeting(self, up: Up) -> None:
        up.folder.mkdir(mode=0o700)
        self.set_up(up)
        assert up.start("--no-demo").is_ready(), "\n".join(up.output)
        assert up.has_said(
            "    Integration acme: login_secret_key cannot be used. The variable SECRET_OF_ACME is not set or is empty."
        )
        assert not up.has_said("Service Unavailable")


class TestOneRole:
    def test_waits_for_the_migrations_and_says_so(self, up: Up) -> None:
        up.start("--only", "worker")
        assert wait_until(lambda: up.has_said("Migrations are not applied yet"))
        assert up.processes("worker --queues") == []
