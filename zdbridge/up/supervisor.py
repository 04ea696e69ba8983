"""`manage.py up`: prepares, starts the children, restarts those that end, and ends everything. It imports no Django.

One thread decides. Signal handlers only set a flag, and the readers of the children's output only print.
"""

import errno
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
from zdbridge.up import announce, shared_environment
from zdbridge.up.child_specs import build_child_environment, build_child_specs
from zdbridge.up.children import Child, ChildSpec
from zdbridge.up.launch_plan import BadArguments, LaunchPlan, PreparePlan, find_reachable_host, read_plan
from zdbridge.up.locks import AlreadyRunning, hold
from zdbridge.up.log_lines import build_log_line
from zdbridge.up.watchdog import Watchdog

# This many exits in a row, each within this many seconds of the start, end `up`.
EARLY_EXIT_S, MAX_EARLY_EXITS = 10.0, 5
# A child that still runs this long after SIGTERM is killed. Everything has to end within 10 s.
TERM_GRACE_S = 8.0
_POLL_S = 0.1
_READY_HINT_AFTER_S, _PROBE_EVERY_S = 30.0, 0.4
_print_lock = threading.Lock()


class GaveUp(Exception):
    """A child ends again and again; `child` has its last lines."""

    def __init__(self, child: Child) -> None:
        super().__init__(child.spec.name)
        self.child = child


def main(*, arguments: Sequence[str]) -> int:
    """Run `up`; return 0 after Ctrl-C or SIGTERM, 1 when it cannot start or gives up."""
    stop = _stop_on_signals()
    try:
        plan = read_plan(arguments=arguments, environment=os.environ)
        make_files_private()
        _create_data_dir(plan.data_dir)
        if count := tighten(plan.data_dir):
            write_line(
                "up", f"Other accounts had access to {count} files in {plan.data_dir}. The files are private now."
            )
        with hold(data_dir=plan.data_dir, names=_find_lock_names(plan)) as locks:
            _refuse_taken_ports(plan)
            environment = {**os.environ, **build_child_environment(plan=plan, environment=os.environ)}
            with shared_environment.publish(data_dir=plan.data_dir, environment=environment):
                return _run(plan=plan, stop=stop, locks=locks)
    except (BadArguments, BadSetting, AlreadyRunning) as error:
        print(f"zdbridge: {error}", file=sys.stderr)
        return 1


def _run(*, plan: LaunchPlan, stop: threading.Event, locks: Sequence[int]) -> int:
    prepared = _prepare(plan=plan, stop=stop)
    if prepared is None:
        return 0 if stop.is_set() else 1
    supervisor = Supervisor(specs=build_child_specs(plan=plan, environment=os.environ), stop=stop, inherited_fds=locks)
    try:
        supervisor.start()
        _greet_when_ready(plan=plan, prepared=prepared, supervisor=supervisor)
        supervisor.watch()
    except GaveUp as error:
        supervisor.end()
        _print_last_lines(error.child)
        return 1
    finally:
        supervisor.end()
    return 0


class Supervisor:
    """Keeps the children running until `stop` is set."""

    def __init__(self, *, specs: Sequence[ChildSpec], stop: threading.Event, inherited_fds: Sequence[int] = ()) -> None:
        self._children = [
            _SupervisedChild(Child(spec=spec, write_line=write_line, inherited_fds=inherited_fds)) for spec in specs
        ]
        self._stop = stop

    def start(self) -> None:
        """Start every child once, in order."""
        for supervised in self._children:
            if not self._stop.is_set():
                supervised.start()

    def watch(self, *, until: float = float("inf")) -> None:
        """Restart children that end, until `stop` is set or the monotonic time `until`. Raises: GaveUp."""
        while not self._stop.is_set() and time.monotonic() < until:
            for supervised in self._children:
                supervised.check(now_s=time.monotonic())
            self._stop.wait(_POLL_S)

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` is set."""
        return self._stop.is_set()

    def end(self) -> None:
        """End every child: SIGTERM first, SIGKILL after `TERM_GRACE_S`. A second call does nothing."""
        children = [supervised.child for supervised in self._children]
        for child in children:
            child.terminate()
        deadline = time.monotonic() + TERM_GRACE_S
        while any(child.is_running for child in children) and time.monotonic() < deadline:
            time.sleep(_POLL_S / 2)
        for child in children:
            child.clean_up()
        for supervised in self._children:
            supervised.end_watch()


class _SupervisedChild:
    """A child with its restart policy: it waits 1, 2, 4, 8 s, and gives up after five early exits in a row."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self._early_exits = 0
        self._restart_at_s: float | None = None
        self._watchdog = Watchdog(child.spec.pulse) if child.spec.pulse is not None else None

    def start(self) -> None:
        """Start the child, and watch it from now on."""
        if self._watchdog is not None:
            self._watchdog.begin(now_s=time.monotonic())
        self.child.start()

    def end_watch(self) -> None:
        """Leave no file behind."""
        if self._watchdog is not None:
            self._watchdog.end()

    def check(self, *, now_s: float) -> None:
        """Handle an exit, kill a child that works no more, or restart when it is time. Raises: GaveUp."""
        if self.child.is_running:
            if self._watchdog is not None and self._watchdog.is_wedged(now_s=now_s):
                write_line("up", f"{self.child.spec.name} does not respond. It is killed and starts again.")
                self._watchdog.begin(now_s=now_s)
                self.child.kill()
            return
        if self._restart_at_s is None:
            self._restart_at_s = now_s + self._handle_exit(now_s=now_s)
        elif now_s >= self._restart_at_s:
            self._restart_at_s = None
            self.start()

    def _handle_exit(self, *, now_s: float) -> float:
        code = self.child.exit_code
        self.child.clean_up()
        is_early = now_s - self.child.started_at_s < EARLY_EXIT_S
        self._early_exits = self._early_exits + 1 if is_early else 1
        if self._early_exits >= MAX_EARLY_EXITS:
            raise GaveUp(self.child)
        delay_s = float(2 ** (self._early_exits - 1))
        write_line("up", f"{_describe_exit(self.child.spec.name, code)} It restarts in {delay_s:.0f} s.")
        return delay_s


def _describe_exit(name: str, code: int | None) -> str:
    if code is not None and (code > 128 or code < 0):
        # Negative when the keeper itself was killed.
        return f"{name} was ended by signal {code - 128 if code > 0 else -code}."
    return f"{name} ended with code {code}."


def _prepare(*, plan: LaunchPlan, stop: threading.Event) -> dict[str, Any] | None:
    """Run `zdbridge.up.prepare`; return its result, or None when it failed (it says why) or `stop` is set."""
    result = plan.data_dir / f".prepared-{os.getpid()}.json"
    prepare_plan = PreparePlan(
        is_whole=plan.is_whole,
        has_web="web" in plan.roles,
        has_demo=plan.has_demo,
        has_sandbox=plan.has_sandbox,
        is_purging=plan.is_purging,
        sandbox_port=plan.sandbox_port,
        result=str(result),
    )
    command = (sys.executable, "-m", "zdbridge.up.prepare", json.dumps(asdict(prepare_plan)))
    environment = build_child_environment(plan=plan, environment=os.environ)
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


def _greet_when_ready(*, plan: LaunchPlan, prepared: dict[str, Any], supervisor: Supervisor) -> None:
    hint_at_s = time.monotonic() + _READY_HINT_AFTER_S
    while missing := announce.find_missing(plan=plan):
        if time.monotonic() >= hint_at_s:
            write_line("up", missing)
            hint_at_s += _READY_HINT_AFTER_S
        supervisor.watch(until=time.monotonic() + _PROBE_EVERY_S)
        if supervisor.is_stopping:
            return
    greeting = announce.build_greeting(plan=plan, prepared=prepared)
    # People try the sandbox out; everything else may be read by a log collector.
    if plan.has_sandbox or sys.stdout.isatty():
        _print(greeting)
        return
    for line in filter(None, map(str.strip, greeting.splitlines())):
        write_line("up", line)


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


def _find_lock_names(plan: LaunchPlan) -> tuple[str, ...]:
    # With Redis one machine may run a role several times; only beat's schedule file would be shared.
    if plan.is_whole or not plan.has_redis:
        return plan.roles
    return tuple(role for role in plan.roles if role == "beat")


def _refuse_taken_ports(plan: LaunchPlan) -> None:
    listeners = [(plan.host, plan.port, "ZDBRIDGE_PORT")] if "web" in plan.roles else []
    listeners += [("127.0.0.1", plan.sandbox_port, "ZDBRIDGE_SANDBOX_PORT")] if plan.has_sandbox else []
    if len(listeners) == 2 and plan.port == plan.sandbox_port:
        raise BadArguments(f"ZDBRIDGE_PORT and ZDBRIDGE_SANDBOX_PORT are both {plan.port}. Change one of them.")
    for host, port, name in listeners:
        _refuse_taken_port(host=host.strip("[]"), port=port, name=name)


def _refuse_taken_port(*, host: str, port: int, name: str) -> None:
    try:
        family, kind, protocol, _canonical, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # Without this, a port whose last connections are still closing would look taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        place = f"Port {port} on {find_reachable_host(host)}"
        if error.errno == errno.EADDRINUSE:
            message = f"{place} is in use. Stop the program that uses it, or set {name} to another port."
        else:
            message = f"{place} cannot be opened ({error.strerror}). Set {name} to another port."
        raise BadArguments(message) from error


def _create_data_dir(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BadArguments(
            f"{path} cannot be created ({error.strerror}). Set ZDBRIDGE_DATA_DIR to a folder you own."
        ) from error


def _print_last_lines(child: Child) -> None:
    name = child.spec.name
    lines = "\n".join(f"    {line}" for line in child.last_lines)
    print(f"zdbridge: {name} ended {MAX_EARLY_EXITS} times in a row. Its last lines:\n{lines}", file=sys.stderr)


def write_line(name: str, line: str) -> None:
    """Print one line of a child: after its name in a terminal, else as JSON with the name as a field."""
    _print(f"{name:<8}| {line}" if sys.stdout.isatty() else build_log_line(name, line))


def _print(text: str) -> None:
    with _print_lock:
        try:
            print(text, flush=True)
        except (BrokenPipeError, ValueError):
            # Nothing reads the output any more (`up | head`, a closed terminal); the product goes on without it.
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
