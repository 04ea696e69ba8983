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


OPEN = "http://127.0.0.1:8000/"


class TestSteps:
    PEOPLE = ({"username": "agent", "password": "a-word", "group": "agents"},)
    LEAD = {"username": "lead", "password": "another-word", "group": "leads"}

    def build(self, *people, environment=None) -> list[str]:
        plan = read_plan(arguments=[], environment=environment or {})
        return announce.build_greeting(plan=plan, prepared={"people": people}).splitlines()

    def test_come_last_and_are_numbered(self) -> None:
        steps = [line for line in self.build(*self.PEOPLE, self.LEAD) if line.lstrip()[:2] in ("1.", "2.", "3.")]
        assert steps == [
            "    1. Open the shop: http://127.0.0.1:9100/shop/",
            "    2. Sign in there as Nadia, open the chat and write a line. The chat shows a visitor ID.",
            f"    3. Open {OPEN}, sign in as lead with the password another-word, and search for that visitor ID.",
        ]

    def test_tell_no_password_that_was_changed(self) -> None:
        lines = self.build(*self.PEOPLE, {**self.LEAD, "password": ""})
        assert "    3. Open http://127.0.0.1:8000/, sign in as lead, and search for that visitor ID." in lines

    def test_say_where_the_data_lie_and_how_to_leave(self) -> None:
        text = "\n".join(self.build(self.LEAD, environment={"ZDBRIDGE_DATA_DIR": "/srv/zdbridge"}))
        assert "  Data        /srv/zdbridge\n" in text
        assert "ZDBRIDGE_SANDBOX=0 python3 manage.py up --purge-demo" in text

    def test_are_not_there_without_a_demo(self, plan) -> None:
        assert "Nadia" not in announce.build_greeting(plan=plan, prepared={"people": []})
