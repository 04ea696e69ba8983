import pytest

from linking.dashboard.plots.scales import Series, build_legend, find_axis_end, scale_length


class TestFindAxisEnd:
    @pytest.mark.parametrize(
        ("largest", "end"), [(0, 2), (1, 2), (2, 2), (3, 4), (9, 10), (10, 10), (11, 20), (300, 400), (2880, 4000)]
    )
    def test_is_the_next_round_number(self, largest, end):
        assert find_axis_end(largest) == end

    @pytest.mark.parametrize("largest", range(1, 2000, 37))
    def test_has_a_whole_number_at_its_half(self, largest):
        assert find_axis_end(largest) % 2 == 0


class TestScaleLength:
    def test_begins_at_nothing(self):
        assert scale_length(0, end=100, length=300, least=8) == 0

    def test_fills_the_axis_at_its_end(self):
        assert scale_length(100, end=100, length=300) == 300

    def test_keeps_a_single_one_among_thousands_visible(self):
        assert scale_length(1, end=10_000, length=300, least=8) == 8


class TestBuildLegend:
    def test_leaves_out_what_never_happened(self):
        series = (Series(word="Issued", colour="plot-good"), Series(word="Refused", colour="plot-bad"))
        assert [(entry.word, entry.total) for entry in build_legend(series=series, totals=(1200, 0))] == [
            ("Issued", "1,200")
        ]
