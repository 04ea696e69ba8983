from linking.dashboard.plots.lines import HEIGHT, Point, draw_line
from linking.dashboard.plots.scales import PlotTable


def draw(*values, **options):
    points = [Point(value=value, title=f"step {number}") for number, value in enumerate(values)]
    return draw_line(
        summary="", points=points, ticks=(), table=PlotTable(head=(), rows=()), colour="plot-good", **options
    )


class TestDrawLine:
    def test_begins_at_nothing_and_ends_at_a_round_number(self):
        plot = draw(0, 300)
        assert (plot.line, plot.top, plot.half) == (f"M5 {HEIGHT}L15 75", "400", "200")

    def test_draws_a_gap_and_no_zero_where_nothing_was_counted(self):
        assert draw(2, 2, None, 2, 2).line == "M5 0L15 0 M35 0L45 0"

    def test_draws_a_point_alone_as_a_dot(self):
        assert draw(None, 2, None).line == "M15 0h0"

    def test_says_nothing_of_a_gap(self):
        assert [spot.title for spot in draw(1, None, 2).spots] == ["step 0", "step 2"]

    def test_takes_an_end_and_a_unit(self):
        plot = draw(50, end=100, unit="%s %%")
        assert (plot.line, plot.top, plot.half) == ("M5 150h0", "100 %", "50 %")

    def test_closes_the_area_at_the_ground(self):
        assert draw(2, 1).area == f"M5 {HEIGHT}L5 0L15 150L15 {HEIGHT}Z"
