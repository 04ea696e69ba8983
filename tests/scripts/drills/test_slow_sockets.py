"""How the table of the benchmark is judged."""

import pytest

from scripts.drills.report import EXIT_BROKEN, EXIT_KEPT, Report
from scripts.drills.slow_sockets import judge_table

pytestmark = pytest.mark.storeless
HEAD = (
    "directly\n| sockets | kind | quiet p50 / p99 ms | besieged p50 / p99 ms | failed | ratio of p99 |\n|---|---|---|\n"
)


class TestJudgeTable:
    @pytest.mark.parametrize(
        ("failed", "code"), [("0 of 650", EXIT_KEPT), ("104 of 130", EXIT_BROKEN)], ids=["none", "some"]
    )
    def test_promises_that_no_token_fails(self, failed, code):
        report = Report(write=lambda _line: None)
        judge_table(report, f"{HEAD}| 40 | slow head | 1.2 / 3.4 | 1.3 / 3.9 | {failed} | 1.1 |\n")
        assert report.close() == code

    def test_promises_nothing_for_a_table_that_it_cannot_read(self):
        report = Report(write=lambda _line: None)
        judge_table(report, HEAD)
        assert report.close() == EXIT_BROKEN
