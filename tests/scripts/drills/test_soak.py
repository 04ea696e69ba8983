"""How growth of memory is told from noise."""

import pytest

from scripts.drills.soak import Sample, find_slope, measure_growth

pytestmark = pytest.mark.storeless


def samples(*memory_mb):
    return [
        Sample(at_s=10.0 * number, memory_mb=one, descriptors=10, processes=3) for number, one in enumerate(memory_mb)
    ]


class TestFindSlope:
    @pytest.mark.parametrize(
        ("points", "expected"),
        [([(0, 1), (1, 3), (2, 5)], 2.0), ([(0, 4), (1, 4)], 0.0), ([(1, 1), (1, 9)], 0.0), ([], 0.0)],
        ids=["rising", "level", "one-moment", "none"],
    )
    def test_is_that_of_the_line_through_the_points(self, points, expected):
        assert find_slope(points) == expected


class TestMeasureGrowth:
    def test_leaves_warming_up_out(self):
        assert measure_growth(samples(50, 100, 100, 100)) == 0.0

    def test_compares_the_end_with_the_time_after_warming_up(self):
        assert measure_growth(samples(50, 100, 105, 110)) == pytest.approx(0.1)

    def test_of_a_single_sample_is_nothing(self):
        assert measure_growth(samples(100)) == 0.0
