from linking.dashboard.plots.strip import HEIGHT, LEAST, STEP, Run, draw_strip


def draw(*seconds, slots=4):
    runs = [Run(seconds=one, colour="plot-good", title=f"{one} s") for one in seconds]
    return draw_strip(runs=runs, slots=slots, summary="")


class TestDrawStrip:
    def test_makes_the_longest_as_high_as_the_strip(self):
        assert [bar.height for bar in draw(5, 10).bars] == [HEIGHT // 2, HEIGHT]

    def test_stands_every_bar_on_the_ground(self):
        assert all(bar.y + bar.height == HEIGHT for bar in draw(1, 5, 10).bars)

    def test_keeps_the_shortest_visible(self):
        assert draw(0, 100).bars[0].height == LEAST

    def test_puts_the_newest_at_the_end(self):
        assert [bar.x for bar in draw(1, 2).bars] == [2 * STEP, 3 * STEP]

    def test_leaves_out_the_oldest(self):
        assert [bar.title for bar in draw(1, 2, 3, 4, 5).bars] == ["2 s", "3 s", "4 s", "5 s"]
