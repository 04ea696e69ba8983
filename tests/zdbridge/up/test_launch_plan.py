from pathlib import Path

import pytest

from zdbridge.env import BadSetting
from zdbridge.up.child_specs import build_child_specs
from zdbridge.up.launch_plan import BadArguments, LaunchPlan, find_reachable_host, read_plan

SERVERS = {"DATABASE_URL": "postgresql://u@h/d", "REDIS_URL": "redis://127.0.0.1/0"}


def plan(*arguments: str, **environment: str) -> LaunchPlan:
    return read_plan(arguments=arguments, environment=environment)


def names(made: LaunchPlan) -> list[str]:
    return [spec.name for spec in build_child_specs(plan=made, environment={})]


class TestReadPlan:
    def test_runs_everything_by_default(self) -> None:
        assert names(plan()) == ["sandbox", "web", "worker", "refresh", "beat"]

    def test_runs_no_sandbox_and_no_demo_when_told(self) -> None:
        made = plan(ZDBRIDGE_SANDBOX="0")
        assert (names(made), made.has_demo) == (["web", "worker", "refresh", "beat"], False)

    @pytest.mark.parametrize(
        ("role", "children"), [("web", ["web"]), ("worker", ["worker", "refresh"]), ("beat", ["beat"])]
    )
    def test_runs_one_role_alone(self, role: str, children: list[str]) -> None:
        made = plan("--only", role)
        assert (names(made), made.is_whole, made.has_demo) == (children, False, False)

    def test_runs_the_sandbox_without_demo_data(self) -> None:
        made = plan("--no-demo")
        assert (made.has_sandbox, made.has_demo) == (True, False)

    @pytest.mark.parametrize("options", [("--web", "2"), ("--workers", "2")])
    def test_refuses_many_processes_without_redis(self, options: tuple[str, str]) -> None:
        with pytest.raises(BadArguments, match="needs DATABASE_URL"):
            plan(*options)

    def test_has_as_many_workers_as_asked_on_redis(self) -> None:
        assert names(plan("--workers", "2", ZDBRIDGE_SANDBOX="0", **SERVERS)) == [
            "web",
            "worker1",
            "worker2",
            "refresh",
            "beat",
        ]

    def test_takes_the_demo_away_only_where_it_is_not_made_again(self) -> None:
        assert plan("--purge-demo", ZDBRIDGE_SANDBOX="0").is_purging
        assert plan("--purge-demo", "--only", "web").is_purging
        with pytest.raises(BadArguments, match="ZDBRIDGE_SANDBOX=0"):
            plan("--purge-demo")

    @pytest.mark.parametrize("count", ["0", "-1", "65", "many", "²"])
    def test_refuses_counts_that_cannot_be_meant(self, count: str) -> None:
        with pytest.raises(SystemExit):
            plan("--web", count, **SERVERS)

    def test_refuses_a_port_that_is_none(self) -> None:
        with pytest.raises(BadSetting, match="ZDBRIDGE_PORT"):
            plan(ZDBRIDGE_PORT="http")

    def test_reads_a_variable_from_its_file(self, tmp_path: Path) -> None:
        (tmp_path / "port").write_text("8123\n")
        assert plan(ZDBRIDGE_PORT_FILE=str(tmp_path / "port")).port == 8123


class TestFindReachableHost:
    @pytest.mark.parametrize(("host", "reached"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.1", "127.0.0.1")])
    def test_turns_a_wildcard_into_loopback(self, host: str, reached: str) -> None:
        assert find_reachable_host(host) == reached

    def test_writes_ipv6_into_addresses_in_brackets(self) -> None:
        assert plan(ZDBRIDGE_HOST="::").address == "http://[::1]:8000"
