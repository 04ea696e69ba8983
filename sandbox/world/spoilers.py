"""Faulty bodies and ways of sending, by the kind of a fault rule. See README.md."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sandbox.http1 import Response

HUGE_BYTES = 50_000_000
BOMB_BYTES = 1_000_000_000
DEPTH = 10_000
_BLOCK = bytes(1_000_000)


def spoil_body(*, kind: str, answer: Response | None) -> Response | None:
    """Return the response for a kind that needs only its name, or None for another kind."""
    if kind in SENDING and answer is not None:
        answer.sending = kind
        return answer
    make = BODIES.get(kind)
    return make() if make else None


def change_field(answer: Response, *, field: str, value: Any, missing: bool) -> Response:
    """Change one field of a JSON answer, named from the top (`chats.visitor.id`), in every item of a list."""
    if answer.status != 200:
        return answer
    body = json.loads(answer.body)
    _change(body, names=field.split("."), value=value, missing=missing)
    answer.body = json.dumps(body).encode()
    return answer


def _change(node: Any, *, names: list[str], value: Any, missing: bool) -> None:
    if isinstance(node, list):
        for item in node:
            _change(item, names=names, value=value, missing=missing)
    elif isinstance(node, dict) and len(names) > 1:
        _change(node.get(names[0]), names=names[1:], value=value, missing=missing)
    elif isinstance(node, dict):
        node.pop(names[0], None)
        if not missing:
            node[names[0]] = value


@lru_cache(maxsize=1)
def _make_bomb_bytes() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(_BLOCK) for _ in range(BOMB_BYTES // len(_BLOCK))]
    return b"".join([*parts, packer.flush()])


# Made once: the sandbox answers no other request meanwhile.
@lru_cache(maxsize=1)
def _make_huge_bytes() -> bytes:
    return b'{"chats": [' + b"]}".rjust(HUGE_BYTES)


def _make_huge() -> Response:
    return Response(body=_make_huge_bytes())


def _make_bomb() -> Response:
    return Response(body=_make_bomb_bytes(), headers=[("Content-Encoding", "gzip")])


def _make_torn_gzip() -> Response:
    return Response(body=gzip.compress(b'{"chats": []}')[:-9], headers=[("Content-Encoding", "gzip")])


BODIES: dict[str, Callable[[], Response]] = {
    "empty": lambda: Response(body=b""),
    "html200": lambda: Response(
        body=b"<!doctype html><title>Maintenance</title><p>We will be back soon.", content_type="text/html"
    ),
    "garbage": lambda: Response(body=b'{"chats": [{"id": "26'),
    "null": lambda: Response(body=b"null"),
    "huge": _make_huge,
    "bomb": _make_bomb,
    "torn_gzip": _make_torn_gzip,
    "deep": lambda: Response(body=b'{"chats": ' + b"[" * DEPTH + b"]" * DEPTH + b"}"),
    "nan": lambda: Response(body=b'{"chats": [], "count": NaN}'),
    "twins": lambda: Response(body=b'{"chats": [], "id": "1", "chats": [], "id": "2"}'),
    "latin1": lambda: Response(body='{"chats": [], "id": "7.a", "name": "Zoë"}'.encode("latin-1")),
    "redirect": lambda: Response(status=302, headers=[("Location", "http://127.0.0.1:1/elsewhere")]),
}
# The true answer, sent in a faulty way; see the server.
SENDING = ("drip", "silence", "reset", "overlong")
