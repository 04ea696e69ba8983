"""The systemd units: valid, hardened, and they start what the documentation says."""

import re
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

pytestmark = pytest.mark.storeless
ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
# Of 10, which is an ordinary service. The shipped units are at 1.4.
EXPOSURE_MAX = 2.0


class Unit(RawConfigParser):
    """A unit file; a directive that occurs twice keeps all its values, by lines."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=False, delimiters=("=",), comment_prefixes=("#",), interpolation=None)
        self.optionxform = str
        self.read_string(path.read_text())
        self.lines = path.read_text().splitlines()

    def find_all(self, name: str) -> list[str]:
        return [line.partition("=")[2] for line in self.lines if line.startswith(f"{name}=")]


def find_analyze() -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    return program


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The units with paths of this machine, because the analysis looks at what is started."""
    for unit in UNITS:
        text = unit.read_text().replace("/srv/zdbridge/.venv/bin/python", sys.executable)
        text = text.replace("/srv/zdbridge", str(ROOT)).replace("User=zdbridge", "User=daemon")
        (tmp_path / unit.name).write_text(text.replace("Group=zdbridge", "Group=daemon"))
    return tmp_path


@pytest.mark.parametrize("name", [unit.name for unit in UNITS])
class TestUnit:
    def test_is_valid(self, folder: Path, name: str) -> None:
        path = str(folder / name.replace("@", "@8001"))
        shutil.copy(folder / name, path) if "@" in name else None
        done = subprocess.run([find_analyze(), "verify", "--man=no", path], capture_output=True, text=True)
        assert (done.returncode, [line for line in done.stderr.splitlines() if "zdbridge" in line]) == (0, [])

    def test_is_hardened(self, folder: Path, name: str) -> None:
        command = [find_analyze(), "security", "--offline=true", "--no-pager", str(folder / name)]
        done = subprocess.run(command, capture_output=True, text=True)
        found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
        if found is None:
            pytest.skip(f"this systemd does not analyse files: {done.stderr.strip()[:80]}")
        assert float(found[1]) <= EXPOSURE_MAX

    def test_never_installs(self, name: str) -> None:
        (command,) = Unit(ROOT / "deploy" / "systemd" / name).find_all("ExecStart")
        assert command.startswith("/srv/zdbridge/.venv/bin/python -m zdbridge ")

    def test_keeps_a_private_folder_of_its_own(self, name: str) -> None:
        unit = Unit(ROOT / "deploy" / "systemd" / name)
        (state,) = unit.find_all("StateDirectory")
        assert f"ZDBRIDGE_DATA_DIR=/var/lib/{state}" in unit.find_all("Environment")
        assert (unit.find_all("StateDirectoryMode"), unit.find_all("UMask")) == (["0700"], ["0077"])


class TestUnits:
    def test_are_those_of_the_roles_and_one_that_migrates(self) -> None:
        assert [unit.name for unit in UNITS] == [
            "zdbridge-beat.service", "zdbridge-migrate.service", "zdbridge-web@.service", "zdbridge-worker.service",
        ]  # fmt: skip

    def test_use_no_folder_together(self) -> None:
        folders = [Unit(unit).find_all("StateDirectory")[0] for unit in UNITS]
        assert len(set(folders)) == len(folders)
