"""A PostgreSQL and a Redis of a drill's own, which it may stop, freeze and kill; they listen on loopback."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from scripts.drills.processes import list_descendants, send
from scripts.drills.report import DrillFailed

START_LIMIT_S, STOP_LIMIT_S = 120.0, 20.0
# PostgreSQL refuses to run as root.
POSTGRES_ACCOUNT = "postgres"


class Server:
    """One process that is started, stopped, frozen and started again."""

    def __init__(self, *, name: str, command: list[str], port: int, log: Path, account: str | None = None) -> None:
        self.name, self.port = name, port
        self._command, self._log, self._account = command, log, account
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return when its port answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, user=self._account, cwd=self._log.parent, start_new_session=True
            )
        wait_until(lambda: answers(self.port), limit_s=START_LIMIT_S, what=f"{self.name} does not start: {self._log}")

    def stop(self) -> None:
        """End it at once, as a crash would, but tidily (SIGINT is PostgreSQL's fast shutdown)."""
        if self._process is None or self._process.poll() is not None:
            return
        self.thaw()
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=STOP_LIMIT_S)

    def freeze(self) -> None:
        """Stop all its processes in their tracks: connections stay open and nothing answers."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            # The server itself first: stopped, it starts no further process.
            send([self._process.pid], number)
            send(list_descendants(self._process.pid), number)


def build_postgres(folder: Path, *, port: int) -> tuple[Server, str]:
    """Make a cluster in `folder` and return its server, not started, with the address of its database `zdbridge`."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = str(programs[-1]) if programs else shutil.which("initdb")
    if not found:
        raise DrillFailed("PostgreSQL is not installed (apt-get install postgresql).")
    account = POSTGRES_ACCOUNT if os.geteuid() == 0 else None
    data = folder / "postgres"
    data.mkdir(mode=0o700)
    if account:
        user = pwd.getpwnam(account)
        os.chown(data, user.pw_uid, user.pw_gid)
        folder.chmod(0o711)
    command = [found, "-D", str(data / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    done = subprocess.run([*command, "--no-sync"], user=account, cwd=data, capture_output=True, text=True)
    if done.returncode:
        raise DrillFailed(f"initdb: {done.stderr[-300:]}")
    options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(data), "fsync": "off"}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    program = str(Path(found).with_name("postgres"))
    server = Server(
        name="PostgreSQL", command=[program, "-D", str(data / "data"), "-p", str(port), *words],
        port=port, log=data / "log", account=account,
    )  # fmt: skip
    return server, f"postgresql://postgres@127.0.0.1:{port}/postgres"


def build_redis(folder: Path, *, port: int) -> tuple[Server, str]:
    """Return a Redis server, not started, that keeps nothing on disk, with its address."""
    program = shutil.which("redis-server")
    if program is None:
        raise DrillFailed("Redis is not installed (apt-get install redis-server).")
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    log = folder / "redis.log"
    server = Server(name="Redis", command=[*command, "--dir", str(folder)], port=port, log=log)
    return server, f"redis://127.0.0.1:{port}/0"


def answers(port: int) -> bool:
    """Return whether a port of this machine takes connections."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], *, limit_s: float, what: str) -> float:
    """Return after how many seconds a condition came true. Raises: DrillFailed with `what`."""
    begun_at_s = time.monotonic()
    while not condition():
        if time.monotonic() - begun_at_s > limit_s:
            raise DrillFailed(what)
        time.sleep(0.1)
    return time.monotonic() - begun_at_s
