"""A scratch installation leaves nothing behind."""

import random

import pytest

from scripts.drills.installation import REDIS, scratch_installation
from scripts.drills.report import DrillFailed
from scripts.drills.servers import answers


@pytest.fixture
def port():
    """The first of so many free ports as an installation takes."""
    while True:
        first = random.randrange(20_000, 32_000)
        if not any(answers(first + number) for number in range(REDIS + 1)):
            return first


@pytest.mark.slow
@pytest.mark.storeless
class TestScratchInstallation:
    def test_is_removed_after_ctrl_c(self, port):
        seen = []
        with (
            pytest.raises(KeyboardInterrupt),
            scratch_installation(port=port, store="sqlite", is_prepared=False) as found,
        ):
            seen.append((found.folder, found.folder.exists(), answers(port + 2)))
            raise KeyboardInterrupt
        [(folder, *was_there)] = seen
        assert was_there == [True, True]
        assert not folder.exists()
        assert not answers(port + 2)

    def test_is_not_made_where_another_program_listens(self, port):
        with (
            scratch_installation(port=port, store="sqlite", is_prepared=False),
            pytest.raises(DrillFailed, match=f"Port {port + 2} is taken"),
            scratch_installation(port=port, store="sqlite", is_prepared=False),
        ):
            pass
