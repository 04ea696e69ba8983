"""Measures the served token endpoint beside its peers and prints ratios.

    python3 benchmarks/token_route.py --rounds 5 --seconds 5 [--players 1000]

The requests of `--players` players come in turn, each with a Login JWT of its own. A player's next page brings the same
token, which the endpoint need not verify again while it remembers it (`tokens/verified_tokens.py`): with more players
than it remembers, 200,000 say, each request is a full verification.

Needs Linux with two cores, Debian's packages `wrk golang-go golang-github-dgrijalva-jwt-go-dev
golang-github-rs-cors-dev`, and an environment with benchmarks/requirements.txt (made in a scratch folder on the first
run, or named with --peers). Each server runs alone, pinned to one core, the load comes from the other; the servers take
turns in every round, and the figures are medians of the rounds' ratios, because the machine's own speed drifts.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jwt

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SERVER_CORE, LOAD_CORE = "0", "1"
CONNECTIONS = 32
# Each connection walks through the players' tokens, which stand one a line in a file.
WALK = """
local cookies, at = {}, 0
for line in io.lines("%s") do cookies[#cookies + 1] = line end
request = function()
  at = at %% #cookies + 1
  wrk.headers["Cookie"] = cookies[at]
  return wrk.format()
end
"""
PROJECT_ID = "b7a1d0e2-5c3f-4e0a-8b7d-2f9c1a6e4d10"
SECRETS = {
    "LOGIN_SECRET_KEY": "login-secret-of-the-benchmark-only-00",
    "ZENDESK_SHARED_SECRET": "zendesk-secret-of-the-benchmark-only",
}
ORIGIN = "https://shop.example"
BASELINE = "go"


@dataclass(frozen=True)
class Server:
    """One program to measure; `command` starts it in `folder`, listening on `port`."""

    name: str
    command: tuple[str, ...]
    port: int
    folder: Path = ROOT
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Round:
    """What one burst of load saw."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    memory_mb: float


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="zdbridge-benchmark-") as folder:
        walk = _walk(folder=Path(folder), players=arguments.players)
        servers = _servers(folder=Path(folder), peers=arguments.peers or _peers(Path(folder)))
        chosen = [one for one in servers if not arguments.only or one.name in (*arguments.only, BASELINE)]
        rounds: dict[str, list[Round]] = {one.name: [] for one in chosen}
        for number in range(arguments.rounds):
            for server in chosen:
                rounds[server.name].append(_measure(server=server, seconds=arguments.seconds, walk=walk))
            print(f"round {number + 1} of {arguments.rounds} done", file=sys.stderr)
    print(_table(rounds))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--players", type=int, default=1000, help="how many players ask in turn")
    parser.add_argument("--only", nargs="*", default=[], help="measure these beside the Go program")
    parser.add_argument("--peers", type=Path, help="an environment that has benchmarks/requirements.txt")
    return parser.parse_args()


def _peers(folder: Path) -> Path:
    environment = folder / "peers"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    subprocess.run([str(environment / "bin/pip"), "install", "-q", "-r", str(HERE / "requirements.txt")], check=True)
    return environment


def _servers(*, folder: Path, peers: Path) -> list[Server]:
    shared = SECRETS | {"ORIGIN": ORIGIN}
    program = _go_program(folder)
    textbook = folder / "textbook"
    shutil.copytree(HERE / "peer_textbook", textbook)
    subprocess.run([peers / "bin/python", "textbook.py", "prepare"], cwd=textbook, env=os.environ | shared, check=True)
    gunicorn = (str(peers / "bin/gunicorn"), "--log-level", "error", "-b", "127.0.0.1:8703", "textbook:application")
    uvicorn = (str(peers / "bin/uvicorn"), "app:app", "--port", "8704", "--log-level", "error", "--no-access-log")
    bridge = bridge_environment(folder)
    return [
        Server(name="go", command=(str(program),), port=8700, environment=shared | {"PORT": "8700"}),
        Server(name="zdbridge", command=web(8701), port=8701, environment=bridge),
        Server(name="zdbridge-view", command=web(8702), port=8702, environment=bridge | {"ZDBRIDGE_TOKEN_FRONT": "0"}),
        Server(name="textbook-drf", command=gunicorn, port=8703, folder=textbook, environment=shared),
        Server(name="fastapi", command=uvicorn, port=8704, folder=HERE / "peer_fastapi", environment=shared),
    ]


def web(port: int, *, processes: int = 1) -> tuple[str, ...]:
    """Return the command that serves as the product does."""
    return (sys.executable, "-W", "ignore", "-m", "zdbridge.serving.web", "127.0.0.1", str(port), str(processes))


def _go_program(folder: Path) -> Path:
    program = folder / "peer_go"
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": "/usr/share/gocode",
        "GOCACHE": str(folder / "go-cache"),
    }
    subprocess.run(["go", "build", "-o", program, "main.go"], cwd=HERE / "peer_go", env=environment, check=True)
    return program


def bridge_environment(folder: Path) -> dict[str, str]:
    environment = {
        "ZDBRIDGE_DATA_DIR": str(folder / "bridge"),
        "ZDBRIDGE_TOKEN_LIMIT_PER_ADDRESS": "0",
        "ZDBRIDGE_TOKEN_LIMIT_PER_USER": "0",
        "DJANGO_SETTINGS_MODULE": "zdbridge.settings",
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    values = {
        "name": "Benchmark",
        "login_project_id": PROJECT_ID,
        "login_secret_key": SECRETS["LOGIN_SECRET_KEY"],
        "zendesk_shared_secret": SECRETS["ZENDESK_SHARED_SECRET"],
        "allowed_origins": [ORIGIN],
    }
    for words, text in (
        (["migrate", "-v", "0"], ""),
        (["integration", "set", "bench", "--json", "-"], json.dumps(values)),
    ):
        subprocess.run(
            [sys.executable, "-m", "django", *words],
            cwd=ROOT, env=os.environ | environment, input=text, text=True, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return environment


def _walk(*, folder: Path, players: int) -> Path:
    cookies, walk = folder / "cookies", folder / "walk.lua"
    cookies.write_text("".join(cookie(user_id=str(uuid.UUID(int=number))) + "\n" for number in range(players)))
    walk.write_text(WALK % cookies)
    return walk


def _measure(*, server: Server, seconds: int, walk: Path) -> Round:
    with running(server) as process:
        _load(server=server, seconds=1, walk=walk)
        before = _cpu_s(process.pid)
        text = _load(server=server, seconds=seconds, walk=walk)
        spent = _cpu_s(process.pid) - before
        memory = _memory_mb(process.pid)
    per_second = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])  # type: ignore[index]
    if "Non-2xx" in text:
        raise SystemExit(f"{server.name} refused: {text}")
    return Round(
        per_second=per_second,
        p50_ms=_latency_ms(text, percent="50%"),
        p99_ms=_latency_ms(text, percent="99%"),
        cpu_us=spent / (per_second * seconds) * 1e6,
        memory_mb=memory,
    )


@contextmanager
def running(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, *server.command],
        cwd=server.folder, env=os.environ | server.environment, start_new_session=True,
    )  # fmt: skip
    try:
        _wait_until_up(server)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


def _wait_until_up(server: Server) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(_request(server), timeout=1).read()  # noqa: S310 - our own server
            return
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise SystemExit(f"{server.name} answers {error.code}: {error.read()[:200]!r}") from error
            time.sleep(0.1)
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{server.name} did not start")


def cookie(*, user_id: str = "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01") -> str:
    now = int(time.time())
    claims = {
        "email": "nadia@player.example", "exp": now + 86_400, "iat": now, "iss": "https://login.xsolla.com",
        "groups": [{"id": 1204, "name": "default", "is_default": True}], "is_master": True, "publisher_id": 77001,
        "promo_email_agreement": False, "sub": user_id, "type": "xsolla_login",
        "username": "nadia", "xsolla_login_project_id": PROJECT_ID,
    }  # fmt: skip
    return "token=" + jwt.encode(claims, SECRETS["LOGIN_SECRET_KEY"], algorithm="HS256")


def _request(server: Server) -> urllib.request.Request:
    headers = {"Cookie": cookie(), "Origin": ORIGIN}
    return urllib.request.Request(f"http://127.0.0.1:{server.port}/generate/token", headers=headers)


def _load(*, server: Server, seconds: int, walk: Path) -> str:
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    headers = ["-s", str(walk), "-H", f"Origin: {ORIGIN}", "-H", "Sec-Fetch-Mode: cors"]
    address = f"http://127.0.0.1:{server.port}/generate/token"
    return subprocess.run([*command, *headers, address], check=True, capture_output=True, text=True).stdout


def _latency_ms(text: str, *, percent: str) -> float:
    number, unit = re.search(rf"{percent}\s+([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(word) for word in children.read_text().split()] if children.exists() else []
    return [pid, *(descendant for child in found for descendant in _family(child))]


def _cpu_s(pid: int) -> float:
    ticks = 0
    for member in _family(pid):
        fields = Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    """The proportional set size of the largest process of the family: what one worker costs."""
    sizes = []
    for member in _family(pid):
        text = Path(f"/proc/{member}/smaps_rollup").read_text()
        sizes.append(int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) / 1024)  # type: ignore[index]
    return max(sizes)


def _table(rounds: dict[str, list[Round]]) -> str:
    lines = [
        "| server, one core | ratio to Go | requests/s | p50 ms | p99 ms | p99 to Go | CPU µs | MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    base = rounds[BASELINE]
    for name, own in rounds.items():
        ratio = statistics.median(one.per_second / go.per_second for one, go in zip(own, base, strict=True))
        tail = statistics.median(one.p99_ms / go.p99_ms for one, go in zip(own, base, strict=True))
        median = {word: statistics.median(getattr(one, word) for one in own) for word in Round.__dataclass_fields__}
        lines.append(
            f"| {name} | {ratio:.2f} | {median['per_second']:,.0f} | {median['p50_ms']:.1f} | {median['p99_ms']:.1f} "
            f"| {tail:.2f} | {median['cpu_us']:.0f} | {median['memory_mb']:.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
