"""Reads what `up` is to run, from its command line and the environment."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zdbridge.env import Environment, find_data_dir

ROLES = ("web", "worker", "beat")


class BadArguments(Exception):
    """The command line or the environment asks for something impossible; the message says in one line what to do."""


@dataclass(frozen=True)
class LaunchPlan:
    """Everything `up` needs to know. `is_whole` means all roles, with migrations and a greeting of their own."""

    roles: tuple[str, ...]
    is_whole: bool
    data_dir: Path
    host: str
    port: int
    probe_name: str
    has_redis: bool
    web_processes: int
    workers: int
    has_sandbox: bool
    has_demo: bool
    is_purging: bool
    sandbox_port: int

    @property
    def address(self) -> str:
        """The address of the web role for a browser on this machine."""
        host = find_reachable_host(self.host)
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"

    @property
    def sandbox_address(self) -> str:
        """The address of the sandbox."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def shop_address(self) -> str:
        """The address of the demo's shop."""
        return f"{self.sandbox_address}/shop/"


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


def read_plan(*, arguments: Sequence[str], environment: Mapping[str, str]) -> LaunchPlan:
    """Return the plan for `manage.py up ARGUMENTS`.

    Raises: BadArguments, zdbridge.env.BadSetting; SystemExit from argparse for an unknown option.
    """
    options = _build_parser().parse_args(list(arguments))
    env = Environment(source=environment)
    has_redis = bool(env.read_text("REDIS_URL"))
    has_servers = has_redis and env.read_text("DATABASE_URL").startswith("postgres")
    processes = options.web or ((os.cpu_count() or 1) if has_servers else 1)
    _refuse_many(is_allowed=has_servers, count=processes, option="--web")
    _refuse_many(is_allowed=has_servers, count=options.workers, option="--workers")
    has_sandbox = options.only is None and env.read_boolean("ZDBRIDGE_SANDBOX", default=True)
    if options.purge_demo and has_sandbox:
        raise BadArguments("--purge-demo needs ZDBRIDGE_SANDBOX=0, or this start would create the demo again.")
    return LaunchPlan(
        roles=(options.only,) if options.only else ROLES,
        is_whole=options.only is None,
        data_dir=find_data_dir(env),
        host=env.read_text("ZDBRIDGE_HOST", default="127.0.0.1"),
        port=env.read_integer("ZDBRIDGE_PORT", default=8000, low=1, high=65535),
        probe_name=env.read_hosts("ZDBRIDGE_ALLOWED_HOSTS")[0].lstrip("."),
        has_redis=has_redis,
        web_processes=processes,
        workers=options.workers,
        has_sandbox=has_sandbox,
        has_demo=has_sandbox and not options.no_demo,
        is_purging=options.purge_demo,
        sandbox_port=env.read_integer("ZDBRIDGE_SANDBOX_PORT", default=9100, low=1, high=65535),
    )


def find_reachable_host(host: str) -> str:
    """Return the host to connect to for a host to listen on: loopback for a wildcard."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1"}.get(host, host)  # noqa: S104


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="manage.py up", description="Run the whole product in the foreground. Ctrl-C stops it."
    )
    parser.add_argument("--only", choices=ROLES, help="run this role only, without migrations, sandbox and demo data")
    parser.add_argument(
        "--web", type=_parse_count, metavar="N", help="web processes (default: one per core, or one without Redis)"
    )
    parser.add_argument("--workers", type=_parse_count, default=1, metavar="N", help="worker processes (default: 1)")
    parser.add_argument("--no-demo", action="store_true", help="run the sandbox without demo accounts and integrations")
    parser.add_argument(
        "--purge-demo", action="store_true", help="first remove the demo accounts and the demo integrations"
    )
    return parser


def _parse_count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 64):
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 64")
    return int(text)


def _refuse_many(*, is_allowed: bool, count: int, option: str) -> None:
    if count > 1 and not is_allowed:
        raise BadArguments(
            f"{option} above 1 needs DATABASE_URL (PostgreSQL) and REDIS_URL: limits and the folder broker work with "
            "one process only."
        )
