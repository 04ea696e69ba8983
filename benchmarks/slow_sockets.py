"""Measures the token route while strangers hold connections open and send next to nothing.

    python3 benchmarks/slow_sockets.py --sockets 40 300 --rounds 5 --seconds 2 [--through nginx caddy haproxy]

One web process as the product runs it, on SQLite. Each kind of slow socket is tried in turn: a head that never ends,
bodies that come by a byte a second or not at all, on the paths strangers can reach. One that is cut off comes again.
Quiet and besieged bursts of tokens, asked for one after another, take turns; the figures are medians of the rounds, how
many tokens failed (4 s are too long), and the median of the rounds' ratios of the 99th percentile. `--through` puts a
proxy in front, configured by the snippet of docs/running.md, where the program is installed.

Loopback only; ends by itself.
"""

import argparse
import http.client
import multiprocessing
import os
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

import documented_proxies
import token_route
from token_route import ORIGIN, ROOT, Server

PORT, PROXY_PORT = 8741, 8742
TOO_LONG_S = 4.0
# A made-up cookie has the form's own token looked for, in the body.
FORM = f"Content-Type: application/x-www-form-urlencoded\r\nCookie: zdbridge_csrftoken={'a' * 32}\r\n"
LENGTH = "Content-Length: 60000\r\n"
KINDS = {
    "slow head": ("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", True),
    "webhook": (f"POST /api/v1/hooks/zendesk/nobody HTTP/1.1\r\nHost: 127.0.0.1\r\n{LENGTH}\r\n", True),
    "sign-in": (f"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n{FORM}{LENGTH}\r\n", True),
    "sign-in, mute": (f"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n{FORM}{LENGTH}\r\n", False),
    "token": (f"POST /generate/token HTTP/1.1\r\nHost: 127.0.0.1\r\n{LENGTH}\r\n", True),
    "front page": (f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n{FORM}{LENGTH}\r\n", True),
}


@dataclass(frozen=True)
class Burst:
    """What one stretch of tokens saw."""

    p50_ms: float
    p99_ms: float
    count: int
    failed: int


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="zdbridge-slow-") as folder:
        environment = token_route.bridge_environment(Path(folder))
        collect = [sys.executable, "-W", "ignore", "-m", "django", "collectstatic", "--noinput", "-v", "0"]
        subprocess.run(collect, cwd=ROOT, env=os.environ | environment, check=True)
        server = Server(name="zdbridge", command=token_route.web(PORT), port=PORT, environment=environment)
        with token_route.running(server):
            _report("directly", port=PORT, arguments=arguments)
            for name in arguments.through:
                with _proxy(name, folder=Path(folder)):
                    _report(f"behind {name}", port=PROXY_PORT, arguments=arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sockets", type=int, nargs="+", default=[40, 300])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS))
    parser.add_argument("--through", nargs="*", choices=documented_proxies.RUN, default=[])
    return parser.parse_args()


def _report(title: str, *, port: int, arguments: argparse.Namespace) -> None:
    _tokens(port=port, seconds=0.5)
    print(f"\n{title}\n| sockets | kind | quiet p50 / p99 ms | besieged p50 / p99 ms | failed | ratio of p99 |")
    print("|---|---|---|---|---|---|")
    for count in arguments.sockets:
        for kind in arguments.kinds:
            print(
                f"| {count} | {kind} | {_compared(port=port, kind=kind, count=count, arguments=arguments)} |",
                flush=True,
            )


def _compared(*, port: int, kind: str, count: int, arguments: argparse.Namespace) -> str:
    quiet, loud = [], []
    for _ in range(arguments.rounds):
        quiet.append(_tokens(port=port, seconds=arguments.seconds))
        with _besieged(port=port, kind=kind, count=count):
            loud.append(_tokens(port=port, seconds=arguments.seconds))
    ratio = statistics.median(high.p99_ms / low.p99_ms for high, low in zip(loud, quiet, strict=True))
    failed, asked = sum(one.failed for one in loud), sum(one.count for one in loud)
    return f"{_medians(quiet)} | {_medians(loud)} | {failed} of {asked} | {ratio:.1f}"


def _medians(bursts: list[Burst]) -> str:
    p50_ms, p99_ms = (statistics.median(getattr(one, name) for one in bursts) for name in ("p50_ms", "p99_ms"))
    return f"{p50_ms:.1f} / {p99_ms:.1f}"


def _tokens(*, port: int, seconds: float) -> Burst:
    headers = {"Cookie": token_route.cookie(), "Origin": ORIGIN}
    times, failed = [], 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TOO_LONG_S)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        begun = time.perf_counter()
        try:
            connection.request("GET", "/generate/token", headers=headers)
            answer = connection.getresponse()
            answer.read()
            failed += answer.status != 200
        except (OSError, http.client.HTTPException):
            connection.close()
            failed += 1
        times.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.002)
    connection.close()
    times.sort()
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    return Burst(p50_ms=statistics.median(times), p99_ms=p99, count=len(times), failed=failed)


@contextmanager
def _besieged(*, port: int, kind: str, count: int) -> Iterator[None]:
    # A process of its own, so that the besiegers do not slow down who measures.
    stop, ready = multiprocessing.Event(), multiprocessing.Event()
    besieger = multiprocessing.Process(target=_besiege, args=(port, kind, count, stop, ready))
    besieger.start()
    ready.wait(timeout=20)
    time.sleep(1.0)
    try:
        yield
    finally:
        stop.set()
        besieger.join(timeout=30)
        time.sleep(0.5)


def _besiege(port: int, kind: str, count: int, stop: Event, ready: Event) -> None:
    """Keep `count` slow sockets open until `stop`; each that is closed over there is opened anew, once a second."""
    head, trickles = KINDS[kind]
    selector = selectors.DefaultSelector()
    while not stop.is_set():
        while len(selector.get_map()) < count:
            _open(selector, port=port, head=head)
        ready.set()
        until = time.monotonic() + 1.0
        while (left := until - time.monotonic()) > 0 and not stop.is_set():
            for key, _ in selector.select(timeout=min(left, 0.2)):
                _drop_ended(selector, key.fileobj)
        if trickles:
            for key in list(selector.get_map().values()):
                _trickle(selector, key.fileobj)
    for key in list(selector.get_map().values()):
        _drop(selector, key.fileobj)


def _open(selector: selectors.BaseSelector, *, port: int, head: str) -> None:
    one = socket.create_connection(("127.0.0.1", port), timeout=TOO_LONG_S)
    one.sendall(head.encode())
    one.setblocking(False)
    selector.register(one, selectors.EVENT_READ)


def _trickle(selector: selectors.BaseSelector, one: socket.socket) -> None:
    try:
        one.send(b"x")
    except OSError:
        _drop(selector, one)


def _drop_ended(selector: selectors.BaseSelector, one: socket.socket) -> None:
    try:
        if not one.recv(65_536):
            _drop(selector, one)
    except BlockingIOError:
        pass
    except OSError:
        _drop(selector, one)


def _drop(selector: selectors.BaseSelector, one: socket.socket) -> None:
    selector.unregister(one)
    one.close()


@contextmanager
def _proxy(name: str, *, folder: Path) -> Iterator[None]:
    """Run a proxy on `PROXY_PORT` with the documented configuration, brought down to plain http on loopback."""
    program = shutil.which(name)
    if program is None:
        raise SystemExit(f"{name} is not installed.")
    file = documented_proxies.write(name, folder=folder, port=PROXY_PORT, bridge_ports=(PORT, PORT))
    command = [program, *documented_proxies.RUN[name], str(file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    try:
        time.sleep(1.5)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


if __name__ == "__main__":
    main()
