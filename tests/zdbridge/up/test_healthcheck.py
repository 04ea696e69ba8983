import socket

import pytest

from zdbridge.up import healthcheck

pytestmark = pytest.mark.storeless


class TestHealthcheck:
    def test_fails_in_one_line_where_nothing_serves(self, monkeypatch, capsys) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        monkeypatch.setenv("ZDBRIDGE_PORT", str(port))
        assert (healthcheck.main(), capsys.readouterr().out.count("\n")) == (1, 1)

    def test_passes_where_the_role_serves(self, monkeypatch, capsys) -> None:
        monkeypatch.setattr(healthcheck, "find_missing", lambda *, plan: "" if plan.roles == ("web",) else "no")
        assert (healthcheck.main(), capsys.readouterr().out) == (0, "")

    def test_says_which_variable_makes_no_sense(self, monkeypatch, capsys) -> None:
        monkeypatch.setenv("ZDBRIDGE_PORT", "eighty")
        assert (healthcheck.main(), "ZDBRIDGE_PORT" in capsys.readouterr().out) == (1, True)
