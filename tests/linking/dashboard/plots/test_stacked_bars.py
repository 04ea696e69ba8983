from linking.dashboard.plots.scales import PlotTable, Series
from linking.dashboard.plots.stacked_bars import HALF, LEAST, STEP, Step, draw_stacked_bars

GOOD, BAD, WORSE = (Series(word=word, colour=f"plot-{word}") for word in ("good", "bad", "worse"))


def draw(*counts):
    """A plot of steps, each given as what is above and what is below."""
    return draw_stacked_bars(
        summary="", steps=[Step(title=f"step {number}", above=above, below=below)
                           for number, (above, below) in enumerate(counts)],
        above=(GOOD,), below=(BAD, WORSE), ticks=(), table=PlotTable(head=(), rows=()),
    )  # fmt: skip


class TestDrawStackedBars:
    def test_begins_every_bar_at_the_line_of_nothing(self):
        given, refused, _worse = draw(((100,), (300, 100))).columns[0].pieces
        assert (given.y + given.height, refused.y) == (HALF, HALF)

    def test_stacks_what_is_below_without_a_gap(self):
        _given, bad, worse = draw(((100,), (300, 100))).columns[0].pieces
        assert worse.y == bad.y + bad.height

    def test_gives_each_half_a_scale_of_its_own(self):
        plot = draw(((20_000,), (300, 0)))
        assert (plot.top, plot.bottom) == ("20,000", "400")

    def test_draws_a_few_of_many_so_that_they_are_seen(self):
        plot = draw(((0,), (1, 0)), ((0,), (10_000, 0)))
        assert plot.columns[0].pieces[0].height == LEAST

    def test_never_leaves_its_half(self):
        pieces = draw(((10,), (9, 1))).columns[0].pieces
        assert all(piece.y >= 0 and piece.y + piece.height <= 2 * HALF for piece in pieces)

    def test_gives_no_room_to_a_half_in_which_nothing_happened(self):
        plot = draw(((5,), (0, 0)))
        assert (plot.height, plot.baseline, plot.bottom) == (HALF, HALF, "")

    def test_hangs_refusals_alone_from_the_top(self):
        plot = draw(((0,), (5, 0)))
        assert (plot.height, plot.baseline, plot.top) == (HALF, 0, "")

    def test_places_the_steps_side_by_side(self):
        assert [column.x for column in draw(((1,), (0, 0)), ((1,), (0, 0))).columns] == [0, STEP]

    def test_adds_up_the_legend_over_all_steps(self):
        plot = draw(((5,), (1, 0)), ((7,), (0, 2)))
        assert [(entry.colour, entry.total) for entry in plot.legend] == [
            ("plot-good", "12"), ("plot-bad", "1"), ("plot-worse", "2"),
        ]  # fmt: skip
