"""Which page may read an answer: exact origins, never a pattern, never `*` or `null` (Fetch standard, CORS)."""

from collections.abc import Collection

ALLOWED_METHODS = "GET, POST"
ALLOWED_HEADERS = "authorization, content-type"
PREFLIGHT_KEPT_S = 600
# `null` is what every sandboxed frame and local file calls itself; `*` would be reflected with credentials.
_NEVER = frozenset({"null", "*"})

Headers = tuple[tuple[str, str], ...]


def is_listed(origin: str, *, origins: Collection[str]) -> bool:
    """Return whether `origin`, as a browser sent it, is one of `origins`, to the letter."""
    return origin in origins and origin not in _NEVER


def cors_headers(*, origin: str | None, origins: Collection[str]) -> Headers:
    """Return the headers that let a page of `origin` read the answer with credentials; none when it may not."""
    if origin is None or not is_listed(origin, origins=origins):
        return ()
    return (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", "Retry-After"),
    )


def preflight_headers() -> Headers:
    """Return what a preflight adds: the methods and headers that may be used, and for how long that may be kept."""
    return (
        ("Access-Control-Allow-Methods", ALLOWED_METHODS),
        ("Access-Control-Allow-Headers", ALLOWED_HEADERS),
        ("Access-Control-Max-Age", str(PREFLIGHT_KEPT_S)),
    )
