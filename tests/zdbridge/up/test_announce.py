import http.client

import pytest

from zdbridge.up import announce
from zdbridge.up.launch_plan import LaunchPlan, read_plan


@pytest.fixture
def plan() -> LaunchPlan:
    return read_plan(arguments=["--no-demo"], environment={"ZDBRIDGE_SANDBOX": "0"})


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """What was asked of a web role that serves while nothing else is well."""
    paths: list[str] = []

    def probe(*, path: str, **_where: object) -> tuple[int, str]:
        paths.append(path)
        return (http.client.OK, "") if path == "/healthz" else (http.client.SERVICE_UNAVAILABLE, "")

    monkeypatch.setattr(announce, "probe", probe)
    return paths


class TestFindMissing:
    def test_is_nothing_once_the_web_serves_be_it_ready_or_not(self, plan, asked) -> None:
        assert (announce.find_missing(plan=plan), asked) == ("", ["/healthz"])

    def test_names_the_web_while_it_does_not_answer(self, plan, monkeypatch) -> None:
        monkeypatch.setattr(announce, "probe", lambda **_where: (0, "ConnectionRefusedError"))
        assert (
            announce.find_missing(plan=plan) == "The web role does not respond yet (no answer: ConnectionRefusedError)."
        )


class TestBuildGreeting:
    def test_lists_what_is_wrong_below_the_addresses(self, plan) -> None:
        lines = announce.build_greeting(plan=plan, prepared={"flaws": ["Integration acme: …"]}).splitlines()
        assert lines.index("    Integration acme: …") > lines.index("  Dashboard   http://127.0.0.1:8000/")

    def test_says_nothing_more_where_all_is_well(self, plan) -> None:
        assert "Needs attention" not in announce.build_greeting(plan=plan, prepared={"flaws": []})

    def test_of_one_role_lists_it_too(self) -> None:
        plan = read_plan(arguments=["--only", "worker"], environment={})
        assert announce.build_greeting(plan=plan, prepared={"flaws": ["Integration acme: …"]}).endswith(
            "    Integration acme: …"
        )
