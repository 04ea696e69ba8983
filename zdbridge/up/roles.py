"""What `up` is asked to run, and the commands of its children."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zdbridge.broker.folder_queue import recover
from zdbridge.env import Environment, find_data_dir
from zdbridge.up.children import ChildSpec

ROOT = Path(__file__).resolve().parents[2]
ROLES = ("web", "worker", "beat")
# The queues of the two workers; zdbridge.settings says which task goes where.
_PASSES, _ASKED_FOR = ("celery",), ("ask", "refresh")
_WEBHOOK = "/api/v1/hooks/zendesk/demo"
_EMBEDDED_ONLY = (
    "{option} above 1 needs DATABASE_URL (PostgreSQL) and REDIS_URL: limits and the folder broker count on one"
)


class BadRequest(Exception):
    """The command line or the environment asks for what cannot be; the message is one line that says what to do."""


@dataclass(frozen=True)
class Plan:
    """Everything `up` needs to know, read once from the command line and the environment."""

    roles: tuple[str, ...]
    is_whole: bool
    data_dir: Path
    host: str
    port: int
    probe_name: str
    has_redis: bool
    is_grown: bool
    web_processes: int
    workers: int
    has_sandbox: bool
    has_demo: bool
    is_purging: bool
    sandbox_port: int

    @property
    def address(self) -> str:
        """The address of the web role as a browser on this machine reaches it."""
        return f"http://{_in_url(reachable(self.host))}:{self.port}"

    @property
    def sandbox_address(self) -> str:
        """The address of the sandbox."""
        return f"http://127.0.0.1:{self.sandbox_port}"


@dataclass(frozen=True)
class PreparePlan:
    """What `zdbridge.up.prepare` does; `result` is the path of the file its result is written to."""

    is_whole: bool
    has_web: bool
    has_demo: bool
    has_sandbox: bool
    is_purging: bool
    sandbox_port: int
    result: str


def read_plan(*, arguments: Sequence[str], environment: Mapping[str, str]) -> Plan:
    """Return the plan for `manage.py up ARGUMENTS`.

    Raises: BadRequest, zdbridge.env.BadSetting; SystemExit from argparse for an unknown option.
    """
    options = _parser().parse_args(list(arguments))
    env = Environment(source=environment)
    has_redis = bool(env.read_text("REDIS_URL"))
    is_grown = has_redis and env.read_text("DATABASE_URL").startswith("postgres")
    processes = options.web or ((os.cpu_count() or 1) if is_grown else 1)
    _refuse_many(is_allowed=is_grown, count=processes, option="--web")
    _refuse_many(is_allowed=is_grown, count=options.workers, option="--workers")
    has_sandbox = options.only is None and env.read_boolean("ZDBRIDGE_SANDBOX", default=True)
    if options.purge_demo and has_sandbox:
        raise BadRequest("--purge-demo ends a try-out: set ZDBRIDGE_SANDBOX=0 with it, or the demo would be made again")
    return Plan(
        roles=(options.only,) if options.only else ROLES,
        is_whole=options.only is None,
        data_dir=find_data_dir(env),
        host=env.read_text("ZDBRIDGE_HOST", default="127.0.0.1"),
        port=env.read_integer("ZDBRIDGE_PORT", default=8000, low=1, high=65535),
        probe_name=env.read_hosts("ZDBRIDGE_ALLOWED_HOSTS")[0].lstrip("."),
        has_redis=has_redis,
        is_grown=is_grown,
        web_processes=processes,
        workers=options.workers,
        has_sandbox=has_sandbox,
        has_demo=has_sandbox and not options.no_demo,
        is_purging=options.purge_demo,
        sandbox_port=env.read_integer("ZDBRIDGE_SANDBOX_PORT", default=9100, low=1, high=65535),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="manage.py up", description="Run the whole product in the foreground. Ctrl-C ends it."
    )
    parser.add_argument(
        "--only", choices=ROLES, help="run this one role; nothing is migrated, no sandbox, no demo data"
    )
    parser.add_argument(
        "--web", type=_count, metavar="N", help="web processes (default: one a core, one without Redis)"
    )
    parser.add_argument("--workers", type=_count, default=1, metavar="N", help="worker processes (default: 1)")
    parser.add_argument(
        "--no-demo", action="store_true", help="run the sandbox, but make no demo people or integration"
    )
    parser.add_argument(
        "--purge-demo", action="store_true", help="first take away the demo people and the demo integrations"
    )
    return parser


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 64):
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 64")
    return int(text)


def _refuse_many(*, is_allowed: bool, count: int, option: str) -> None:
    if count > 1 and not is_allowed:
        raise BadRequest(_EMBEDDED_ONLY.format(option=option))


def child_environment(*, plan: Plan, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables every child gets over the inherited ones; what the operator set is kept."""
    added = {"PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "zdbridge.settings"}
    if plan.has_sandbox:
        sandbox = {
            "ZDBRIDGE_ALLOW_LOOPBACK": "1",
            "XSOLLA_LOGIN_API_URL": f"{plan.sandbox_address}/login/api",
        }
        added |= {
            name: value
            for name, value in sandbox.items()
            if not environment.get(name) and not environment.get(f"{name}_FILE")
        }
    return added


def child_specs(*, plan: Plan, environment: Mapping[str, str]) -> list[ChildSpec]:
    """Return the children in the order they are started."""
    common = child_environment(plan=plan, environment=environment)
    specs = []
    if plan.has_sandbox:
        specs.append(ChildSpec(name="sandbox", command=_sandbox(plan)))
    if "web" in plan.roles:
        specs.append(ChildSpec(name="web", command=_web(plan), environment=common))
    if "worker" in plan.roles:
        specs += _workers(plan=plan, common=common)
    if "beat" in plan.roles:
        specs.append(ChildSpec(name="beat", command=_beat(plan), environment=common))
    return specs


def _sandbox(plan: Plan) -> tuple[str, ...]:
    # Without a web role the bridge's address is unknown here; the sandbox's own default is as good as any.
    webhook = ("--webhook", f"{plan.address}{_WEBHOOK}") if plan.has_demo else ()
    bridge = ("--bridge", plan.address, *webhook) if "web" in plan.roles else ()
    return _python("-m", "sandbox", "--port", str(plan.sandbox_port), *bridge)


def _web(plan: Plan) -> tuple[str, ...]:
    return _python("-m", "zdbridge.serving.web", plan.host.strip("[]"), str(plan.port), str(plan.web_processes))


def _workers(*, plan: Plan, common: Mapping[str, str]) -> list[ChildSpec]:
    if not plan.has_redis:
        # Threads, because a prefork child would have to share the folder's held messages with its parent.
        command = _worker("--queues", ",".join(_PASSES), "--pool", "threads", "--concurrency", "4")
        put_back = _put_back(plan, queues=_PASSES)
        return [
            ChildSpec(name="worker", command=command, environment=common, before_start=put_back),
            _refresher(plan=plan, common=common),
        ]
    specs = []
    for number in range(1, plan.workers + 1):
        name = "worker" if plan.workers == 1 else f"worker{number}"
        pool = ("--queues", ",".join(_PASSES), "--pool", "prefork", "--concurrency", "2")
        command = _worker(*pool, "--hostname", f"{name}-{os.getpid()}@%h")
        specs.append(ChildSpec(name=name, command=command, environment=common))
    return [*specs, _refresher(plan=plan, common=common)]


def _refresher(*, plan: Plan, common: Mapping[str, str]) -> ChildSpec:
    """Return the worker for what people ask for. It waits for Zendesk most of the time, so threads will do."""
    pool = ("--queues", ",".join(_ASKED_FOR), "--pool", "threads", "--concurrency", "4")
    if not plan.has_redis:
        put_back = _put_back(plan, queues=_ASKED_FOR)
        return ChildSpec(name="refresh", command=_worker(*pool), environment=common, before_start=put_back)
    command = _worker(*pool, "--hostname", f"refresh-{os.getpid()}@%h")
    return ChildSpec(name="refresh", command=command, environment=common)


def _worker(*options: str) -> tuple[str, ...]:
    return _celery("worker", *options, "--without-gossip", "--without-mingle", "--loglevel", "INFO")


def _put_back(plan: Plan, *, queues: Sequence[str]) -> Callable[[], None]:
    def put_back() -> None:
        # Only this process starts the one worker of a queue, so none runs now.
        for queue in queues:
            recover(folder=plan.data_dir / "queue", queue=queue, now_epoch_s=time.time())

    return put_back


def _beat(plan: Plan) -> tuple[str, ...]:
    # An empty pid file: a stale one after a power cut would keep beat from ever starting again.
    return _celery("beat", "--pidfile=", "--schedule", str(plan.data_dir / "beat-schedule"), "--loglevel", "WARNING")


def _celery(*arguments: str) -> tuple[str, ...]:
    # Celery's several lines about running as root are replaced by the supervisor's one.
    return _python("-W", "ignore::Warning:celery.platforms", "-m", "celery", "-q", "-A", "zdbridge.celery", *arguments)


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)


def reachable(host: str) -> str:
    """Return the host to connect to for a listening address: a wildcard is reached on loopback."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1"}.get(host, host)  # noqa: S104


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
