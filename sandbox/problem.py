"""The one exception that a handler may answer with. Imports nothing, so that everything may raise it."""

from __future__ import annotations


class Problem(Exception):
    """An answer that is not a success. Every service words it in its own vendor's shape."""

    def __init__(self, status: int, error: str, description: str, *, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(description)
        self.status, self.error, self.description, self.headers = status, error, description, headers
