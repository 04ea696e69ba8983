"""README and docs say what is in the tree: libraries, paths, links."""

import re
from pathlib import Path

import pytest

from zdbridge import VERSION

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

    def test_agrees_with_the_version_that_the_product_tells(self):
        """The newest release while nothing is unreleased; a later one with `-dev` as soon as something is."""
        _, unreleased, *rest = re.split(r"^## (?:Unreleased|(?=\d))", read("CHANGELOG.md"), flags=re.MULTILINE)
        newest = rest[0].split(" ")[0]
        if unreleased.strip():
            assert VERSION.endswith("-dev")
            assert to_numbers(VERSION.removesuffix("-dev")) > to_numbers(newest)
        else:
            assert newest == VERSION


def to_numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PAGES += [ROOT / "sandbox/README.md", ROOT / "locale/README.md"]
# In a decision that no longer holds, paths are those of its time.
SUPERSEDED = {page for page in PAGES if "\n*Superseded by [" in page.read_text(encoding="utf-8")}
FOLDERS = "linking|zdbridge|sandbox|tests|benchmarks|scripts|static|templates|docs"
NAMED = re.compile(rf"(?<![\w/.])(?:(?:{FOLDERS})/[\w./*-]*\w|\w+/[\w/]*\.py)")
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")


def name_anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as hosting platforms make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class TestPaths:
    @pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
    def test_that_a_page_names_exist(self, document):
        paths = [] if document in SUPERSEDED else NAMED.findall(document.read_text(encoding="utf-8"))
        assert [path for path in paths if not any(ROOT.glob(path))] == []

    @pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
    def test_that_a_page_links_to_exist(self, document):
        links = [link.partition("#") for link in LINK.findall(document.read_text(encoding="utf-8"))]
        targets = [(document.parent / path if path else document, anchor) for path, _, anchor in links]
        assert [
            f"{target}#{anchor}"
            for target, anchor in targets
            if not target.exists() or (anchor and anchor not in name_anchors(target))
        ] == []


class TestIndex:
    @pytest.mark.parametrize("folder", ["docs", "docs/decisions"])
    def test_links_to_every_page_of_the_folder(self, folder):
        links = set(LINK.findall(read(f"{folder}/README.md")))
        pages = {page.name for page in (ROOT / folder).glob("*.md")} - {"README.md"}
        assert pages <= {link.partition("#")[0] for link in links}


class TestDevelopmentPage:
    def test_names_a_neighbour_for_each_module_without_tests_of_its_own(self):
        section = read("docs/development.md").split("| modules | tested by |")[1].split("\n\n")[0]
        stated = {path for row in section.splitlines() for path in NAMED.findall(row.partition(" | ")[0])}
        modules = [path for folder in ("linking", "sandbox", "zdbridge") for path in (ROOT / folder).rglob("*.py")]
        names = {path.relative_to(ROOT) for path in modules if not path.stem.startswith("__")}
        bare = {name for name in names if "migrations" not in name.parts and not has_tests(name)}
        assert [str(name) for name in sorted(bare) if not stated & {str(name), *map(str, name.parents)}] == []

    def test_is_right_that_tests_lie_in_the_folder_of_their_code(self):
        folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
        mirrors = [
            folder for folder in folders if folder.parts and folder.parts[0] in ("linking", "sandbox", "zdbridge")
        ]
        assert [str(folder) for folder in mirrors if not (ROOT / folder).is_dir()] == []


def has_tests(module: Path) -> bool:
    folder = ROOT / "tests" / module.parent
    return bool([*folder.glob(f"test_{module.stem}.py"), *folder.glob(f"test_{module.stem}_*.py")])
