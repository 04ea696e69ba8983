"""Measures the token route's slow answers while eight clients hammer the slowest page of the dashboard.

    python3 benchmarks/isolation.py --rounds 5 --seconds 4

One web process as the product runs it, on SQLite with made-up visitors, pinned to one core; everything that asks comes
from the other. Quiet and hammered bursts take turns; the figure is the median of the rounds' ratios of the 99th
percentile. Also measured: how long a change of the settings takes to reach every process.
"""

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import token_route
from token_route import LOAD_CORE, ROOT, Server

HAMMERS = 8
PAGES = (
    "/",
    "/?q=smith",
    "/?q=sm",
    "/?state=anonymous",
    "/conflicts/",
    "/sync/",
    "/setup/bench/",
    "/admin/linking/visitor/",
)
PREPARE = """
import datetime
from django.contrib.auth.models import Group, User
from django.test import Client
from linking.models import Integration, Visitor
now = datetime.datetime.now(datetime.UTC)
integration = Integration.objects.get()
names = ("Smith", "Jones", "Garcia", "Ito", "Nowak", "Okafor", "Silva", "Weber")
Visitor.objects.bulk_create(
    [
        Visitor(
            integration=integration,
            visitor_id=f"7700{n:07d}.ab3XkQ9zLm",
            name=f"{names[n % 8]} {n}",
            email=f"player{n}@player.example",
            state="anonymous",
            first_seen_at=now - datetime.timedelta(days=9),
            last_seen_at=now - datetime.timedelta(seconds=n),
            checked_at=now,
        )
        for n in range(VISITORS)
    ],
    batch_size=2000,
)
user = User.objects.create_superuser("bench", password=None)
user.groups.set(Group.objects.all())
client = Client()
client.force_login(user)
print("; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items()))
"""


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    with tempfile.TemporaryDirectory(prefix="zdbridge-isolation-") as folder:
        environment = token_route.bridge_environment(Path(folder))
        cookie = _prepared(environment, visitors=arguments.visitors)
        server = Server(name="zdbridge", command=token_route.web(8720), port=8720, environment=environment)
        with token_route.running(server):
            page = _slowest(server, cookie=cookie)
            quiet, hammered = [], []
            for _ in range(arguments.rounds):
                quiet.append(_p99_ms(server, seconds=arguments.seconds))
                with _hammering(server, page=page, cookie=cookie):
                    hammered.append(_p99_ms(server, seconds=arguments.seconds))
        print(f"slowest page: {page}, {arguments.visitors} visitors")
        ratio = statistics.median(high / low for high, low in zip(hammered, quiet, strict=True))
        print("token p99, quiet:    " + ", ".join(f"{one:.1f} ms" for one in quiet))
        loud = ", ".join(f"{one:.1f} ms" for one in hammered)
        print(f"token p99, hammered: {loud}; ratio {ratio:.1f}")
        spreading_s = _spreading_s(environment, folder=Path(folder))
        print(f"a change of the settings reached 2 processes within {spreading_s:.2f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--visitors", type=int, default=50_000)
    return parser.parse_args()


def _prepared(environment: dict[str, str], *, visitors: int) -> str:
    """Fill the store and return the Cookie header of somebody who may see everything."""
    collect = [sys.executable, "-W", "ignore", "-m", "django", "collectstatic", "--noinput", "-v", "0"]
    subprocess.run(collect, cwd=ROOT, env=os.environ | environment, check=True)
    code = f"VISITORS = {visitors}\n{PREPARE}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "django", "shell", "-c", code],
        cwd=ROOT, env=os.environ | environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip().splitlines()[-1]


def _slowest(server: Server, *, cookie: str) -> str:
    times: dict[str, float] = {}
    for page in PAGES:
        for _ in range(3):
            begun = time.perf_counter()
            status = _get(server, path=page, cookie=cookie)
            if status != 200:
                raise SystemExit(f"{page} answers {status}")
            times[page] = min(times.get(page, 60.0), time.perf_counter() - begun)
    for page, taken in sorted(times.items(), key=lambda item: -item[1]):
        print(f"{page}: {taken * 1000:.0f} ms", file=sys.stderr)
    return max(times, key=lambda page: times[page])


def _get(server: Server, *, path: str, cookie: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@contextmanager
def _hammering(server: Server, *, page: str, cookie: str) -> Iterator[None]:
    # One light process for all of them: what they cost must not be taken from whoever measures on the same core.
    address = f"http://127.0.0.1:{server.port}{page}"
    command = ["wrk", "-t1", f"-c{HAMMERS}", "-d600s", "--timeout", "60s", "-H", f"Cookie: {cookie}", address]
    clients = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    try:
        yield
    finally:
        clients.kill()
        clients.wait()
        time.sleep(1)


def _p99_ms(server: Server, *, seconds: int) -> float:
    """Ask for tokens one after another over one kept connection and return the 99th percentile."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Cookie": token_route.cookie(), "Origin": token_route.ORIGIN}
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        connection.request("GET", "/generate/token", headers=headers)
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - begun) * 1000)
        if answer.status != 200:
            raise SystemExit(f"the token route answers {answer.status}")
        time.sleep(0.002)
    return statistics.quantiles(times, n=100)[98]


def _spreading_s(environment: dict[str, str], *, folder: Path) -> float:
    """Change the Login secret under load and return the seconds until the last answer to a token of the old one."""
    server = Server(name="zdbridge", command=token_route.web(8721, processes=2), port=8721, environment=environment)
    accepted_at = [0.0]
    is_over = threading.Event()

    def ask() -> None:
        headers = {"Cookie": token_route.cookie()}
        while not is_over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            connection.request("GET", "/generate/token", headers=headers)
            if connection.getresponse().status == 200:
                accepted_at[0] = max(accepted_at[0], time.time())
            connection.close()

    with token_route.running(server):
        askers = [threading.Thread(target=ask) for _ in range(4)]
        for asker in askers:
            asker.start()
        time.sleep(1)
        new = folder / "new_secret.json"
        new.write_text('{"login_secret_key": "another-secret-of-the-benchmark-only"}')
        command = [sys.executable, "-W", "ignore", "-m", "django", "integration", "set", "bench", "--json", str(new)]
        subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)
        changed_at = _changed_at(environment)
        time.sleep(3)
        is_over.set()
        for asker in askers:
            asker.join()
    return max(0.0, accepted_at[0] - changed_at)


def _changed_at(environment: dict[str, str]) -> float:
    code = "from linking.models import Integration; print(Integration.objects.get().updated_at.timestamp())"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "django", "shell", "-c", code],
        cwd=ROOT, env=os.environ | environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
