"""What CI rests on: the README's command, the browser rule, the lock check."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.storeless
ROOT = Path(__file__).resolve().parents[1]
complaints = runpy.run_path(str(ROOT / ".ci" / "check_lock.py"))["complaints"]
SKIPPING = """
import pytest
pytest_plugins = ["tests.ci_guard"]
@pytest.mark.browser
@pytest.mark.skip(reason="no chromium")
def test_page():
    raise AssertionError
"""


def run_skipping(folder: Path, *, ci: str) -> subprocess.CompletedProcess:
    (folder / "conftest.py").write_text('pytest_plugins = ["tests.ci_guard"]\n')
    (folder / "test_page.py").write_text(SKIPPING.replace('pytest_plugins = ["tests.ci_guard"]\n', ""))
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = browser: x\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:django", "-p", "no:cacheprovider", str(folder)]
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)


def write_locks(folder: Path, **changed: str) -> Path:
    locked = "requests==2.34.1 \\\n    --hash=sha256:00\n"
    files = {
        "requirements.in": "requests~=2.34\n",
        "requirements.txt": locked,
        "requirements-dev.in": "-r requirements.in\npytest\n",
        "requirements-dev.txt": f"{locked}pytest==9.2.0 \\\n    --hash=sha256:11\n",
    }
    for name, content in (files | {key.replace("_", "."): value for key, value in changed.items()}).items():
        (folder / name).write_text(content)
    return folder


class TestReadme:
    def test_has_the_two_commands_in_fences(self) -> None:
        fenced = "\n".join(
            re.findall(r"^```\w*\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
        )
        assert re.search(r"^python3 manage\.py up", fenced, re.MULTILINE)
        assert re.search(r"^python3 manage\.py test", fenced, re.MULTILINE)


class TestBrowserRule:
    def test_fails_a_skipped_browser_test_in_ci(self, tmp_path: Path) -> None:
        done = run_skipping(tmp_path, ci="true")
        assert done.returncode == 1
        assert "must not be skipped in CI" in done.stdout

    def test_lets_it_be_skipped_elsewhere(self, tmp_path: Path) -> None:
        done = run_skipping(tmp_path, ci="")
        assert (done.returncode, "1 skipped" in done.stdout) == (0, True)


class TestLock:
    def test_of_the_project_is_right(self) -> None:
        assert complaints(root=ROOT) == []

    def test_lets_a_right_one_pass(self, tmp_path: Path) -> None:
        assert complaints(root=write_locks(tmp_path)) == []

    @pytest.mark.parametrize(
        ("changed", "complaint"),
        [
            ({"requirements_in": "requests~=2.34\ncelery\n"}, "does not lock celery"),
            ({"requirements_in": "requests~=3.0\n"}, "asks for ~=3.0"),
            ({"requirements_txt": "requests==2.34.1\n"}, "has no hash"),
            ({"requirements_txt": "requests==2.34.2 \\\n    --hash=sha256:00\n"}, "locks requests differently"),
        ],
    )
    def test_names_what_is_wrong(self, tmp_path: Path, changed: dict[str, str], complaint: str) -> None:
        assert any(complaint in line for line in complaints(root=write_locks(tmp_path, **changed)))
