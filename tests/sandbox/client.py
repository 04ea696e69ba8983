"""A small HTTP client for the sandbox's tests: one call, one answer, nothing followed and nothing retried."""

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

CHAT = "/api/v2/chat"
TOKEN = "sandbox-chat-token"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Speaks to the sandbox at `port`; `token` is borne by calls to Zendesk's paths."""

    port: int
    token: str = TOKEN

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: Any
    ) -> Answer:
        sent = {"Authorization": f"Bearer {self.token}"} if path.startswith("/api/") and self.token else {}
        sent |= headers or {}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if query:
            path += "?" + urlencode(query)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            cookies = answer.headers.get_all("Set-Cookie") or []
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read(), cookies)
        finally:
            connection.close()

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, **query)

    def chat(self, path: str, **query: Any) -> Any:
        """The JSON of a successful read under Chat's prefix."""
        answer = self.get(CHAT + path, **query)
        assert answer.status == 200, answer.body
        return answer.json()

    def control(self, name: str, /, **body: Any) -> Any:
        answer = self.call("POST", f"/_control/{name}", body)
        assert answer.status == 200, answer.body
        return answer.json()

    def follow(self, url: str) -> Answer:
        """Get an absolute URL the sandbox gave, untouched."""
        parts = urlsplit(url)
        return self.get(f"{parts.path}?{parts.query}" if parts.query else parts.path)

    def form(self, path: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> Answer:
        sent = {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {})
        return self.call("POST", path, urlencode(fields).encode(), sent)

    def raw(self, data: bytes) -> bytes:
        """Send bytes as they are, and read until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))
