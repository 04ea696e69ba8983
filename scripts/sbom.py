"""Write the software bill of materials: every locked package and vendored file, as CycloneDX 1.5 JSON.

    python scripts/sbom.py [--output sbom.json] [--lock requirements.txt]

The same lock gives the same file, byte for byte. Licences are those that the packages installed here state.
Source: CycloneDX 1.5, https://cyclonedx.org/docs/1.5/json/ (read 2026-11).
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# As a script it finds the folders of the product beside its own.
sys.path.insert(0, str(ROOT))

from scripts import vendor_assets  # noqa: E402
from zdbridge import VERSION  # noqa: E402
from zdbridge.up.installed import read_lock  # noqa: E402

Component = dict[str, object]
_HASHES = re.compile(
    r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==[^\n]*\n((?:    --hash=sha256:[0-9a-f]+[ \\]*\n?)*)", re.MULTILINE
)


def build_bill(*, lock: Path) -> dict[str, object]:
    """Return the bill of materials of a lock and of what is vendored in `static/`."""
    components = [*_list_packages(lock), *_list_vendored()]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": "zdbridge", "name": "zdbridge", "version": VERSION}
        },
        "components": sorted(components, key=lambda component: str(component["bom-ref"])),
        "dependencies": [{"ref": "zdbridge", "dependsOn": sorted(str(part["bom-ref"]) for part in components)}],
    }


def _list_packages(lock: Path) -> Iterator[Component]:
    hashes = {name: re.findall(r"sha256:([0-9a-f]{64})", lines) for name, lines in _HASHES.findall(lock.read_text())}
    for pin in read_lock(lock):
        address = f"pkg:pypi/{_normalize(pin.name)}@{pin.version}"
        component: Component = {
            "type": "library", "bom-ref": address, "name": pin.name, "version": pin.version, "purl": address,
            # One for each file of the release that the lock accepts.
            "hashes": [{"alg": "SHA-256", "content": digest} for digest in sorted(hashes[pin.name])],
        }  # fmt: skip
        if licence := _find_licence(pin.name):
            component["licenses"] = [{"license": {"name": licence}}]
        if pin.marker:
            component["properties"] = [{"name": "zdbridge:marker", "value": pin.marker}]
        yield component


def _list_vendored() -> Iterator[Component]:
    for package, _choose, target in vendor_assets.PLAN:
        if target != vendor_assets.VENDOR:
            continue  # for tests only
        address = f"pkg:npm/{package.name.replace('@', '%40')}@{package.version}"
        hashes = [{"alg": "SHA-256", "content": package.sha256}]
        yield {
            "type": "library", "bom-ref": address, "name": package.name, "version": package.version, "purl": address,
            "hashes": hashes,
        }  # fmt: skip


def _normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _find_licence(name: str) -> str:
    """Return what the installed package states, "" where it is not installed or states a whole text."""
    try:
        stated = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    licence = stated.get("License-Expression") or stated.get("License") or ""
    if licence and "\n" not in licence and len(licence) <= 80:
        return licence
    classifiers = stated.get_all("Classifier") or []
    return ", ".join(line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License :: "))


def main() -> None:
    """Write the file of the command line, or print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path)
    parser.add_argument("--lock", type=Path, default=ROOT / "requirements.txt")
    options = parser.parse_args()
    text = json.dumps(build_bill(lock=options.lock), indent=1, ensure_ascii=False) + "\n"
    if options.output is None:
        sys.stdout.write(text)
    else:
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
