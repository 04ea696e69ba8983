"""Speaks WSGI to an application the way granian does, and returns what it would send."""

import io
import sys
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

HOST = ("Host", "testserver")


@dataclass(frozen=True)
class Sent:
    """A whole answer, byte for byte."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def environ_of(*, method="GET", target="/generate/token", headers=(HOST,), scheme="http", address="192.0.2.7"):
    """The environ that granian makes of a request.

    Measured: the path is percent-decoded, names are folded to capitals, a header sent twice is joined by a comma
    (Cookie by a semicolon), and a value with characters outside ASCII arrives empty.
    """
    path, _, query = target.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REMOTE_ADDR": address,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": scheme,
        "wsgi.version": (1, 0),
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        value = value if value.isascii() else ""
        joint = ";" if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    return environ


def send(application, environ) -> Sent:
    """Ask `application` and collect its answer."""
    told = []
    parts = application(environ, lambda status, headers, exc_info=None: told.append((status, tuple(headers))))
    body = b"".join(parts)
    ((status, headers),) = told
    return Sent(status=status, headers=headers, body=body)
