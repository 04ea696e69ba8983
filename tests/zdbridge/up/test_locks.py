import os
import subprocess
import sys
from pathlib import Path

import pytest

from zdbridge.up import locks
from zdbridge.up.locks import AlreadyRunning, hold

ROOT = Path(__file__).resolve().parents[3]


class TestHold:
    def test_refuses_a_second_holder_at_once_and_names_the_first(self, tmp_path: Path) -> None:
        refused = pytest.raises(AlreadyRunning, match=f"web is already running .*process {os.getpid()}")
        with hold(data_dir=tmp_path, names=("web",)), refused, hold(data_dir=tmp_path, names=("web",)):
            pass

    def test_keeps_roles_apart(self, tmp_path: Path) -> None:
        with hold(data_dir=tmp_path, names=("web",)), hold(data_dir=tmp_path, names=("worker",)) as held:
            assert len(held) == 1

    def test_lets_the_next_one_in_afterwards(self, tmp_path: Path) -> None:
        for _ in range(2):
            with hold(data_dir=tmp_path, names=("web", "worker", "beat")) as held:
                assert len(held) == 3

    def test_is_free_after_its_holder_was_killed(self, tmp_path: Path) -> None:
        code = "import os, sys; from pathlib import Path; from zdbridge.up.locks import hold\n"
        code += "with hold(data_dir=Path(sys.argv[1]), names=('web',)): os.kill(os.getpid(), 9)"
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT)
        with hold(data_dir=tmp_path, names=("web",)) as held:
            assert (done.returncode, len(held)) == (-9, 1)

    def test_gives_up_when_a_dead_holder_left_the_lock_with_others(self, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setattr(locks, "PATIENCE_S", 0.2)
        monkeypatch.setattr(locks, "_is_alive", lambda _pid: False)
        refused = pytest.raises(AlreadyRunning)
        with hold(data_dir=tmp_path, names=("web",)), refused, hold(data_dir=tmp_path, names=("web",)):
            pass
