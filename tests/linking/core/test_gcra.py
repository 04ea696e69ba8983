import pytest
from hypothesis import given
from hypothesis import strategies as st

from linking.core.gcra import next_slot


def let_through(*, per_minute, burst, arrivals):
    tat, passed = 0.0, []
    for now in arrivals:
        slot = next_slot(tat=tat, now=now, per_minute=per_minute, burst=burst)
        if slot.is_free:
            tat = slot.next_tat
            passed.append(now)
    return passed


class TestNextSlot:
    def test_lets_the_first_request_leave(self):
        assert next_slot(tat=0, now=1000.0, per_minute=60).is_free

    def test_spaces_requests_evenly(self):
        slot = next_slot(tat=1001.0, now=1000.25, per_minute=60)
        assert (slot.is_free, slot.wait_s) == (False, 0.75)

    def test_lets_a_burst_leave_at_once(self):
        assert len(let_through(per_minute=60, burst=5, arrivals=[1000.0] * 9)) == 5

    def test_saves_up_no_more_than_the_burst_in_a_quiet_time(self):
        arrivals = [1000.0, *([5000.0] * 9)]
        assert len(let_through(per_minute=60, burst=5, arrivals=arrivals)) == 6

    @pytest.mark.parametrize("per_minute", [7, 50, 150, 600, 999])
    def test_lets_the_whole_budget_leave_in_spite_of_rounding(self, per_minute):
        arrivals = [1_767_225_600.1] * (per_minute + 5)
        assert len(let_through(per_minute=per_minute, burst=per_minute, arrivals=arrivals)) == per_minute

    @given(
        per_minute=st.integers(1, 300),
        burst=st.integers(1, 50),
        gaps=st.lists(st.floats(0, 3, allow_nan=False), max_size=300),
    )
    def test_never_exceeds_the_budget_in_any_minute(self, per_minute, burst, gaps):
        now, arrivals = 1000.0, []
        for gap in gaps:
            now += gap
            arrivals.append(now)
        passed = let_through(per_minute=per_minute, burst=burst, arrivals=arrivals)
        busiest = max((sum(1 for one in passed if start <= one < start + 59.99) for start in passed), default=0)
        assert busiest <= per_minute + burst - 1
