import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zdbridge.env import SECRET_VARIABLES, VARIABLES
from zdbridge.up.shared_environment import adopt, find_running, publish

ROOT = Path(__file__).resolve().parents[3]
HUSH = "postgresql://zdb:hush-hush@db.example/zdb"
# As `up` does it: what it was started with, and what it adds for its children.
CODE = """
import os, sys, pathlib
from zdbridge.up.shared_environment import publish
with publish(data_dir=pathlib.Path(sys.argv[1]), environment={**os.environ, "ZDBRIDGE_ALLOW_LOOPBACK": "1"}):
    print("ready", flush=True)
    sys.stdin.read()
"""


class FakeUp:
    """A process that publishes its environment as `up` does."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE, str(folder)],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "ZDBRIDGE_DATA_DIR": str(folder), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def end(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[FakeUp]:
    made = FakeUp(
        tmp_path, DATABASE_URL=HUSH, ZDBRIDGE_PORT="8123", PGPASSFILE="/run/pgpass", ACME_SECRET="told to none"
    )
    yield made
    made.end(signal.SIGKILL)


class TestPublish:
    def test_writes_no_secret_and_for_nobody_else(self, tmp_path, up):
        (path,) = tmp_path.glob("running-*.json")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not [word for word in ("hush", "told to none") if word in path.read_text()]

    def test_is_over_when_it_ends(self, tmp_path):
        with publish(data_dir=tmp_path, environment={}):
            assert find_running(data_dir=tmp_path).pid == os.getpid()
        assert list(tmp_path.iterdir()) == []

    def test_clears_what_a_killed_one_left(self, tmp_path, up):
        up.end(signal.SIGKILL)
        with publish(data_dir=tmp_path, environment={}):
            assert len(list(tmp_path.iterdir())) == 1

    def test_leaves_another_living_one_alone(self, tmp_path, up):
        with publish(data_dir=tmp_path, environment={}):
            assert len(list(tmp_path.iterdir())) == 2

    def test_knows_every_variable_that_holds_a_secret(self):
        telling = ("URL", "KEY", "SECRET", "PASSWORD", "DSN")
        named = {name for name in VARIABLES if any(word in name for word in telling)}
        told = {"XSOLLA_LOGIN_API_URL", "ZDBRIDGE_DEMO_SHOP_URL", "ZDBRIDGE_ROTATE_SECRETS_DAYS"}
        assert named - told == set(SECRET_VARIABLES)


class TestAdopt:
    def test_takes_what_is_unset_here(self, tmp_path, up):
        taken = adopt(data_dir=tmp_path, environment={"PATH": "/bin"}).values
        assert taken == {
            "DATABASE_URL": HUSH,
            "PGPASSFILE": "/run/pgpass",
            "ZDBRIDGE_ALLOW_LOOPBACK": "1",
            "ZDBRIDGE_PORT": "8123",
        }

    def test_keeps_what_is_set_here_and_names_it(self, tmp_path, up):
        adopted = adopt(data_dir=tmp_path, environment={"DATABASE_URL": "sqlite:///x", "ZDBRIDGE_HOST": "::1"})
        assert set(adopted.values) == {"ZDBRIDGE_ALLOW_LOOPBACK", "ZDBRIDGE_PORT"}
        assert adopted.describe() == (
            f"`up` is running (process {up.process.pid}). This command uses its "
            "ZDBRIDGE_ALLOW_LOOPBACK, ZDBRIDGE_PORT. These differ here: DATABASE_URL, ZDBRIDGE_HOST."
        )

    def test_takes_a_file_of_the_same_content_for_the_same(self, tmp_path, up):
        (tmp_path / "url").write_text(HUSH + "\n")
        adopted = adopt(data_dir=tmp_path, environment={"DATABASE_URL_FILE": str(tmp_path / "url")})
        assert (adopted.differing_names, "DATABASE_URL" in adopted.values) == ((), False)

    def test_has_nothing_to_say_where_all_is_the_same(self, tmp_path, up):
        same = {"DATABASE_URL": HUSH, "ZDBRIDGE_PORT": "8123", "ZDBRIDGE_ALLOW_LOOPBACK": "1"}
        assert adopt(data_dir=tmp_path, environment=same).describe() == ""

    def test_never_shows_a_value(self, tmp_path, up):
        adopted = adopt(data_dir=tmp_path, environment={})
        assert "hush" not in repr(adopted) + adopted.describe()

    def test_heeds_nobody_who_was_killed(self, tmp_path, up):
        up.end(signal.SIGKILL)
        assert list(tmp_path.glob("running-*.json"))
        assert adopt(data_dir=tmp_path, environment={}) is None

    def test_names_what_the_system_does_not_show(self, tmp_path):
        """In another container the same process number is somebody else."""
        with publish(data_dir=tmp_path, environment={"DATABASE_URL": HUSH, "ZDBRIDGE_PORT": "8123"}):
            (path,) = tmp_path.iterdir()
            written = json.loads(path.read_text())
            path.write_text(json.dumps(written | {"started": "1"}))
            adopted = adopt(data_dir=tmp_path, environment={})
        assert (adopted.values, adopted.differing_names) == ({"ZDBRIDGE_PORT": "8123"}, ("DATABASE_URL",))

    def test_is_not_misled_by_a_file_that_is_none(self, tmp_path):
        with publish(data_dir=tmp_path, environment={}):
            (path,) = tmp_path.iterdir()
            path.write_text("{")
            assert adopt(data_dir=tmp_path, environment={}) is None

    def test_is_alone_where_nothing_runs(self, tmp_path):
        assert adopt(data_dir=tmp_path / "nothing", environment={}) is None
