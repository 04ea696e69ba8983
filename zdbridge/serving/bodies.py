"""Bodies of requests: which are read at all, how large they may be, and for how long they may take.

Nothing here takes a file. Whatever is refused by the head alone is refused before a byte of the body is read, and
whoever sends slowly holds no thread: the body is waited for where the connections are, and only a whole one is passed
on.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple, Protocol

BODY_MAX_BYTES = 1_048_576
# A form or a pasted token is there at once; a megabyte takes this long at a tenth of a megabyte a second.
BODY_DEADLINE_S = 10.0
# Of all requests of a process together.
BODIES_MAX_BYTES = 64 * BODY_MAX_BYTES
RETRY_AFTER_S = 5

TOO_LARGE = f"The body of a request may have {BODY_MAX_BYTES} bytes at most."
NO_FILES = "Nothing here takes files: send the form as application/x-www-form-urlencoded."
TOO_SLOW = f"The body of the request did not come within {BODY_DEADLINE_S:.0f} seconds."
CUT_OFF = "The body of the request ended before its announced length."
NO_LENGTH = "Content-Length is not a number."
TOO_MANY = "Too many large requests at once. Try again in a few seconds."


class Answer(NamedTuple):
    """A whole HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class BodyRefused(Exception):
    """The request is refused for its body; the sentence says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Incoming(Protocol):
    """The parts of a body as they come."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over the parts."""


def announced_length(environ: dict[str, Any]) -> int | None:
    """Return how long the body is going to be by the head: 0 for none, None where the length is not told.

    Raises: BodyRefused where this is more than a body may have, or a kind that nothing here reads.
    """
    text = environ.get("CONTENT_LENGTH") or ""
    if text and not (text.isascii() and text.isdigit()):
        raise BodyRefused(400, NO_LENGTH)
    length = int(text[:18] or 0)
    if length > BODY_MAX_BYTES:
        raise BodyRefused(413, TOO_LARGE)
    if "HTTP_TRANSFER_ENCODING" not in environ and not length:
        return 0
    if environ.get("CONTENT_TYPE", "").lstrip().lower().startswith("multipart/"):
        raise BodyRefused(415, NO_FILES)
    return length or None


class Bodies:
    """Reads bodies. `deadline_s` is for a whole body, `max_bytes` for all that are being read or used at once."""

    def __init__(self, *, deadline_s: float = BODY_DEADLINE_S, max_bytes: int = BODIES_MAX_BYTES) -> None:
        self._deadline_s, self._max_bytes = deadline_s, max_bytes
        self._held = 0

    async def read(self, incoming: Incoming, *, length: int | None) -> bytes:
        """Return a body of `length` bytes (None: as many as come). It counts as held until `let_go`.

        Raises: BodyRefused.
        """
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._deadline_s):
                async for part in incoming:
                    size += len(part)
                    self._held += len(part)
                    parts.append(part)
                    if size > BODY_MAX_BYTES:
                        raise BodyRefused(413, TOO_LARGE)
                    if self._held > self._max_bytes:
                        raise BodyRefused(503, TOO_MANY)
            if length is not None and size != length:
                raise BodyRefused(400, CUT_OFF)
        except TimeoutError as error:
            self._held -= size
            raise BodyRefused(408, TOO_SLOW) from error
        except BaseException:
            self._held -= size
            raise
        return b"".join(parts)

    def let_go(self, body: bytes) -> None:
        """Say that a body is not needed any more."""
        self._held -= len(body)

    @property
    def held_bytes(self) -> int:
        """How much of bodies is held at this moment."""
        return self._held


def refusal_answer(refused: BodyRefused, *, environ: dict[str, Any]) -> Answer:
    """Return the answer that says why and ends the connection: JSON with a `detail` below /api/, else plain text."""
    if environ["PATH_INFO"].startswith("/api/"):
        kind, body = "application/json", json.dumps({"detail": refused.sentence}).encode()
    else:
        kind, body = "text/plain; charset=utf-8", f"{refused.sentence}\n".encode()
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Connection", "close"),
    ]
    if refused.status == 503:
        headers.append(("Retry-After", str(RETRY_AFTER_S)))
    return Answer(refused.status, headers, body)
