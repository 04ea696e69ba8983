"""Compares the packages that the running Python has with a lock file. It needs the standard library only."""

import re
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

# A line such as `cffi==2.1.1 ; platform_python_implementation != 'PyPy' \`; the lines with hashes are indented.
_LINE = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(?:;\s*([^\\]+))?", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One package of a lock: its name, its version and the marker that says where it is needed ("" = everywhere)."""

    name: str
    version: str
    marker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """What an environment lacks: names of missing packages, and packages of another version as `name 1.0, not 1.1`."""

    missing: tuple[str, ...]
    different: tuple[str, ...]


def read_lock(path: Path) -> tuple[Pin, ...]:
    """Return the packages of a lock file in its order.

    Raises: OSError.
    """
    lines = _LINE.findall(path.read_text(encoding="utf-8"))
    return tuple(Pin(name=name, version=version, marker=marker.strip()) for name, version, marker in lines)


def find_gaps(lock: Path) -> Gaps:
    """Return how the packages of the running Python differ from `lock`.

    Raises: OSError when the lock cannot be read.
    """
    missing, different = [], []
    for pin in read_lock(lock):
        if not _is_needed(pin.marker):
            continue
        try:
            version = metadata.version(pin.name)
        except metadata.PackageNotFoundError:
            missing.append(pin.name)
            continue
        if version != pin.version:
            different.append(f"{pin.name} {version}, not {pin.version}")
    return Gaps(missing=tuple(missing), different=tuple(different))


def _is_needed(marker: str) -> bool:
    if not marker:
        return True
    try:
        markers = import_module("packaging.markers")
    except ImportError:
        # `packaging` is in the lock as well, so the environment is reported as incomplete anyway.
        return False
    return bool(markers.Marker(marker).evaluate())
