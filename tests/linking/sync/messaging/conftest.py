"""An account in memory that passes ask, and a clock that only moves when somebody sleeps."""

import pytest

from tests.linking.sync.fake_chat import FakeTime
from tests.linking.sync.messaging.fake_support import FakeSupport, use


@pytest.fixture
def support(monkeypatch):
    return use(FakeSupport(), monkeypatch)


@pytest.fixture
def time():
    return FakeTime()
