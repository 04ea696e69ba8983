"""Speaks RSGI to an application the way granian does, and keeps what it would send."""

import asyncio
from dataclasses import dataclass, field


class Headers:
    """As granian has them: `items` leaves out what is not ASCII, `in` does not."""

    def __init__(self, pairs):
        self.pairs = [(name.lower(), value) for name, value in pairs]

    def items(self):
        return [(name, value) for name, value in self.pairs if value.isascii()]

    def __contains__(self, name):
        return any(name == one for one, _ in self.pairs)


@dataclass
class Scope:
    method: str = "GET"
    path: str = "/"
    headers: Headers = field(default_factory=lambda: Headers([("Host", "testserver")]))
    query_string: str = ""
    scheme: str = "http"
    client: str = "192.0.2.7:4711"
    server: str = "127.0.0.1:8000"
    http_version: str = "1.1"
    authority: str | None = None


class Exchange:
    """A request whose body comes in `parts`; with `stalls`, more of it is awaited for ever."""

    def __init__(self, parts=(), *, stalls=False):
        self.parts, self.stalls = list(parts), stalls
        self.read = 0
        self.answer = None
        self.sent = []

    async def __aiter__(self):
        for part in self.parts:
            self.read += 1
            yield part
        if self.stalls:
            await asyncio.Event().wait()

    def response_bytes(self, status, headers, body):
        self.answer = (status, dict(headers), body)

    def response_stream(self, status, headers):
        self.answer = (status, dict(headers), None)
        return self

    async def send_bytes(self, data):
        self.sent.append(data)


def scope_of(method="GET", path="/", *, headers=(), **more):
    return Scope(method=method, path=path, headers=Headers([("Host", "testserver"), *headers]), **more)
