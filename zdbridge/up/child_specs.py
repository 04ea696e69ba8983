"""Builds the commands and the environment of the processes that `up` starts."""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from zdbridge.broker.folder_queue import recover
from zdbridge.up.children import ChildSpec
from zdbridge.up.launch_plan import LaunchPlan

# The queues of the two workers; zdbridge.settings assigns the tasks.
_PASS_QUEUES, _REQUEST_QUEUES = ("celery",), ("ask", "refresh")
# The web role answers probes itself.
_UNWATCHED = ("sandbox", "web")
# `zdbridge.pulse` reads it in the child; importing that here would import Django.
PULSE_VARIABLE = "ZDBRIDGE_PULSE_FILE"
_WEBHOOKS = {"--webhook": "/api/v1/hooks/zendesk/demo", "--support-webhook": "/api/v1/hooks/zendesk/demo-messaging"}


def build_child_environment(*, plan: LaunchPlan, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that every child gets in addition; what the operator set is not replaced."""
    variables = {"PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "zdbridge.settings"}
    if plan.has_sandbox:
        sandbox = {
            "ZDBRIDGE_ALLOW_LOOPBACK": "1",
            "XSOLLA_LOGIN_API_URL": f"{plan.sandbox_address}/login/api",
        }
        if plan.has_demo:
            sandbox["ZDBRIDGE_DEMO_SHOP_URL"] = plan.shop_address
        variables |= {
            name: value
            for name, value in sandbox.items()
            if not environment.get(name) and not environment.get(f"{name}_FILE")
        }
    return variables


def build_child_specs(*, plan: LaunchPlan, environment: Mapping[str, str]) -> list[ChildSpec]:
    """Return the children in the order they are started."""
    variables = build_child_environment(plan=plan, environment=environment)
    specs = []
    if plan.has_sandbox:
        specs.append(ChildSpec(name="sandbox", command=_build_sandbox_command(plan)))
    if "web" in plan.roles:
        specs.append(ChildSpec(name="web", command=_build_web_command(plan), environment=variables))
    if "worker" in plan.roles:
        specs += _build_pass_workers(plan=plan, variables=variables)
        specs.append(_build_request_worker(plan=plan, variables=variables))
    if "beat" in plan.roles:
        specs.append(ChildSpec(name="beat", command=_build_beat_command(plan), environment=variables))
    return [_watch(spec, plan=plan) if spec.name not in _UNWATCHED else spec for spec in specs]


def _watch(spec: ChildSpec, *, plan: LaunchPlan) -> ChildSpec:
    """Return `spec` with a file of its own by which the child shows that it works."""
    # Several `up` can share a data folder.
    path = plan.data_dir / f".pulse-{spec.name}-{os.getpid()}"
    return replace(spec, pulse=path, environment={**spec.environment, PULSE_VARIABLE: str(path)})


def _build_sandbox_command(plan: LaunchPlan) -> tuple[str, ...]:
    # Without a web role the address of the bridge is unknown here, and the sandbox uses its default.
    webhooks = [part for option, path in _WEBHOOKS.items() for part in (option, f"{plan.address}{path}")]
    bridge = ("--bridge", plan.address, *(webhooks if plan.has_demo else ())) if "web" in plan.roles else ()
    return (sys.executable, "-m", "sandbox", "--port", str(plan.sandbox_port), *bridge)


def _build_web_command(plan: LaunchPlan) -> tuple[str, ...]:
    arguments = (plan.host.strip("[]"), str(plan.port), str(plan.web_processes))
    return (sys.executable, "-m", "zdbridge.serving.web", *arguments)


def _build_pass_workers(*, plan: LaunchPlan, variables: Mapping[str, str]) -> list[ChildSpec]:
    """Return the workers for ticks and passes."""
    if not plan.has_redis:
        # Threads, because a prefork child would have to share the folder's messages with its parent.
        command = _build_worker_command(_PASS_QUEUES, "--pool", "threads", "--concurrency", "4")
        recovery = _build_recovery(plan, queues=_PASS_QUEUES)
        return [ChildSpec(name="worker", command=command, environment=variables, before_start=recovery)]
    specs = []
    for number in range(1, plan.workers + 1):
        name = "worker" if plan.workers == 1 else f"worker{number}"
        pool = ("--pool", "prefork", "--concurrency", "2", "--hostname", f"{name}-{os.getpid()}@%h")
        command = _build_worker_command(_PASS_QUEUES, *pool)
        specs.append(ChildSpec(name=name, command=command, environment=variables))
    return specs


def _build_request_worker(*, plan: LaunchPlan, variables: Mapping[str, str]) -> ChildSpec:
    """Return the worker for what people request. It waits for Zendesk most of the time, so it uses threads."""
    pool = ("--pool", "threads", "--concurrency", "4")
    if not plan.has_redis:
        command, recovery = _build_worker_command(_REQUEST_QUEUES, *pool), _build_recovery(plan, queues=_REQUEST_QUEUES)
        return ChildSpec(name="refresh", command=command, environment=variables, before_start=recovery)
    command = _build_worker_command(_REQUEST_QUEUES, *pool, "--hostname", f"refresh-{os.getpid()}@%h")
    return ChildSpec(name="refresh", command=command, environment=variables)


def _build_worker_command(queues: Sequence[str], *options: str) -> tuple[str, ...]:
    options = ("--queues", ",".join(queues), *options, "--without-gossip", "--without-mingle", "--loglevel", "INFO")
    return _build_celery_command("worker", *options)


def _build_recovery(plan: LaunchPlan, *, queues: Sequence[str]) -> Callable[[], None]:
    def put_messages_back() -> None:
        # Only `up` starts the one worker of a queue, so none runs now.
        for queue in queues:
            recover(folder=plan.data_dir / "queue", queue=queue, now_epoch_s=time.time())

    return put_messages_back


def _build_beat_command(plan: LaunchPlan) -> tuple[str, ...]:
    # No pid file: a stale one after a power failure would keep beat from ever starting again.
    schedule = str(plan.data_dir / "beat-schedule")
    return _build_celery_command("beat", "--pidfile=", "--schedule", schedule, "--loglevel", "WARNING")


def _build_celery_command(*arguments: str) -> tuple[str, ...]:
    # Celery's warning about running as root is left out: the greeting has one line about it.
    quiet = ("-W", "ignore::Warning:celery.platforms")
    return (sys.executable, *quiet, "-m", "celery", "-q", "-A", "zdbridge.celery", *arguments)
