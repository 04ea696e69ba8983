"""The pages on the verification standard and on findings: each row once, and each test that they name exists."""

import ast
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.storeless
ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/asvs.md").read_text()
FINDINGS = (ROOT / "docs/findings.md").read_text()
FORBIDDEN = {"eval", "exec", "os.system", "os.popen", "pickle.loads", "pickle.load", "marshal.loads", "yaml.load"}
# How many rows of levels 1 and 2 each section of ASVS 5.0.0 has. They come first, so the number is enough.
# Source: https://github.com/OWASP/ASVS, 5.0/docs_en, the CSV of version 5.0.0, read 2026-11-30. Chapter 17 is WebRTC.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4,
    "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip


def list_rows() -> list[str]:
    first_cells = re.findall(r"^\| ([\d., ]+) \|", PAGE, re.MULTILINE)
    return [row for cell in first_cells for row in cell.split(", ")]


class TestPage:
    def test_has_each_row_once(self) -> None:
        wanted = [f"{section}.{number + 1}" for section, count in SECTIONS.items() for number in range(count)]
        assert sorted(list_rows()) == sorted([*wanted, "17"])

    @pytest.mark.parametrize("named", sorted(set(re.findall(r"`tests/([\w/]+\.py::\w+)`", PAGE + FINDINGS))))
    def test_names_tests_that_exist(self, named: str) -> None:
        path, _, name = named.partition("::")
        assert re.search(rf"^class {name}\b", (ROOT / "tests" / path).read_text(), re.MULTILINE)

    def test_shows_each_row_that_holds(self) -> None:
        shown = PAGE.partition("## Partly")[0]
        assert [line for line in shown.splitlines() if re.match(r"\| \d", line) and ".py::" not in line] == []


class TestFindings:
    def test_are_each_there_with_a_test(self) -> None:
        rows = re.findall(r"^\| (F\d+) \|.*`tests/[\w/]+\.py::\w+` \|$", FINDINGS, re.MULTILINE)
        assert rows == [f"F{number}" for number in range(1, 29)]


class TestSource:
    """What the product never calls, whatever else changes."""

    @pytest.mark.parametrize("folder", ["linking", "zdbridge"])
    def test_evaluates_no_text_and_starts_no_shell(self, folder: str) -> None:
        found = [f"{path}:{call.lineno}" for path in (ROOT / folder).rglob("*.py") for call in list_calls(path)]
        assert found == []

    def test_is_searched_for_each_of_them(self, tmp_path: Path) -> None:
        planted = tmp_path / "planted.py"
        planted.write_text(
            "eval('1')\nexec('1')\nos.system('x')\npickle.loads(b'')\nrun('x', shell=True)\nloads('1')\n"
        )
        assert [call.lineno for call in list_calls(planted)] == [1, 2, 3, 4, 5]


def list_calls(path: Path) -> list[ast.Call]:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) in FORBIDDEN or any(map(is_shell, call.keywords))]


def is_shell(keyword: ast.keyword) -> bool:
    return keyword.arg == "shell" and ast.unparse(keyword.value) == "True"
