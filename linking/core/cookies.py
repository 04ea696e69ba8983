"""Reads one cookie out of a raw Cookie header, without the forgiving habits of cookie libraries.

No unquoting, no URL-decoding, no "last one wins": a sibling subdomain can add a second cookie of the same name, and
which one a library keeps would then decide who the player is.
"""

from collections.abc import Sequence


class AmbiguousCookie(Exception):
    """One cookie was sent several times with different values."""


def find_cookie(*, header: str, names: Sequence[str]) -> str | None:
    """Return the value of the first of `names` that has one, "" when all found are empty, None when none is there.

    Raises: AmbiguousCookie when a cookie that would be used stands twice with different values.
    """
    found: dict[str, str] = {}
    ambiguous = set()
    for pair in header.split(";"):
        name, equals, value = pair.strip(" \t").partition("=")
        if equals and name in names and found.setdefault(name, value) != value:
            ambiguous.add(name)
    for name in names:
        if name in ambiguous:
            raise AmbiguousCookie(name)
        if value := found.get(name, ""):
            return value
    return "" if found else None
