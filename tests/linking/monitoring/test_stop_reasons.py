import pytest

from linking.models import StopReason
from linking.models.alarm import IncidentKind
from linking.monitoring.stop_reasons import BLOCKS, ENVIRONMENTAL, FAULTS, SOUND, STOP_MEANINGS


class TestStopMeanings:
    def test_cover_every_reason(self):
        assert set(STOP_MEANINGS) == set(StopReason.values)

    @pytest.mark.parametrize("reason", BLOCKS)
    def test_of_a_block_say_what_a_person_can_do(self, reason):
        meaning = STOP_MEANINGS[reason]
        assert all((meaning.block_sentence, meaning.remedy))

    def test_have_an_alarm_for_each_block(self):
        assert {IncidentKind(reason).value for reason in BLOCKS} == {"credentials", "host"}

    @pytest.mark.parametrize("reason", ENVIRONMENTAL)
    def test_say_what_a_command_lacked(self, reason):
        assert "The scheduled sync is not affected." in str(STOP_MEANINGS[reason].command_sentence)

    def test_of_sound_stops_are_neither_fault_nor_block(self):
        assert not set(SOUND) & {*FAULTS, *BLOCKS}
