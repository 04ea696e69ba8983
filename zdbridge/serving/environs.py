"""The WSGI environ (PEP 3333) of a request that came over granian's RSGI.

Two differences to what a WSGI server hands over, both on purpose: a header whose name has an underscore is left out,
because nobody could tell it from its namesake with a dash, and the variables of this process are not mixed in.
"""

import io
import sys
from typing import Any, Protocol

_USUAL = (
    "accept", "accept-encoding", "accept-language", "authorization", "cookie", "host", "origin", "referer",
    "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "user-agent", "x-forwarded-for", "x-forwarded-proto",
)  # fmt: skip
_NAMES = {name: "HTTP_" + name.upper().replace("-", "_") for name in _USUAL}
_NAMES |= {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_MISSED = tuple((name, _NAMES[name]) for name in ("cookie", "origin", "authorization"))
_PROTOCOLS = {"1": "HTTP/1.0", "1.0": "HTTP/1.0", "1.1": "HTTP/1.1"}

Environ = dict[str, Any]


class Headers(Protocol):
    """A request's headers as RSGI has them: names in small letters, a name once for each time it was sent."""

    def items(self) -> list[tuple[str, str]]:
        """Return the pairs whose values are ASCII."""

    def __contains__(self, name: str) -> bool:
        """Return whether a header was sent, ASCII or not."""


class Scope(Protocol):
    """What RSGI says of a request."""

    method: str
    path: str
    query_string: str
    scheme: str
    client: str
    server: str
    http_version: str
    authority: str | None
    headers: Headers


def head_environ(scope: Scope) -> Environ:
    """Return what the head of a request says: method, path, address, scheme and headers.

    A header sent twice is joined by a comma (Cookie by a semicolon). One with characters outside ASCII is left out, but
    is empty where it makes a difference whether it was sent at all.
    """
    path = scope.path
    environ: Environ = {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": path if path.isascii() else path.encode("utf-8", "replace").decode("latin-1"),
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
    }
    headers = scope.headers
    for name, value in headers.items():
        key = _NAMES.get(name) or _folded(name)
        if key in environ:
            environ[key] = f"{environ[key]}{';' if name == 'cookie' else ','}{value}"
        elif key:
            environ[key] = value
    for name, key in _MISSED:
        if key not in environ and name in headers:
            environ[key] = ""
    if "HTTP_HOST" not in environ:
        environ["HTTP_HOST"] = scope.authority or ""
    return environ


def complete(environ: Environ, *, scope: Scope, body: bytes) -> Environ:
    """Return `environ` with all that an application may ask for; the body is whole and its length known."""
    host, _, port = scope.server.rpartition(":")
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = str(len(body)) if body else ""
    return environ | {
        "SCRIPT_NAME": "",
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": _PROTOCOLS.get(scope.http_version, "HTTP/1.1"),
        "SERVER_SOFTWARE": "granian",
        "wsgi.version": (1, 0),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def _folded(name: str) -> str:
    return "" if "_" in name else "HTTP_" + name.upper().replace("-", "_")
