"""Drill: restart both web roles, one after the other, below a stream of tokens, and count the lost ones.

    python -m scripts.drills.restart_web [--proxy nginx|haproxy|caddy] [--tokens 3000] [--rate 50] [--port 8710]

It runs the command of deploy/systemd/zdbridge-web@.service twice, on two ports behind the shipped configuration of a
proxy (plain http on loopback), with a database and data folders of its own; DATABASE_URL and REDIS_URL are used where
they are set. A token is lost when its only try does not answer 200. Exit 0 when none is lost, else 1.
"""

import argparse
import http.client
import json
import os
import queue
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import jwt

from benchmarks import documented_proxies

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy" / "systemd" / "zdbridge-web@.service"
# Connections that the stream keeps open through the proxy.
CLIENTS = 8
# How long the drill waits for processes: on a machine that does much else, a role takes seven times as long to end.
START_LIMIT_S, STOP_LIMIT_S, ANSWER_LIMIT_S = 120.0, 60.0, 10.0


class DrillFailed(Exception):
    """The drill could not be run; the message says why."""


class Role:
    """One web role, as its unit starts it."""

    def __init__(self, *, port: int, folder: Path, environment: Mapping[str, str]) -> None:
        self.port = port
        self._log = folder / f"web-{port}.log"
        data = folder / f"web-{port}"
        data.mkdir(mode=0o700)
        self._environment = {**environment, "ZDBRIDGE_PORT": str(port), "ZDBRIDGE_DATA_DIR": str(data)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return when `/healthz` answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(read_command(), cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        end = time.monotonic() + START_LIMIT_S
        while not is_serving(self.port):
            if time.monotonic() > end or self._process.poll() is not None:
                raise DrillFailed(f"The web role on port {self.port} does not start: {self._log.read_text()[-500:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it with SIGTERM, as systemd does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=STOP_LIMIT_S)


class Stream:
    """Sends tokens at a steady rate and remembers what came of each."""

    def __init__(self, *, port: int, rate: float, token: str) -> None:
        self._port, self._rate, self._token = port, rate, token
        self._due: queue.Queue[float | None] = queue.Queue()
        self._lock = threading.Lock()
        self.latencies_s: list[float] = []
        self.losses: list[str] = []

    def run(self, *, at_least: int, until: threading.Event) -> None:
        """Send at least so many tokens, and go on until the event is set."""
        threads = [threading.Thread(target=self._send_due, daemon=True) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        begun_at_s, number = time.monotonic(), 0
        while number < at_least or not until.is_set():
            due_at_s = begun_at_s + number / self._rate
            time.sleep(max(0.0, due_at_s - time.monotonic()))
            self._due.put(due_at_s)
            number += 1
        for _ in threads:
            self._due.put(None)
        for thread in threads:
            thread.join()

    def _send_due(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_LIMIT_S)
        while (due_at_s := self._due.get()) is not None:
            loss = self._send(connection)
            with self._lock:
                # From when it was due, so that a stalled stream is not taken for a fast one.
                self.latencies_s.append(time.monotonic() - due_at_s)
                if loss:
                    self.losses.append(loss)

    def _send(self, connection: http.client.HTTPConnection) -> str:
        try:
            connection.request("GET", "/generate/token/drill", headers={"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return type(error).__name__
        return "" if answer.status == http.HTTPStatus.OK and b'"token"' in body else f"status {answer.status}"


def read_command() -> list[str]:
    """Return the command of the unit, run by this Python."""
    line = next(line for line in UNIT.read_text(encoding="utf-8").splitlines() if line.startswith("ExecStart="))
    return [sys.executable, *line.split()[1:]]


def is_serving(port: int) -> bool:
    """Return whether `/healthz` answers on a port of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def build_environment(folder: Path) -> dict[str, str]:
    """Return the variables of all roles: those of an installation of its own."""
    # `DJANGO_SETTINGS_MODULE` too: with the settings of the tests, roles could not open what `prepare` sealed.
    foreign = ("DJANGO_", "ZDBRIDGE_", "XSOLLA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    code = "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"
    keys = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() for _ in "12"]
    return {
        "DATABASE_URL": f"sqlite:///{folder / 'drill.sqlite3'}",
        **kept,
        "ZDBRIDGE_SECRET_KEY": keys[0] + keys[1][:20],
        "ZDBRIDGE_SEAL_KEYS": keys[1],
        "ZDBRIDGE_SANDBOX": "0",
        "ZDBRIDGE_TRUSTED_PROXIES": "127.0.0.1",
        # Every token of the drill is of one player and one address.
        "ZDBRIDGE_TOKEN_LIMIT_PER_ADDRESS": "0",
        "ZDBRIDGE_TOKEN_LIMIT_PER_USER": "0",
    }


def prepare(folder: Path, *, environment: Mapping[str, str]) -> str:
    """Migrate, make the integration `drill`, and return a Login JWT for it."""
    (folder / "set-up").mkdir(mode=0o700)
    variables = {**environment, "ZDBRIDGE_DATA_DIR": str(folder / "set-up")}
    settings = {
        "name": "Drill", "login_project_id": "drill-project", "login_secret_key": os.urandom(24).hex(),
        "zendesk_product": "chat", "zendesk_subdomain": "drill", "zendesk_account_key": os.urandom(16).hex(),
        "zendesk_shared_secret": os.urandom(32).hex(), "sync_enabled": False,
    }  # fmt: skip
    for words in (["migrate", "--verbosity", "0"], ["integration", "set", "drill", "--json", "-"]):
        done = subprocess.run(
            [sys.executable, "-m", "zdbridge", *words],
            cwd=ROOT, env=variables, input=json.dumps(settings), capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode != 0:
            raise DrillFailed(f"{' '.join(words)}: {done.stderr[-500:]}")
    now = int(time.time())
    claims = {
        "iss": "https://login.xsolla.com", "sub": "player-of-the-drill", "email": "player@drill.invalid",
        "xsolla_login_project_id": settings["login_project_id"], "iat": now, "exp": now + 3600,
    }  # fmt: skip
    return jwt.encode(claims, str(settings["login_secret_key"]), algorithm="HS256")


@contextmanager
def run_proxy(name: str, *, folder: Path, port: int, bridge_ports: tuple[int, int]) -> Iterator[None]:
    """Run a proxy with its shipped configuration, brought down to plain http on loopback."""
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if program is None:
        raise DrillFailed(f"{name} is not installed (apt-get install {'nginx-light' if name == 'nginx' else name}).")
    file = documented_proxies.write(name, folder=folder, port=port, bridge_ports=bridge_ports)
    with (folder / "proxy.log").open("ab") as log:
        process = subprocess.Popen([program, *documented_proxies.RUN[name], str(file)], stdout=log, stderr=log)
    try:
        end = time.monotonic() + START_LIMIT_S
        while not is_serving(port):
            if time.monotonic() > end or process.poll() is not None:
                raise DrillFailed(f"{name} does not start: {(folder / 'proxy.log').read_text()[-500:]}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=STOP_LIMIT_S)


def run_drill(*, proxy: str, tokens: int, rate: float, port: int, folder: Path) -> Stream:
    """Send the tokens while both roles restart, and return the stream with its losses.

    Raises: DrillFailed.
    """
    environment = build_environment(folder)
    stream = Stream(port=port, rate=rate, token=prepare(folder, environment=environment))
    roles = [Role(port=port + number, folder=folder, environment=environment) for number in (1, 2)]
    restarted, failures = threading.Event(), list[DrillFailed]()

    def restart() -> None:
        try:
            for role in roles:
                role.stop()
                role.start()
        except (DrillFailed, subprocess.TimeoutExpired) as error:
            failures.append(DrillFailed(str(error)))
        finally:
            restarted.set()

    with ExitStack() as stack:
        for role in roles:
            stack.callback(role.stop)
            role.start()
        stack.enter_context(run_proxy(proxy, folder=folder, port=port, bridge_ports=(port + 1, port + 2)))
        thread = threading.Thread(target=restart)
        thread.start()
        stream.run(at_least=tokens, until=restarted)
        thread.join()
    if failures:
        raise failures[0]
    return stream


def main() -> int:
    """Run the drill of the command line and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--proxy", choices=sorted(documented_proxies.RUN), default="nginx")
    parser.add_argument("--tokens", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=50.0, help="tokens a second")
    parser.add_argument("--port", type=int, default=8710, help="of the proxy; the roles take the two above it")
    options = parser.parse_args()
    # Otherwise SIGTERM would leave the roles and the proxy behind.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    with tempfile.TemporaryDirectory() as folder:
        try:
            stream = run_drill(**vars(options), folder=Path(folder))
        except DrillFailed as error:
            print(f"The drill could not be run. {error}", file=sys.stderr)
            return 2
    quantiles = statistics.quantiles(stream.latencies_s, n=100)
    print(f"proxy {options.proxy}, {options.rate:g} tokens/s, both web roles restarted")
    print(f"tokens {len(stream.latencies_s)}, lost {len(stream.losses)} {sorted(set(stream.losses)) or ''}")
    print(f"p50 {quantiles[49] * 1000:.1f} ms, p99 {quantiles[98] * 1000:.1f} ms, max {max(stream.latencies_s):.2f} s")
    return 1 if stream.losses else 0


if __name__ == "__main__":
    sys.exit(main())
