"""Takes Redis away from a running sync in every way there is and measures how soon work goes on once it is back.

    python tests/faults/redis_loop.py [--seed 1] [--visitors 2000] [--port 9430] [--redis-port 9420]

Starts a redis-server of its own, without persistence, so that stopping it loses everything in it; a sandbox, a worker
and a scheduler. Flushes, freezes, stops and kills Redis, each for a while. Ends with 1 when work took longer than ten
seconds to go on, or links are lost or doubled. Not part of the tests.
"""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults import kill_loop

LIMIT_S = 10.0
AWAY_S = 8.0


def main():
    numbers = {"seed": 1, "visitors": 2000, "port": 9430, "redis-port": 9420, "per-minute": 600}
    options = kill_loop.read_options(defaults=numbers)
    folder = tempfile.mkdtemp(prefix="zdbridge-redis-")
    options.database, options.redis = "", f"redis://127.0.0.1:{options.redis_port}/0"
    kill_loop.set_environment(options, folder=folder)
    started, redis = [], [start_redis(options)]
    try:
        started.append(kill_loop.start("-m", "sandbox", "--port", str(options.port)))
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=kill_loop.ROOT, check=True)
        truth = kill_loop.prepare(options)
        started += [kill_loop.start("manage.py", "up", "--only", role) for role in kill_loop.ROLES]
        return loop(options, started=started, redis=redis, truth=truth)
    finally:
        for process in [*reversed(started), *redis]:
            process.terminate()
            process.wait(timeout=60)


def start_redis(options):
    place = ["--port", str(options.redis_port), "--bind", "127.0.0.1"]
    command = ["redis-server", *place, "--save", "", "--appendonly", "no"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def loop(options, *, started, redis, truth):
    from linking.models import Integration, SyncRun

    mine, began = Integration.objects.get(slug=kill_loop.SLUG), time.monotonic()
    runs = SyncRun.objects.filter(integration=mine)
    kill_loop.wait_for_a_pass(runs, started=started)
    resumes = []
    for name in ("flushed", "frozen", "stopped", "killed"):
        time.sleep(3)
        spoil(name, options=options, redis=redis)
        resumes.append(kill_loop.seconds_until_it_goes_on(runs, integration=mine, started=started))
        print(f"{name}: went on {resumes[-1]:.1f} s after it was back", flush=True)
    verdict = kill_loop.verdict(mine, truth=truth, resumes=resumes, began=began)
    return int(bool(verdict) or max(resumes) > LIMIT_S)


def spoil(name, *, options, redis):
    """Take Redis away for a while, but for `flushed`, which it survives empty."""
    if name == "flushed":
        subprocess.run(["redis-cli", "-p", str(options.redis_port), "flushall"], check=True, stdout=subprocess.DEVNULL)
    elif name == "frozen":
        redis[0].send_signal(signal.SIGSTOP)
        time.sleep(AWAY_S)
        redis[0].send_signal(signal.SIGCONT)
    else:
        redis[0].send_signal(signal.SIGTERM if name == "stopped" else signal.SIGKILL)
        redis[0].wait(timeout=30)
        time.sleep(AWAY_S)
        redis[0] = start_redis(options)


if __name__ == "__main__":
    raise SystemExit(main())
