"""How far a pass is, on terminals wide and narrow and on none."""

import io
import re

import pytest

from linking.management.progress import ProgressTeller, bar_line, progress_teller

ESCAPE = re.compile("\x1b\\[[0-9;]*[A-Za-z]")


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Seconds:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def counts(*, done=0, left=0, chats=0, pages=0):
    return {"lookups": done, "lookups_left": left, "chats": chats, "pages": pages}


def bar(columns, *, done=500, left=1500, per_minute=150.0):
    return bar_line(counts=counts(done=done, left=left), per_minute=per_minute, columns=columns)


class TestBarLine:
    def test_shows_done_total_rate_and_time_left(self):
        assert bar(120) == f"[{'#' * 10}{'.' * 30}] 500/2,000 visitors, 25 %, 150 a minute, about 10 minutes left"

    def test_leaves_the_rate_out_while_it_is_unknown(self):
        assert bar(100, per_minute=0.0).endswith("] 500/2,000 visitors, 25 %")

    def test_counts_chats_before_there_are_visitors(self):
        line = bar_line(counts=counts(chats=3000, pages=3), per_minute=0.0, columns=80)
        assert line == "3,000 chats read, 3 pages"

    @pytest.mark.parametrize("columns", range(-1, 120))
    def test_never_is_wider_than_the_terminal(self, columns):
        assert len(bar(columns)) <= max(0, columns)

    @pytest.mark.parametrize(
        ("columns", "kept"), [(48, "25 %"), (40, "500/2,000 visitors"), (20, "500/2,000 visitors")]
    )
    def test_keeps_the_most_telling_when_narrow(self, columns, kept):
        assert kept in bar(columns)

    @pytest.mark.parametrize(("done", "left", "filled"), [(0, 5, 0), (5, 0, 40), (1, 99_999, 0)])
    def test_fills_as_far_as_it_is(self, done, left, filled):
        assert bar(120, done=done, left=left, per_minute=0.0).count("#") == filled

    def test_of_too_many_to_count_says_so_instead_of_a_share(self):
        assert bar(120, left=100_000) == "500 visitors, more than 100,000 waiting, 150 a minute"


class TestProgressTeller:
    def teller(self, *, stream, columns=80, **changes):
        self.seconds = Seconds()
        return ProgressTeller(stream=stream, seconds=self.seconds, columns=lambda: columns, **changes)

    def test_writes_over_one_line_of_a_terminal(self):
        tell = self.teller(stream=(out := Terminal()), is_terminal=True)
        for done in (1_000_000, 2):
            tell(counts(done=done, left=5))
            self.seconds.now += 1
        first, second = out.getvalue().split("\r")[1:]
        assert ("\n" not in out.getvalue(), len(second) >= len(first)) == (True, True)

    def test_leaves_the_line_empty_in_the_end(self):
        tell = self.teller(stream=(out := Terminal()), is_terminal=True)
        tell(counts(left=5))
        tell.close()
        assert re.search(r"\r +\r\Z", out.getvalue())

    def test_does_not_write_more_often_than_eyes_follow(self):
        tell = self.teller(stream=(out := Terminal()), is_terminal=True)
        for done in range(100):
            tell(counts(done=done, left=5))
        assert out.getvalue().count("\r") == 1

    def test_knows_the_rate_from_where_the_visitors_began(self):
        tell = self.teller(stream=(out := Terminal()), is_terminal=True)
        tell(counts(chats=1000))
        self.seconds.now += 3600
        tell(counts(left=300))
        self.seconds.now += 60
        tell(counts(done=150, left=150))
        assert "150 a minute, about 1 minute left" in out.getvalue()

    def test_writes_plain_lines_where_there_is_no_terminal(self):
        tell = self.teller(stream=(out := io.StringIO()), is_terminal=False)
        for done in (0, 10, 20):
            tell(counts(done=done, left=20 - done))
            self.seconds.now += 29
        assert out.getvalue() == "0/20 visitors, 0 %\n20/20 visitors, 100 %, 21 a minute, less than a minute left\n"

    def test_closes_without_a_trace_where_nothing_was_drawn(self):
        tell = self.teller(stream=(out := io.StringIO()), is_terminal=False)
        tell.close()
        assert out.getvalue() == ""

    @pytest.mark.parametrize("done", [0, 3, 5])
    def test_colours_without_changing_the_text(self, done):
        drawn = []
        for has_colour in (False, True):
            tell = self.teller(stream=(out := Terminal()), is_terminal=True, has_colour=has_colour)
            tell(counts(done=done, left=5 - done))
            drawn.append(out.getvalue())
        assert ("\x1b" in drawn[1], ESCAPE.sub("", drawn[1])) == (done > 0, drawn[0])
        assert drawn[1].count("\x1b[32m") == drawn[1].count("\x1b[0m")


class TestChoosing:
    def chosen(self, monkeypatch, *, stream, **environment):
        for name in ("NO_COLOR", "TERM"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        tell = progress_teller(stream=stream, seconds=Seconds(), has_colour=True)
        return tell.is_terminal, tell.has_colour

    @pytest.mark.parametrize(
        ("environment", "expected"),
        [
            ({"TERM": "xterm"}, (True, True)),
            ({"TERM": "xterm", "NO_COLOR": "1"}, (True, False)),
            ({"TERM": "xterm", "NO_COLOR": ""}, (True, True)),
            ({"TERM": "dumb"}, (False, True)),
        ],
    )
    def test_goes_by_the_environment(self, monkeypatch, environment, expected):
        assert self.chosen(monkeypatch, stream=Terminal(), **environment) == expected

    def test_draws_nothing_into_a_pipe(self, monkeypatch):
        assert self.chosen(monkeypatch, stream=io.StringIO())[0] is False
