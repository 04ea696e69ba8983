import pytest

from linking.dashboard.plots.meter import LENGTH, draw_meter


class TestDrawMeter:
    @pytest.mark.parametrize(
        ("used", "limit", "length", "is_full"),
        [(0, 200, 0, False), (100, 200, LENGTH // 2, False), (200, 200, LENGTH, True), (300, 200, LENGTH, True)],
    )
    def test_is_as_long_as_what_is_used(self, used, limit, length, is_full):
        meter = draw_meter(used=used, limit=limit, sentence="")
        assert (meter.length, meter.is_full) == (length, is_full)
