"""README and docs say what is in the tree: libraries, paths, links."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.storeless
ROOT = Path(__file__).resolve().parents[1]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def read_requirements(name: str) -> list[str]:
    lines = [line.split("#")[0].strip() for line in read(name).splitlines()]
    return [re.split(r"[~<>=!;]", line)[0] for line in lines if line and not line.startswith("-")]


class TestLibraries:
    @pytest.mark.parametrize(
        ("heading", "name"), [("The product", "requirements.in"), ("Tests and gates", "requirements-dev.in")]
    )
    def test_have_a_row_for_each_line_and_no_other(self, heading, name):
        section = read("docs/libraries.md").split(f"## {heading}\n")[1].split("\n## ")[0]
        assert re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE) == read_requirements(name)


class TestChangelog:
    def test_says_each_change_in_one_short_line(self):
        lines = read("CHANGELOG.md").splitlines()[3:]
        assert [line for line in lines if len(line) > 120 or (line and not line.startswith(("- ", "#")))] == []

    def test_begins_with_what_is_unreleased(self):
        versions = re.findall(r"^## (.+)$", read("CHANGELOG.md"), re.MULTILINE)
        assert versions[0] == "Unreleased"
        assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", version) for version in versions[1:])
