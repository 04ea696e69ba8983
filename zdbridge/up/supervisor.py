"""`manage.py up`: prepares, starts the children, restarts the dead, ends everything. Holds no Django.

One thread decides: signal handlers only set a flag, the children's readers only print.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zdbridge.env import BadSetting
from zdbridge.private import make_files_private, tighten
from zdbridge.up import announce, running
from zdbridge.up.children import Child, ChildSpec
from zdbridge.up.locks import AlreadyRunning, hold
from zdbridge.up.roles import BadRequest, Plan, PreparePlan, child_environment, child_specs, reachable, read_plan

# A child that lived shorter than this died young; this many young deaths in a row end `up`.
YOUNG_S, MAX_YOUNG_DEATHS = 10.0, 5
# SIGTERM first; what still lives after this is killed. The promise is 10 s for everything.
TERM_GRACE_S = 8.0
_POLL_S = 0.1
_READY_HINT_AFTER_S, _PROBE_EVERY_S = 30.0, 0.4
_print_lock = threading.Lock()


class GaveUp(Exception):
    """A child cannot be kept alive; `child` holds its last lines."""

    def __init__(self, child: Child) -> None:
        super().__init__(child.spec.name)
        self.child = child


def main(*, arguments: Sequence[str]) -> int:
    """Run `up`; return the exit code: 0 after Ctrl-C or SIGTERM, 1 when it could not start or gave up."""
    stop = _stop_on_signals()
    try:
        plan = read_plan(arguments=arguments, environment=os.environ)
        make_files_private()
        _private_folder(plan.data_dir)
        if count := tighten(plan.data_dir):
            write_line("up", f"{count} files in {plan.data_dir} could be read by others; now they cannot")
        with hold(data_dir=plan.data_dir, names=_lock_names(plan)) as locks:
            _refuse_taken_ports(plan)
            environment = {**os.environ, **child_environment(plan=plan, environment=os.environ)}
            with running.publish(data_dir=plan.data_dir, environment=environment):
                return _run(plan=plan, stop=stop, locks=locks)
    except (BadRequest, BadSetting, AlreadyRunning) as error:
        print(f"zdbridge: {error}", file=sys.stderr)
        return 1


def _run(*, plan: Plan, stop: threading.Event, locks: Sequence[int]) -> int:
    prepared = _prepare(plan=plan, stop=stop)
    if prepared is None:
        return 0 if stop.is_set() else 1
    supervisor = Supervisor(specs=child_specs(plan=plan, environment=os.environ), stop=stop, kept_open=locks)
    try:
        supervisor.start()
        _greet_when_ready(plan=plan, prepared=prepared, supervisor=supervisor)
        supervisor.watch()
    except GaveUp as error:
        supervisor.end()
        _explain(error.child)
        return 1
    finally:
        supervisor.end()
    return 0


class Supervisor:
    """Keeps children alive until `stop` is set."""

    def __init__(self, *, specs: Sequence[ChildSpec], stop: threading.Event, kept_open: Sequence[int] = ()) -> None:
        self._kept = [_Kept(Child(spec=spec, write_line=write_line, kept_open=kept_open)) for spec in specs]
        self._stop = stop

    def start(self) -> None:
        """Start every child once, in order."""
        for kept in self._kept:
            if not self._stop.is_set():
                kept.child.start()

    def watch(self, *, until: float = float("inf")) -> None:
        """Restart what dies, until stopped or until the monotonic time `until`. Raises: GaveUp."""
        while not self._stop.is_set() and time.monotonic() < until:
            for kept in self._kept:
                kept.look(now_s=time.monotonic())
            self._stop.wait(_POLL_S)

    @property
    def is_stopping(self) -> bool:
        """Tell whether somebody asked for the end."""
        return self._stop.is_set()

    def end(self) -> None:
        """End every child: asked first, killed after `TERM_GRACE_S`. A second call does nothing."""
        children = [kept.child for kept in self._kept]
        for child in children:
            child.ask_to_end()
        deadline = time.monotonic() + TERM_GRACE_S
        while any(child.is_running for child in children) and time.monotonic() < deadline:
            time.sleep(_POLL_S / 2)
        for child in children:
            child.clean_up()


class _Kept:
    """A child with its restart policy: 1, 2, 4, 8 s of back-off, giving up after five young deaths in a row."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self._young_deaths = 0
        self._restart_at_s: float | None = None

    def look(self, *, now_s: float) -> None:
        """Notice a death, or restart when it is time. Raises: GaveUp."""
        if self.child.is_running:
            return
        if self._restart_at_s is None:
            self._restart_at_s = now_s + self._mourn(now_s=now_s)
        elif now_s >= self._restart_at_s:
            self._restart_at_s = None
            self.child.start()

    def _mourn(self, *, now_s: float) -> float:
        code = self.child.exit_code
        self.child.clean_up()
        is_young = now_s - self.child.started_at_s < YOUNG_S
        self._young_deaths = self._young_deaths + 1 if is_young else 1
        if self._young_deaths >= MAX_YOUNG_DEATHS:
            raise GaveUp(self.child)
        delay_s = float(2 ** (self._young_deaths - 1))
        write_line("up", f"{self.child.spec.name} {_how(code)}; starting it again in {delay_s:.0f} s")
        return delay_s


def _how(code: int | None) -> str:
    if code is not None and code > 128:
        return f"was ended by signal {code - 128}"
    return f"ended with code {code}"


def _prepare(*, plan: Plan, stop: threading.Event) -> dict[str, Any] | None:
    """Run `zdbridge.up.prepare`; return its result, or None when it failed (it has said why) or `stop` was set."""
    result = plan.data_dir / f".prepared-{os.getpid()}.json"
    asked = PreparePlan(
        is_whole=plan.is_whole,
        has_web="web" in plan.roles,
        has_demo=plan.has_demo,
        has_sandbox=plan.has_sandbox,
        is_purging=plan.is_purging,
        sandbox_port=plan.sandbox_port,
        result=str(result),
    )
    command = (sys.executable, "-m", "zdbridge.up.prepare", json.dumps(asdict(asked)))
    environment = child_environment(plan=plan, environment=os.environ)
    child = Child(spec=ChildSpec(name="setup", command=command, environment=environment), write_line=write_line)
    child.start()
    while child.is_running and not stop.wait(_POLL_S / 2):
        pass
    is_done = not stop.is_set() and child.exit_code == 0
    child.clean_up()
    try:
        return json.loads(result.read_text(encoding="utf-8")) if is_done else None
    finally:
        result.unlink(missing_ok=True)


def _greet_when_ready(*, plan: Plan, prepared: dict[str, Any], supervisor: Supervisor) -> None:
    hint_at_s = time.monotonic() + _READY_HINT_AFTER_S
    while missing := announce.missing(plan=plan):
        if time.monotonic() >= hint_at_s:
            write_line("up", f"still waiting: {missing}")
            hint_at_s += _READY_HINT_AFTER_S
        supervisor.watch(until=time.monotonic() + _PROBE_EVERY_S)
        if supervisor.is_stopping:
            return
    _print(announce.greeting(plan=plan, prepared=prepared))


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


def _lock_names(plan: Plan) -> tuple[str, ...]:
    # On Redis, single roles may be many on one machine; beat's schedule file is the one thing they would share.
    if plan.is_whole or not plan.has_redis:
        return plan.roles
    return tuple(role for role in plan.roles if role == "beat")


def _refuse_taken_ports(plan: Plan) -> None:
    wanted = [(plan.host, plan.port, "ZDBRIDGE_PORT")] if "web" in plan.roles else []
    wanted += [("127.0.0.1", plan.sandbox_port, "ZDBRIDGE_SANDBOX_PORT")] if plan.has_sandbox else []
    if len(wanted) == 2 and plan.port == plan.sandbox_port:
        raise BadRequest(f"ZDBRIDGE_PORT and ZDBRIDGE_SANDBOX_PORT are both {plan.port}: change one of them")
    for host, port, name in wanted:
        _refuse_taken_port(host=host.strip("[]"), port=port, name=name)


def _refuse_taken_port(*, host: str, port: int, name: str) -> None:
    try:
        family, kind, protocol, _canonical, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # Without this, a port whose last connections are still fading would look taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        reason = "is taken" if error.errno == 98 else f"cannot be listened on ({error.strerror})"
        raise BadRequest(
            f"port {port} on {reachable(host)} {reason}: stop what uses it, or set {name} to another one"
        ) from error


def _private_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BadRequest(
            f"{path} cannot be made ({error.strerror}): set ZDBRIDGE_DATA_DIR to a folder you own"
        ) from error


def _explain(child: Child) -> None:
    name = child.spec.name
    lines = "\n".join(f"    {line}" for line in child.last_lines)
    print(f"zdbridge: {name} died {MAX_YOUNG_DEATHS} times in a row; its last lines:\n{lines}", file=sys.stderr)


def write_line(name: str, line: str) -> None:
    """Print one line of a child behind its name."""
    _print(f"{name:<8}| {line}")


def _print(text: str) -> None:
    with _print_lock:
        try:
            print(text, flush=True)
        except (BrokenPipeError, ValueError):
            # Nobody reads any more (`up | head`, a closed terminal): the product goes on without its talk.
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
