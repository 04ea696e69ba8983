"""What every test gets: no leftovers of the one before."""

from collections.abc import Iterator

import pytest

from linking import answer_log, clock_meter, email_lookup, key_sets, registry, sightings
from linking.api.health import forget_readiness
from linking.api.token import forget_limits

# Folders whose code asks no store.
STORELESS = ("tests/linking/core/", "tests/sandbox/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what CI need not run on a second store."""
    for item in items:
        if item.nodeid.startswith(STORELESS):
            item.add_marker(pytest.mark.storeless)


@pytest.fixture(autouse=True)
def forget_process_state() -> Iterator[None]:
    """Each test starts with no configuration in force and nothing waiting to be written."""
    for one in (registry, sightings, answer_log, clock_meter, key_sets, email_lookup):
        one.forget()
    forget_limits()
    forget_readiness()
    yield
    for one in (registry, sightings, answer_log, clock_meter, key_sets, email_lookup):
        one.forget()
    forget_limits()
