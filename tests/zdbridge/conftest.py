"""What the tests of the wiring share."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture
def begin_without_a_loop() -> Iterator[None]:
    """Playwright leaves its event loop in the thread of the tests, where some of these run loops of their own.

    Not for tests that ask the database: Django keeps another connection for a thread with a loop than without.
    """
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)
