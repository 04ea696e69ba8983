"""Holds the lock files against what they are made from: every requirement locked, in range, with hashes. Offline."""

import re
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PAIRS = {"requirements.in": "requirements.txt", "requirements-dev.in": "requirements-dev.txt"}
_LOCKED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*])?==([^\s;\\]+)([^\\]*)\\?$")


def wanted(*, path: Path) -> list[Requirement]:
    """Return the requirements `path` names itself, following `-r`."""
    found: list[Requirement] = []
    for raw in path.read_text(encoding="utf-8").splitlines():
        line = raw.split("#")[0].strip()
        if line.startswith("-r "):
            found += wanted(path=path.parent / line[3:].strip())
        elif line and not line.startswith("-"):
            found.append(Requirement(line))
    return found


def locked(*, path: Path) -> dict[str, set[Version]]:
    """Return name → locked versions (several where markers tell them apart)."""
    versions: dict[str, set[Version]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := _LOCKED.match(line):
            versions.setdefault(canonicalize_name(found[1]), set()).add(Version(found[2]))
    return versions


def without_hash(*, path: Path) -> list[str]:
    """Return the locked lines that no hash follows."""
    lines = path.read_text(encoding="utf-8").splitlines()
    following = [*lines[1:], ""]
    return [
        line for line, after in zip(lines, following, strict=True) if _LOCKED.match(line) and "--hash=" not in after
    ]


def complaints(*, root: Path) -> list[str]:
    """Return what is wrong, one line each."""
    found = []
    for source, lock in PAIRS.items():
        versions = locked(path=root / lock)
        found += [f"{lock}: {line.strip()} has no hash" for line in without_hash(path=root / lock)]
        for requirement in wanted(path=root / source):
            have = versions.get(canonicalize_name(requirement.name), set())
            if not have:
                found.append(f"{lock} does not lock {requirement.name}, which {source} asks for")
            elif not all(requirement.specifier.contains(version, prereleases=True) for version in have):
                found.append(f"{lock} locks {requirement.name} {max(have)}, {source} asks for {requirement.specifier}")
    found += _differences(root=root)
    return found


def _differences(*, root: Path) -> list[str]:
    product, dev = locked(path=root / "requirements.txt"), locked(path=root / "requirements-dev.txt")
    return [
        f"requirements-dev.txt locks {name} differently from requirements.txt"
        for name, versions in sorted(product.items())
        if dev.get(name) != versions
    ]


if __name__ == "__main__":
    found = complaints(root=ROOT)
    for complaint in found:
        print(complaint)
    if not found:
        print("locks are complete, in range and hashed")
    sys.exit(1 if found else 0)
