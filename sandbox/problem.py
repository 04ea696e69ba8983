"""The exception that stands for an error response. Imports nothing, so that every module may raise it."""

from __future__ import annotations


class Problem(Exception):
    """An error response. Every service renders it in its vendor's shape."""

    def __init__(self, status: int, error: str, description: str, *, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(description)
        self.status, self.error, self.description, self.headers = status, error, description, headers
