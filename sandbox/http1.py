"""HTTP/1.1 as bytes: reads one request from a buffered stream and encodes one response."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from io import BufferedIOBase
from typing import Any
from urllib.parse import parse_qsl, unquote

LINE_LIMIT = 16_384  # bytes of one request or header line
HEADER_LIMIT = 100  # header lines of one request
BODY_LIMIT = 64 * 1024 * 1024  # bytes; control calls may add many records at once

METHOD = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")  # RFC 9110 5.6.2, a token
CHUNK_SIZE = re.compile(rb"^[0-9A-Fa-f]{1,16}$")
NO_BODY = {100, 101, 204, 304}
REASONS = {status.value: status.phrase for status in HTTPStatus}

NO_STORE = ("Cache-Control", "no-store")


class MalformedRequest(Exception):
    """The bytes are not an HTTP request that the sandbox accepts; `status` is the answer's."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `path` stays percent-encoded; header names are lower case, repeated headers joined by a comma."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    peer: str
    keep_alive: bool

    def parse_query(self) -> dict[str, str]:
        """Return the decoded query parameters; the last of a repeated one counts."""
        return dict(parse_qsl(self.query, keep_blank_values=True)) if self.query else {}

    def parse_form(self) -> dict[str, str]:
        """Return the fields of an URL-encoded form; bytes that are not UTF-8 become replacement characters."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def parse_cookies(self) -> dict[str, str]:
        """Return the cookies by name, the first of a repeated name."""
        cookies: dict[str, str] = {}
        for part in self.headers.get("cookie", "").split(";"):
            name, mark, value = part.strip().partition("=")
            if mark:
                cookies.setdefault(name, value.strip('"'))
        return cookies

    def build_origin(self) -> str:
        """Return `scheme://host` as the client sees this server; X-Forwarded-Proto is trusted."""
        forwarded = self.headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
        scheme = forwarded if forwarded in ("http", "https") else "http"
        return f"{scheme}://{self.headers.get('host', '127.0.0.1')}"

    def split_path(self) -> list[str]:
        """Return the decoded parts of the path; an encoded slash stays inside its part."""
        return [unquote(part) for part in self.path.split("/")[1:]]


@dataclass(slots=True)
class Response:
    """One response. `cut` < 1 sends only that share of the declared body and closes; `drop` sends nothing.

    `sending` is a faulty way of sending: `drip`, `silence`, `reset`, or `overlong` (declares too short a body).
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: list[tuple[str, str]] = field(default_factory=list)
    cut: float = 1.0
    drop: bool = False
    sending: str = ""

    def encode(self, *, head_only: bool, keep_alive: bool, now_s: float) -> bytes:
        """Return the bytes to send, dated `now_s`. Content-Length is left out only for statuses that forbid it."""
        lines = [
            f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Unknown')}",
            f"Date: {format_http_date(int(now_s))}",
        ]
        if self.status not in NO_BODY:
            declared = len(self.body) // 2 if self.sending == "overlong" else len(self.body)
            lines.append(f"Content-Length: {declared}")
            if self.content_type:
                lines.append(f"Content-Type: {self.content_type}")
        lines.extend(f"{name}: {clean_header(value)}" for name, value in self.headers)
        lines.append("Connection: keep-alive" if keep_alive else "Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if head_only or self.status in NO_BODY:
            return head
        return head + (self.body if self.cut >= 1.0 else self.body[: int(len(self.body) * self.cut)])


@lru_cache(maxsize=4)
def format_http_date(epoch_s: int) -> str:
    """Return the second in the form `Sun, 06 Nov 1994 08:49:37 GMT`."""
    return formatdate(epoch_s, usegmt=True)


def clean_header(value: str) -> str:
    """Return `value` without line breaks, so that no client input can split a response."""
    return value.replace("\r", "").replace("\n", "")


def respond_json(payload: Any, *, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """Return a response with `payload` as UTF-8 JSON."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    try:
        body = text.encode()
    except UnicodeEncodeError:  # a lone surrogate from a client can only be escaped
        body = json.dumps(payload).encode()
    return Response(status=status, body=body, headers=list(headers))


def read_request(
    *, stream: BufferedIOBase, peer: str, send_continue: Callable[[], None] | None = None
) -> Request | None:
    """Return the next request, or None at the end of the stream.

    Raises: MalformedRequest when the bytes are not a request, too long, or of unknown length.
    """
    line = stream.readline(LINE_LIMIT + 1)
    while line in (b"\r\n", b"\n"):  # RFC 9112 2.2: ignore an empty line before the request line
        line = stream.readline(LINE_LIMIT + 1)
    if not line:
        return None
    method, target, version = _parse_request_line(line)
    headers = _read_headers(stream)
    if version == "HTTP/1.1" and "host" not in headers:
        raise MalformedRequest(400, "An HTTP/1.1 request needs a Host header.")
    if set(headers.get("host", "")) & set(" /\\@\"'<>"):
        raise MalformedRequest(400, "The Host header is not a host.")
    path, _, query = target.partition("?")
    wish = headers.get("connection", "").lower()
    keep_alive = "keep-alive" in wish if version == "HTTP/1.0" else "close" not in wish
    is_awaited = version == "HTTP/1.1" and headers.get("expect", "").lower() == "100-continue"
    body = _read_body(stream, headers, send_continue if is_awaited else None)
    return Request(
        method=method, path=path, query=query.partition("#")[0], headers=headers, body=body, peer=peer,
        keep_alive=keep_alive,
    )  # fmt: skip


def _parse_request_line(line: bytes) -> tuple[str, str, str]:
    """Split the first line into method, target in origin form, and version."""
    if len(line) > LINE_LIMIT:
        raise MalformedRequest(414, "The request line is too long.")
    parts = line.decode("latin-1").rstrip("\r\n").split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0") or not METHOD.match(parts[0]):
        raise MalformedRequest(400, "The request line is not HTTP/1.x.")
    method, target, version = parts
    if target.startswith(("http://", "https://")):
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    if not target.startswith("/") and target != "*":
        raise MalformedRequest(400, "The request target is not a path.")
    return method, target, version


def _read_headers(stream: BufferedIOBase) -> dict[str, str]:
    """Read header lines up to the empty one."""
    headers: dict[str, str] = {}
    for _ in range(HEADER_LIMIT + 1):
        line = stream.readline(LINE_LIMIT + 1)
        if line in (b"\r\n", b"\n"):
            return headers
        if not line.endswith(b"\n") or len(line) > LINE_LIMIT:
            raise MalformedRequest(431, "A header line is too long or cut off.")
        name, mark, value = line.decode("latin-1").partition(":")
        if not mark or not name or name != name.strip():
            raise MalformedRequest(400, "A header line has no name.")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers and name != "cookie" else value
    raise MalformedRequest(431, "Too many header lines.")


def _read_body(stream: BufferedIOBase, headers: dict[str, str], send_continue: Callable[[], None] | None) -> bytes:
    """Read the body by chunks or by Content-Length; without either there is none.

    `send_continue` is called once the headers about the body are accepted.
    """
    if "transfer-encoding" in headers:
        if headers["transfer-encoding"].lower() != "chunked" or "content-length" in headers:
            raise MalformedRequest(400, "Only the chunked transfer encoding is understood, and not beside a length.")
        if send_continue:
            send_continue()
        return _read_chunks(stream)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise MalformedRequest(400, "Content-Length is not a number.")
    if int(length) > BODY_LIMIT:
        raise MalformedRequest(413, "The body is too large.")
    if send_continue and length != "0":
        send_continue()
    body = stream.read(int(length)) if length != "0" else b""
    if len(body) != int(length):
        raise MalformedRequest(400, "The body ended early.")
    return body


def _read_chunks(stream: BufferedIOBase) -> bytes:
    """Read a chunked body and its trailer."""
    parts: list[bytes] = []
    total = 0
    while True:
        size_text = stream.readline(LINE_LIMIT).split(b";")[0].strip()
        if not CHUNK_SIZE.match(size_text):
            raise MalformedRequest(400, "A chunk has no size.")
        size = int(size_text, 16)
        total += size
        if total > BODY_LIMIT:
            raise MalformedRequest(413, "The body is too large.")
        if size == 0:
            break
        parts.append(stream.read(size))
        if len(parts[-1]) != size or stream.readline(LINE_LIMIT) not in (b"\r\n", b"\n"):
            raise MalformedRequest(400, "A chunk is shorter or longer than its size.")
    while stream.readline(LINE_LIMIT) not in (b"\r\n", b"\n", b""):
        pass
    return b"".join(parts)
