from importlib import metadata
from pathlib import Path

import pytest

from zdbridge.up import installed
from zdbridge.up.installed import Pin, find_gaps, read_lock

pytestmark = pytest.mark.storeless
ROOT = Path(__file__).resolve().parents[3]
HERE = metadata.version("packaging")


def write_lock(folder: Path, *lines: str) -> Path:
    path = folder / "requirements.txt"
    path.write_text("# made by a tool\n" + "".join(f"{line} \\\n    --hash=sha256:00\n    # via x\n" for line in lines))
    return path


class TestReadLock:
    def test_reads_names_versions_and_markers(self, tmp_path: Path) -> None:
        lock = write_lock(tmp_path, "django-allauth[mfa]==65.1", "tzdata==2026.6 ; sys_platform == 'win32'")
        assert read_lock(lock) == (
            Pin(name="django-allauth", version="65.1"),
            Pin(name="tzdata", version="2026.6", marker="sys_platform == 'win32'"),
        )

    def test_reads_every_package_of_the_product(self) -> None:
        text = (ROOT / "requirements.txt").read_text()
        names = [line.partition("==")[0].partition("[")[0] for line in text.splitlines() if line[:1].isalnum()]
        assert [pin.name for pin in read_lock(ROOT / "requirements.txt")] == names


class TestFindGaps:
    def test_finds_none_where_everything_is_there(self, tmp_path: Path) -> None:
        gaps = find_gaps(write_lock(tmp_path, f"Packaging=={HERE}", "not-for-us==1 ; sys_platform == 'win32'"))
        assert (gaps.missing, gaps.different) == ((), ())

    def test_names_what_is_missing_and_what_differs(self, tmp_path: Path) -> None:
        gaps = find_gaps(write_lock(tmp_path, "packaging==0.1", "nothing-at-all==1.0"))
        assert (gaps.missing, gaps.different) == (("nothing-at-all",), (f"packaging {HERE}, not 0.1",))

    def test_passes_over_markers_that_nothing_can_read_yet(self, tmp_path: Path, monkeypatch) -> None:
        def refuse(_name: str) -> None:
            raise ImportError

        monkeypatch.setattr(installed, "import_module", refuse)
        gaps = find_gaps(write_lock(tmp_path, "nothing-at-all==1.0 ; python_version >= '3'", "nor-this==1"))
        assert gaps.missing == ("nor-this",)
