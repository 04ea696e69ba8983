import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.sandbox.client import Client
from tests.sandbox.support.calls import Support
from tests.sandbox_process import wait_until


@pytest.fixture
def support(client: Client) -> Support:
    """Forty people: twenty with a UUID, five agents, fifteen without an external ID."""
    client.control("seed", support_users=20, support_agents=5, support_without_id=15, seed=1)
    return Support(client)


class Receiver:
    """A webhook's receiver: what came, and the statuses to answer (200 when none is left)."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], str]] = []
        self.statuses: list[tuple[int, dict[str, str]]] = []
        self.url = ""

    def list_events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.calls]

    def list_types(self) -> list[str]:
        return [event["type"].removeprefix("zen:event-type:") for event in self.list_events()]

    def wait(self, count: int) -> list[dict[str, Any]]:
        """The events, once there are as many."""
        wait_until(lambda: len(self.calls) >= count)
        return self.list_events()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            told.calls.append((dict(self.headers), body))
            status, headers = told.statuses.pop(0) if told.statuses else (200, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield told
    server.shutdown()
    server.server_close()
