"""Builds the WSGI environ (PEP 3333) of a request that arrived over granian's RSGI.

It differs from what a WSGI server passes on in two ways, both on purpose: a header whose name has an underscore is left
out, because it could not be told from its namesake with a dash, and the variables of this process are not mixed in.
"""

import io
import sys
from typing import Any, Protocol

_USUAL_HEADERS = (
    "accept", "accept-encoding", "accept-language", "authorization", "cookie", "host", "origin", "referer",
    "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "user-agent", "x-forwarded-for", "x-forwarded-proto",
)  # fmt: skip
_NAMES = {name: "HTTP_" + name.upper().replace("-", "_") for name in _USUAL_HEADERS}
_NAMES |= {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
# For these it matters whether they were sent at all.
_PRESENCE_MATTERS = tuple((name, _NAMES[name]) for name in ("cookie", "origin", "authorization"))
_PROTOCOLS = {"1": "HTTP/1.0", "1.0": "HTTP/1.0", "1.1": "HTTP/1.1"}

Environ = dict[str, Any]


class Headers(Protocol):
    """A request's headers in RSGI: lower-case names, one pair for each time a header was sent."""

    def items(self) -> list[tuple[str, str]]:
        """Return the pairs whose values are ASCII."""

    def __contains__(self, name: str) -> bool:
        """Return whether a header was sent, ASCII or not."""


class Scope(Protocol):
    """RSGI's description of a request."""

    method: str
    path: str
    query_string: str
    scheme: str
    client: str
    server: str
    http_version: str
    authority: str | None
    headers: Headers


def build_head_environ(scope: Scope) -> Environ:
    """Return what the head of a request says: method, path, address, scheme and headers.

    The values of a header sent twice are joined by a comma, those of Cookie by a semicolon. A value with characters
    outside ASCII is left out; it counts as empty for the headers whose presence matters.
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
        key = _NAMES.get(name) or _convert_name(name)
        if key in environ:
            environ[key] = f"{environ[key]}{';' if name == 'cookie' else ','}{value}"
        elif key:
            environ[key] = value
    for name, key in _PRESENCE_MATTERS:
        if key not in environ and name in headers:
            environ[key] = ""
    if "HTTP_HOST" not in environ:
        environ["HTTP_HOST"] = scope.authority or ""
    return environ


def complete_environ(environ: Environ, *, scope: Scope, body: bytes) -> Environ:
    """Return `environ` with everything an application may read; the body is whole and its length known."""
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


def _convert_name(name: str) -> str:
    return "" if "_" in name else "HTTP_" + name.upper().replace("-", "_")
