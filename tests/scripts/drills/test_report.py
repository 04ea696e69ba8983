"""What a drill prints, and its exit code."""

import pytest

from scripts.drills.report import EXIT_BROKEN, EXIT_INTERRUPTED, EXIT_KEPT, EXIT_NOT_RUN, DrillFailed, Report, run_drill

pytestmark = pytest.mark.storeless


@pytest.fixture
def lines():
    return []


@pytest.fixture
def report(lines):
    return Report(write=lines.append)


class TestReport:
    def test_prints_a_line_for_each_fact(self, report, lines):
        report.say("backup", "0.2 s")
        report.promise("tokens", is_kept=True, figure="10 of 10")
        report.promise("rows", is_kept=False)
        assert [line.split() for line in lines] == [
            ["backup:", "0.2", "s"],
            ["kept", "tokens:", "10", "of", "10"],
            ["BROKEN", "rows"],
        ]

    def test_ends_well_when_every_promise_was_kept(self, report, lines):
        report.promise("tokens", is_kept=True)
        assert (report.close(), lines[-1]) == (EXIT_KEPT, "1 of 1 promises kept")

    def test_ends_badly_when_one_was_broken(self, report):
        report.promise("tokens", is_kept=True)
        report.promise("rows", is_kept=False)
        assert report.close() == EXIT_BROKEN

    def test_ends_badly_when_nothing_was_promised(self, report):
        report.say("backup", "0.2 s")
        assert report.close() == EXIT_BROKEN


class TestRunDrill:
    def test_returns_the_exit_code_of_the_report(self):
        assert run_drill(lambda report: report.promise("rows", is_kept=False), limit_s=60) == EXIT_BROKEN

    @pytest.mark.parametrize(
        ("error", "code"),
        [(DrillFailed("no port"), EXIT_NOT_RUN), (KeyboardInterrupt(), EXIT_INTERRUPTED)],
        ids=["failed", "ctrl-c"],
    )
    def test_says_when_it_was_not_run_to_its_end(self, error, code):
        def drill(_report):
            raise error

        assert run_drill(drill, limit_s=60) == code

    def test_gives_up_after_its_time(self):
        def drill(_report):
            while True:
                pass

        assert run_drill(drill, limit_s=0.01) == EXIT_NOT_RUN
