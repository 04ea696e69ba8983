"""What the product is made of: the bill of materials and the licences of what is vendored."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import vendor_assets
from scripts.sbom import build_bill
from zdbridge import VERSION
from zdbridge.up.installed import read_lock

pytestmark = pytest.mark.storeless
ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.txt"


@pytest.fixture(scope="module")
def bill() -> dict:
    return build_bill(lock=LOCK)


def list_of(bill: dict, kind: str) -> dict[str, dict]:
    return {part["name"]: part for part in bill["components"] if part["purl"].startswith(f"pkg:{kind}/")}


class TestBill:
    def test_lists_every_locked_package_and_no_other(self, bill: dict) -> None:
        found = {name: part["version"] for name, part in list_of(bill, "pypi").items()}
        assert found == {pin.name: pin.version for pin in read_lock(LOCK)}

    def test_has_the_hashes_of_the_lock(self, bill: dict) -> None:
        hashes = [row["content"] for part in list_of(bill, "pypi").values() for row in part["hashes"]]
        assert len(hashes) == LOCK.read_text().count("--hash=sha256:")
        assert all(part["hashes"] for part in bill["components"])

    def test_names_the_licence_of_every_installed_package(self, bill: dict) -> None:
        bare = [name for name, part in list_of(bill, "pypi").items() if "licenses" not in part]
        # Both are for other systems or Pythons, so they may be absent here.
        assert set(bare) <= {"async-timeout", "colorama", "tzdata"}

    def test_lists_what_is_vendored(self, bill: dict) -> None:
        shipped = [package for package, _, target in vendor_assets.PLAN if target == vendor_assets.VENDOR]
        found = {name: part["version"] for name, part in list_of(bill, "npm").items()}
        assert found == {package.name: package.version for package in shipped}

    def test_depends_on_every_component_and_names_the_version(self, bill: dict) -> None:
        assert bill["metadata"]["component"]["version"] == VERSION
        assert bill["dependencies"][0]["dependsOn"] == [part["bom-ref"] for part in bill["components"]]

    def test_is_the_same_each_time(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            command = [sys.executable, "scripts/sbom.py", "--output", str(tmp_path / name)]
            subprocess.run(command, cwd=ROOT, check=True)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        assert json.loads((tmp_path / "a").read_text())["bomFormat"] == "CycloneDX"


class TestVendored:
    def test_files_have_their_licence_beside_them(self) -> None:
        files = [path for path in (ROOT / "static" / "vendor").rglob("*") if path.is_file()]
        licences = {path for path in files if path.name.endswith("LICENSE")}
        bare = [
            str(path.relative_to(ROOT))
            for path in set(files) - licences
            if not {path.parent / "LICENSE", path.parent / f"{path.stem}.LICENSE"} & licences
        ]
        assert bare == []

    def test_licences_hold_a_text(self) -> None:
        paths = [*(ROOT / "static" / "vendor").rglob("*LICENSE")]
        assert len(paths) == 3
        assert [path for path in paths if "copyright" not in path.read_text().lower()] == []

    def test_names_every_one_in_the_docs(self) -> None:
        section = (ROOT / "docs" / "libraries.md").read_text().split("## Licences\n")[1]
        shipped = [package.name for package, _, target in vendor_assets.PLAN if target == vendor_assets.VENDOR]
        assert [name for name in shipped if f"`{name}`" not in section] == []
