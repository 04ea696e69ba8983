"""One sandbox for all tests of this folder, on a free port, with a clock the test sets; reset before every test."""

from collections.abc import Iterator

import pytest

from sandbox.server import SandboxServer
from sandbox.world.box import Box, load_config
from tests.sandbox.client import TOKEN, Client

NOW_S = 1_790_000_000.0  # 2026-09-21T14:13:20Z


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="session")
def clock_of_all() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def server(clock_of_all: Clock) -> Iterator[SandboxServer]:
    box = Box(config=load_config(token=TOKEN, bridge="http://127.0.0.1:8000"), clock=clock_of_all)
    with SandboxServer(host="127.0.0.1", port=0, box=box) as running:
        running.start_in_thread()
        yield running
        running.shutdown()


@pytest.fixture
def clock(clock_of_all: Clock) -> Clock:
    clock_of_all.now_s = NOW_S
    return clock_of_all


@pytest.fixture
def box(server: SandboxServer, clock: Clock) -> Box:
    server.app.box.reset()
    return server.app.box


@pytest.fixture
def client(server: SandboxServer, box: Box) -> Client:
    return Client(server.server_address[1])


@pytest.fixture
def empty(client: Client) -> Client:
    """A client of a sandbox without records."""
    client.control("reset", empty=True)
    return client
