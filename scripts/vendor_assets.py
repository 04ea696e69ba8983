"""Fetch the browser assets that are committed under `static/vendor/` (and axe for the tests), pinned and checked.

Run `python scripts/vendor_assets.py` after changing a version here; nobody else needs npm. Each package is fetched by
name through the ordinary `npm pack` client and compared with its checksum. A handful of files is kept, without
source maps (whose missing files would break `collectstatic`).
"""

import hashlib
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "static" / "vendor"
FONT_SUBSETS = ("latin", "latin-ext", "cyrillic", "greek", "vietnamese")
ICONS = (
    "adjustments", "alert-circle", "alert-triangle", "api", "arrow-back-up", "arrow-down", "arrow-up", "arrows-sort",
    "at", "ban", "bell", "book", "calendar", "chart-bar", "check", "chevron-left", "chevron-right", "circle-check",
    "circle-dashed", "circle-x", "clock", "code", "copy", "device-desktop", "device-floppy", "download",
    "external-link", "eye-off", "filter", "flag", "git-merge", "help-circle", "history", "info-circle", "key",
    "language", "link", "link-off", "list-check", "lock", "login-2", "logout", "mail", "menu-2", "message", "moon",
    "note", "pencil", "player-pause", "player-play", "plug-connected", "plus", "refresh", "search", "settings",
    "share", "shield-check", "sun", "tag", "trash-x", "upload", "user-circle", "user-plus", "user-question", "users",
    "world", "x",
)  # fmt: skip
_SOURCE_MAP = re.compile(rb"\s*(//[#@] ?sourceMappingURL=\S+|/\*[#@] ?sourceMappingURL=[^*]*\*/)\s*\Z")
Files = Mapping[str, bytes]


class CannotVendor(Exception):
    """A package could not be had as pinned; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One pinned package: its npm name, version, and the SHA-256 of the archive `npm pack` delivers."""

    name: str
    version: str
    sha256: str


TABLER_ICONS = Package(
    name="@tabler/icons", version="3.51.0", sha256="b30108713d3fa60aee862c2a133225da8e0f309be0708fe2925763ff810c766c"
)
INTER = Package(
    name="@fontsource-variable/inter",
    version="5.3.0",
    sha256="d26710dd38e7217484a1d47ee76c024977ec550548876f26d06ed1844af09a14",
)
RELATIVE_TIME = Package(
    name="@github/relative-time-element",
    version="5.3.1",
    sha256="d99f62cc01067eb749b2807d620fce2f1782cd87af986beb9baa5cdc5ee2d4bc",
)
AXE = Package(
    name="axe-core", version="4.14.1", sha256="e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
)


def fetch(package: Package, *, folder: Path) -> Files:
    """Return the files of `package` by their path inside it.

    Raises: CannotVendor.
    """
    command = ["npm", "pack", "--silent", f"{package.name}@{package.version}", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotVendor(f"{package.name}: npm pack failed: {done.stderr.strip()[-300:]}")
    archive = (folder / done.stdout.strip().splitlines()[-1]).read_bytes()
    digest = hashlib.sha256(archive).hexdigest()
    if digest != package.sha256:
        raise CannotVendor(f"{package.name} {package.version}: checksum is {digest}, pinned is {package.sha256}")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = [member for member in tar.getmembers() if member.isfile()]
        return {
            member.name.partition("/")[2]: file.read()
            for member in members
            if (file := tar.extractfile(member)) is not None
        }


def cut_source_map(content: bytes) -> bytes:
    """Return `content` without its trailing sourceMappingURL comment."""
    return _SOURCE_MAP.sub(b"\n", content)


def icons(files: Files) -> Files:
    """Return the chosen icons as one sprite of symbols."""
    symbols = [_symbol(name, files[f"icons/outline/{name}.svg"].decode()) for name in ICONS]
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    return {"icons.svg": sprite.encode(), "icons.LICENSE": files["LICENSE"]}


def _symbol(name: str, svg: str) -> str:
    inner = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
    if inner is None:
        raise CannotVendor(f"icon {name}: no svg element")
    paths = [line.strip() for line in inner[1].strip().splitlines() if 'stroke="none"' not in line]
    return f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(paths)}</symbol>'


def inter(files: Files) -> Files:
    """Return the font's subsets and a stylesheet that loads each only where its letters occur."""
    faces = re.findall(
        r"/\* inter-([a-z-]+)-wght-normal \*/\s*(@font-face \{.*?\})", files["index.css"].decode(), re.DOTALL
    )
    kept = [face.replace("./files/", "") for subset, face in faces if subset in FONT_SUBSETS]
    fonts = {
        f"inter/inter-{subset}-wght-normal.woff2": f"files/inter-{subset}-wght-normal.woff2" for subset in FONT_SUBSETS
    }
    chosen = {target: files[source] for target, source in fonts.items()}
    return {"inter/inter.css": ("\n".join(kept) + "\n").encode(), "inter/LICENSE": files["LICENSE"], **chosen}


def relative_time(files: Files) -> Files:
    """Return the element's one module."""
    return {
        "relative-time/relative-time-element.js": cut_source_map(files["dist/bundle.js"]),
        "relative-time/LICENSE": files["LICENSE"],
    }


def axe(files: Files) -> Files:
    """Return the accessibility checker, which only the tests use."""
    return {"axe.min.js": files["axe.min.js"], "axe.LICENSE": files["LICENSE"]}


PLAN: tuple[tuple[Package, Callable[[Files], Files], Path], ...] = (
    (TABLER_ICONS, icons, VENDOR),
    (INTER, inter, VENDOR),
    (RELATIVE_TIME, relative_time, VENDOR),
    (AXE, axe, ROOT / "tests" / "browser" / "vendor"),
)


def main() -> None:
    """Fetch every package and write what is kept."""
    with tempfile.TemporaryDirectory() as folder:
        for package, choose, target in PLAN:
            for name, content in choose(fetch(package, folder=Path(folder))).items():
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            print(f"{package.name} {package.version}")


if __name__ == "__main__":
    try:
        main()
    except CannotVendor as error:
        sys.exit(str(error))
