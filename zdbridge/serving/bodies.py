"""Request bodies: which are read at all, how large they may be and how long they may take.

The product accepts no files. A request that its head alone refuses is refused before a byte of the body is read. A
slow sender holds no thread: the event loop waits for the body, and the application gets it whole.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Protocol

from django.utils.translation import gettext as _

from zdbridge.serving.responses import WholeResponse

BODY_MAX_BYTES = 1_048_576
# A form or a pasted token arrives at once. A megabyte takes this long at a tenth of a megabyte a second.
BODY_DEADLINE_S = 10.0
# For all requests of a process together.
BODIES_MAX_BYTES = 64 * BODY_MAX_BYTES
RETRY_AFTER_S = 5


class BodyRefused(Exception):
    """The request is refused because of its body; `sentence` is the reason the client reads."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class BodyParts(Protocol):
    """The parts of a body as they arrive."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over the parts."""


def find_body_length(environ: dict[str, Any]) -> int | None:
    """Return the length of the body that the head announces: 0 without a body, None where the length is not given.

    Raises: BodyRefused for a body that is too large or of a kind that the product does not read.
    """
    text = environ.get("CONTENT_LENGTH") or ""
    if text and not (text.isascii() and text.isdigit()):
        raise BodyRefused(400, _("Content-Length is not a number."))
    length = int(text[:18] or 0)
    if length > BODY_MAX_BYTES:
        raise _build_too_large()
    if "HTTP_TRANSFER_ENCODING" not in environ and not length:
        return 0
    if environ.get("CONTENT_TYPE", "").lstrip().lower().startswith("multipart/"):
        raise BodyRefused(415, _("File uploads are not accepted. Send the form as application/x-www-form-urlencoded."))
    return length or None


class BodyReader:
    """Reads bodies. `deadline_s` is for one body; `max_bytes` is for all bodies being read or in use at once."""

    def __init__(self, *, deadline_s: float = BODY_DEADLINE_S, max_bytes: int = BODIES_MAX_BYTES) -> None:
        self._deadline_s, self._max_bytes = deadline_s, max_bytes
        self.bytes_in_use = 0

    async def read(self, parts: BodyParts, *, length: int | None) -> bytes:
        """Return a body of `length` bytes (None: until it ends). It counts as in use until `release`.

        Raises: BodyRefused.
        """
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._deadline_s):
                async for chunk in parts:
                    size += len(chunk)
                    self.bytes_in_use += len(chunk)
                    chunks.append(chunk)
                    if size > BODY_MAX_BYTES:
                        raise _build_too_large()
                    if self.bytes_in_use > self._max_bytes:
                        raise BodyRefused(503, _("Too many large requests at once. Try again in a few seconds."))
            if length is not None and size != length:
                raise BodyRefused(400, _("The request body ended before its announced length."))
        except TimeoutError as error:
            self.bytes_in_use -= size
            sentence = _("The request body did not arrive within %(seconds)d seconds.")
            raise BodyRefused(408, sentence % {"seconds": self._deadline_s}) from error
        except BaseException:
            self.bytes_in_use -= size
            raise
        return b"".join(chunks)

    def release(self, body: bytes) -> None:
        """Count `body` as no longer in use."""
        self.bytes_in_use -= len(body)


def build_refusal(refusal: BodyRefused, *, environ: dict[str, Any]) -> WholeResponse:
    """Return the response for a refused body, which closes the connection: JSON below /api/, plain text elsewhere."""
    if environ["PATH_INFO"].startswith("/api/"):
        kind, body = "application/json", json.dumps({"detail": refusal.sentence}).encode()
    else:
        kind, body = "text/plain; charset=utf-8", f"{refusal.sentence}\n".encode()
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Connection", "close"),
    ]
    if refusal.status == 503:
        headers.append(("Retry-After", str(RETRY_AFTER_S)))
    return WholeResponse(refusal.status, headers, body)


def _build_too_large() -> BodyRefused:
    return BodyRefused(413, _("A request body can have at most %(limit)d bytes.") % {"limit": BODY_MAX_BYTES})
