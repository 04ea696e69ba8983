"""Away from a terminal every line of `up` is one JSON object, with the process as a field."""

import json

import pytest

from zdbridge.up import supervisor
from zdbridge.up.log_lines import build_log_line


class TestBuildLogLine:
    def test_keeps_the_fields_of_a_line_that_is_json(self):
        line = json.dumps({"at": "now", "level": "warning", "logger": "linking", "message": "late"})
        assert json.loads(build_log_line("worker1", line)) == {
            "at": "now", "level": "warning", "logger": "linking", "message": "late", "process": "worker1",
        }  # fmt: skip

    @pytest.mark.parametrize("line", ["Traceback (most recent call last):", "{no json", '{"a": 1}', "[1]"])
    def test_wraps_any_other_one(self, line):
        content = json.loads(build_log_line("beat", line))
        assert (content["message"], content["process"], content["level"]) == (line, "beat", "info")

    def test_is_one_line(self):
        assert "\n" not in build_log_line("beat", "two\u2028lines\x85here")


class TestWriteLine:
    @pytest.mark.parametrize(("is_terminal", "start"), [(True, "worker  | late"), (False, '{"at"')])
    def test_goes_by_the_reader(self, capsys, monkeypatch, is_terminal, start):
        monkeypatch.setattr(supervisor.sys.stdout, "isatty", lambda: is_terminal, raising=False)
        supervisor.write_line("worker", "late")
        assert capsys.readouterr().out.startswith(start)
