from pathlib import Path

import pytest

from zdbridge.broker.folder_queue import FolderQueue
from zdbridge.env import BadSetting
from zdbridge.up.roles import BadRequest, Plan, child_environment, child_specs, reachable, read_plan

GROWN = {"DATABASE_URL": "postgresql://u@h/d", "REDIS_URL": "redis://127.0.0.1/0"}


def plan(*arguments: str, **environment: str) -> Plan:
    return read_plan(arguments=arguments, environment=environment)


def names(made: Plan) -> list[str]:
    return [spec.name for spec in child_specs(plan=made, environment={})]


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
        with pytest.raises(BadRequest, match="needs DATABASE_URL"):
            plan(*options)

    def test_has_as_many_workers_as_asked_on_redis(self) -> None:
        assert names(plan("--workers", "2", ZDBRIDGE_SANDBOX="0", **GROWN)) == [
            "web",
            "worker1",
            "worker2",
            "refresh",
            "beat",
        ]

    def test_takes_the_demo_away_only_where_it_is_not_made_again(self) -> None:
        assert plan("--purge-demo", ZDBRIDGE_SANDBOX="0").is_purging
        assert plan("--purge-demo", "--only", "web").is_purging
        with pytest.raises(BadRequest, match="ZDBRIDGE_SANDBOX=0"):
            plan("--purge-demo")

    @pytest.mark.parametrize("count", ["0", "-1", "65", "many", "²"])
    def test_refuses_counts_that_cannot_be_meant(self, count: str) -> None:
        with pytest.raises(SystemExit):
            plan("--web", count, **GROWN)

    def test_refuses_a_port_that_is_none(self) -> None:
        with pytest.raises(BadSetting, match="ZDBRIDGE_PORT"):
            plan(ZDBRIDGE_PORT="http")

    def test_reads_a_variable_from_its_file(self, tmp_path: Path) -> None:
        (tmp_path / "port").write_text("8123\n")
        assert plan(ZDBRIDGE_PORT_FILE=str(tmp_path / "port")).port == 8123


class TestChildEnvironment:
    def test_points_login_at_the_sandbox(self) -> None:
        added = child_environment(plan=plan(ZDBRIDGE_SANDBOX_PORT="9333"), environment={})
        assert added["XSOLLA_LOGIN_API_URL"] == "http://127.0.0.1:9333/login/api"
        assert added["ZDBRIDGE_ALLOW_LOOPBACK"] == "1"

    @pytest.mark.parametrize("name", ["XSOLLA_LOGIN_API_URL", "XSOLLA_LOGIN_API_URL_FILE", "ZDBRIDGE_ALLOW_LOOPBACK"])
    def test_keeps_what_the_operator_set(self, name: str) -> None:
        assert name.removesuffix("_FILE") not in child_environment(plan=plan(), environment={name: "set"})

    def test_opens_nothing_without_the_sandbox(self) -> None:
        added = child_environment(plan=plan(ZDBRIDGE_SANDBOX="0"), environment={})
        assert not {"ZDBRIDGE_ALLOW_LOOPBACK", "XSOLLA_LOGIN_API_URL"} & set(added)


class TestWorker:
    def test_uses_threads_on_the_folder_broker_and_processes_on_redis(self) -> None:
        pools = [
            spec.command[spec.command.index("--pool") + 1]
            for made in (plan("--only", "worker"), plan("--only", "worker", **GROWN))
            for spec in child_specs(plan=made, environment={})
            if spec.name == "worker"
        ]
        assert pools == ["threads", "prefork"]

    @pytest.mark.parametrize("environment", [{}, GROWN])
    def test_leaves_what_people_ask_for_to_a_worker_of_its_own(self, environment: dict[str, str]) -> None:
        specs = child_specs(plan=plan("--only", "worker", **environment), environment={})
        queues = {spec.name: spec.command[spec.command.index("--queues") + 1] for spec in specs}
        assert queues == {"worker": "celery", "refresh": "ask,refresh"}

    def test_gets_held_messages_back_before_each_start(self, tmp_path: Path) -> None:
        queue = FolderQueue(folder=tmp_path / "queue")
        queue.put(queue="celery", payload={"properties": {}})
        queue.create(queue="celery")
        queue.take(queue="celery")
        made = plan("--only", "worker", ZDBRIDGE_DATA_DIR=str(tmp_path))
        child_specs(plan=made, environment={})[0].before_start()
        assert queue.count(queue="celery") == 1

    def test_never_runs_the_scheduler_inside(self) -> None:
        commands = [spec.command for spec in child_specs(plan=plan(), environment={}) if spec.name == "worker"]
        assert not {"-B", "--beat"} & set(commands[0])


class TestReachable:
    @pytest.mark.parametrize(("host", "reached"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.1", "127.0.0.1")])
    def test_turns_a_wildcard_into_loopback(self, host: str, reached: str) -> None:
        assert reachable(host) == reached

    def test_writes_ipv6_into_addresses_in_brackets(self) -> None:
        assert plan(ZDBRIDGE_HOST="::").address == "http://[::1]:8000"
