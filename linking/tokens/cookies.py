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
    values = find_cookies(header=header, names=names)
    return values[0] if values else None


def find_cookies(*, header: str, names: Sequence[str]) -> list[str]:
    """Return the values of those of `names` that have one, in the order of `names`; [""] when all found are empty.

    Raises: AmbiguousCookie when the first that would be used stands twice with different values; a later one that does
    is left out.
    """
    if len(names) == 1 and (alone := only_cookie(header, names[0])) is not None:
        return [alone]
    found: dict[str, str] = {}
    ambiguous = set()
    for pair in header.split(";"):
        name, equals, value = pair.strip(" \t").partition("=")
        if equals and name in names and found.setdefault(name, value) != value:
            ambiguous.add(name)
    values: list[str] = []
    for name in names:
        if name in ambiguous:
            if not values:
                raise AmbiguousCookie(name)
        elif value := found.get(name, ""):
            values.append(value)
    return values or [""] * bool(found)


def only_cookie(header: str, name: str) -> str | None:
    """Return the value where `name=` stands in `header` once, at the beginning of a pair; None leaves it open.

    A browser sends a shop's other cookies too, twenty of them maybe, and most requests need not look at each.
    """
    sought = name + "="
    before, found, after = header.partition(sought)
    if not found or sought in after:
        return None
    before = before.rstrip(" \t")
    if before and before[-1] != ";":
        return None
    return after.partition(";")[0].rstrip(" \t")
