from pathlib import Path

import pytest

from zdbridge.broker.folder_queue import FolderQueue
from zdbridge.up.child_specs import build_child_environment, build_child_specs
from zdbridge.up.launch_plan import LaunchPlan, read_plan

SERVERS = {"DATABASE_URL": "postgresql://u@h/d", "REDIS_URL": "redis://127.0.0.1/0"}


def plan(*arguments: str, **environment: str) -> LaunchPlan:
    return read_plan(arguments=arguments, environment=environment)


class TestBuildChildEnvironment:
    def test_points_login_at_the_sandbox(self) -> None:
        added = build_child_environment(plan=plan(ZDBRIDGE_SANDBOX_PORT="9333"), environment={})
        assert added["XSOLLA_LOGIN_API_URL"] == "http://127.0.0.1:9333/login/api"
        assert added["ZDBRIDGE_ALLOW_LOOPBACK"] == "1"

    @pytest.mark.parametrize("name", ["XSOLLA_LOGIN_API_URL", "XSOLLA_LOGIN_API_URL_FILE", "ZDBRIDGE_ALLOW_LOOPBACK"])
    def test_keeps_what_the_operator_set(self, name: str) -> None:
        assert name.removesuffix("_FILE") not in build_child_environment(plan=plan(), environment={name: "set"})

    def test_opens_nothing_without_the_sandbox(self) -> None:
        added = build_child_environment(plan=plan(ZDBRIDGE_SANDBOX="0"), environment={})
        assert not {"ZDBRIDGE_ALLOW_LOOPBACK", "XSOLLA_LOGIN_API_URL"} & set(added)


class TestWorkers:
    def test_uses_threads_on_the_folder_broker_and_processes_on_redis(self) -> None:
        pools = [
            spec.command[spec.command.index("--pool") + 1]
            for made in (plan("--only", "worker"), plan("--only", "worker", **SERVERS))
            for spec in build_child_specs(plan=made, environment={})
            if spec.name == "worker"
        ]
        assert pools == ["threads", "prefork"]

    @pytest.mark.parametrize("environment", [{}, SERVERS])
    def test_leaves_what_people_ask_for_to_a_worker_of_its_own(self, environment: dict[str, str]) -> None:
        specs = build_child_specs(plan=plan("--only", "worker", **environment), environment={})
        queues = {spec.name: spec.command[spec.command.index("--queues") + 1] for spec in specs}
        assert queues == {"worker": "celery", "refresh": "ask,refresh"}

    def test_gets_held_messages_back_before_each_start(self, tmp_path: Path) -> None:
        queue = FolderQueue(folder=tmp_path / "queue")
        queue.put(queue="celery", payload={"properties": {}})
        queue.create(queue="celery")
        queue.take(queue="celery")
        made = plan("--only", "worker", ZDBRIDGE_DATA_DIR=str(tmp_path))
        build_child_specs(plan=made, environment={})[0].before_start()
        assert queue.count(queue="celery") == 1

    def test_never_runs_the_scheduler_inside(self) -> None:
        commands = [spec.command for spec in build_child_specs(plan=plan(), environment={}) if spec.name == "worker"]
        assert not {"-B", "--beat"} & set(commands[0])
