"""What the gate returns for a page: a whole response, or one whose parts are computed while it is sent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple


class WholeResponse(NamedTuple):
    """A complete HTTP response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class StreamedResponse:
    """A response whose parts are computed while it is sent; the sender calls `close` however that ends."""

    status: int
    headers: list[tuple[str, str]]
    parts: Iterator[bytes]
    close: Callable[[], None]
