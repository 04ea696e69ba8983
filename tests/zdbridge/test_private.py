import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zdbridge.private import find_open_mode, make_private_database, public_files, tighten

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def wide_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("wide_umask")
class TestDatabase:
    def test_is_private_with_the_files_beside_it(self, tmp_path: Path) -> None:
        make_private_database(tmp_path / "z.sqlite3")
        with sqlite3.connect(tmp_path / "z.sqlite3") as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE t (x)")
            connection.commit()
            found = {path.name: mode_of(path) for path in tmp_path.iterdir()}
        assert found == dict.fromkeys(("z.sqlite3", "z.sqlite3-wal", "z.sqlite3-shm"), 0o600)

    def test_that_was_open_is_taken_from_others_and_keeps_what_it_holds(self, tmp_path: Path) -> None:
        (tmp_path / "z.sqlite3").write_bytes(b"rows")
        (tmp_path / "z.sqlite3-wal").write_bytes(b"more")
        make_private_database(tmp_path / "z.sqlite3")
        assert {mode_of(path) for path in tmp_path.iterdir()} == {0o600}
        assert (tmp_path / "z.sqlite3").read_bytes() == b"rows"


@pytest.mark.usefixtures("wide_umask")
class TestTighten:
    def test_takes_what_is_ours_from_others(self, tmp_path: Path) -> None:
        (tmp_path / "queue" / "ready").mkdir(parents=True)
        for name in ("secret_key", "zdbridge.sqlite3-wal", "up-web.lock", "queue/ready/message"):
            (tmp_path / name).touch()
        assert tighten(tmp_path) == 6
        assert tighten(tmp_path) == 0
        assert mode_of(tmp_path / "queue" / "ready" / "message") == 0o600
        assert mode_of(tmp_path / "queue") == 0o700

    def test_leaves_everything_else(self, tmp_path: Path) -> None:
        (tmp_path / "static").mkdir()
        for name in ("static/base.css", "notes.txt"):
            (tmp_path / name).touch()
        (tmp_path / "elsewhere").touch()
        (tmp_path / "secret_key").symlink_to(tmp_path / "elsewhere")
        assert tighten(tmp_path) == 0
        assert mode_of(tmp_path / "elsewhere") == 0o666


class TestFindOpenMode:
    @pytest.mark.parametrize("mode", [0o755, 0o750, 0o711, 0o701])
    def test_returns_the_mode_of_a_folder_that_others_may_enter(self, tmp_path: Path, mode: int) -> None:
        tmp_path.chmod(mode)
        assert find_open_mode(tmp_path) == mode

    def test_returns_0_for_a_private_folder(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o700)
        assert find_open_mode(tmp_path) == 0

    def test_returns_0_without_a_folder(self, tmp_path: Path) -> None:
        assert find_open_mode(tmp_path / "nothing") == 0


class TestUmask:
    def test_lets_others_read_static_files_alone(self, tmp_path: Path) -> None:
        code = (
            "import pathlib; from zdbridge.private import *; make_files_private(); pathlib.Path('a').touch()\n"
            "with public_files(): pathlib.Path('b').touch()\n"
            "pathlib.Path('c').touch()"
        )
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, umask=0, check=True)
        assert [mode_of(tmp_path / name) for name in "abc"] == [0o600, 0o644, 0o600]

    def test_is_put_back_after_an_error(self) -> None:
        before = os.umask(0o027)
        try:
            with pytest.raises(KeyError), public_files():
                raise KeyError
            assert os.umask(before) == 0o027
        finally:
            os.umask(before)
