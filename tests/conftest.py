"""What every test gets: no leftovers of the one before."""

from collections.abc import Iterator

import pytest

from linking import registry, sightings


@pytest.fixture(autouse=True)
def forget_process_state() -> Iterator[None]:
    """Each test starts with no configuration in force and nothing waiting to be written."""
    registry.forget()
    sightings.forget()
    yield
    registry.forget()
    sightings.forget()
