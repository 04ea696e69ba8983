"""Takes Redis away from a running sync in every way there is and measures how soon work goes on once it is back.

    python tests/faults/redis_loop.py [--rounds 1] [--seed 1] [--visitors 2000] [--port 9430] [--redis-port 9420]
        [--spoil] [--messaging]

Starts the roles and a redis-server of its own, without persistence: stopping it loses everything in it. Flushes,
fills, freezes, stops and kills it, each for a while, and asks for tokens five times a second meanwhile. `--spoil` stops
the web role for some seconds, which must be noticed. Ends with 1 when work took longer than ten seconds to go on, links
are lost or doubled, or any answer was not a token. Not part of the tests.
"""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults import rig as rigs
from tests.faults.support_rig import choose_rig

LIMIT_S = 10.0
AWAY_S = 8.0
MAX_MEMORY = 3_000_000
WAYS = ("flushed", "full", "frozen", "stopped", "killed")


def main():
    numbers = {"port": 9430, "redis-port": 9420, "per-minute": 600, "rounds": 1}
    options = rigs.read_options(about=__doc__, defaults=numbers, flags=("spoil", "messaging"))
    options.redis = f"redis://127.0.0.1:{options.redis_port}/0"
    redis = [start_redis(options)]
    try:
        with choose_rig(options) as rig, rig.tokens_asked_for() as tokens:
            rig.wait_for_a_pass()
            resumes = loop(rig, redis=redis)
            if options.spoil:
                signal_web(rig)
            options.spoil = False
            rig.hurry()
            found = rig.settle()
    finally:
        redis[0].kill()
        redis[0].wait()
    late = sum(one > LIMIT_S for one in resumes)
    return rigs.verdict(
        told=f"{len(resumes)} faults: {rigs.told(found)}; went on {max(resumes):.1f} s at most after Redis was back; "
        f"{tokens}",
        flaws=[
            *rigs.mapping_flaws(found),
            f"{late} times later than {LIMIT_S:.0f} s" if late else "",
            f"{tokens.others} answers without a token" if tokens.others else "",
        ],
    )


def signal_web(rig):
    """Let the web role's serving processes stand still for longer than anybody waits."""
    web = rig.processes[rig.roles.index("web")]
    pids = [pid for keeper in rigs.children(web.pid) for pid in rigs.below(keeper)]
    for number, pause_s in ((signal.SIGSTOP, 7), (signal.SIGCONT, 0)):
        for pid in pids:
            subprocess.run(["kill", f"-{int(number)}", str(pid)], check=False)
        time.sleep(pause_s)


def start_redis(options):
    place = ["--port", str(options.redis_port), "--bind", "127.0.0.1"]
    command = ["redis-server", *place, "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
    return subprocess.Popen([*command, "--maxmemory", str(MAX_MEMORY)], stdout=subprocess.DEVNULL)


def loop(rig, *, redis):
    """Spoil Redis in each way, in a random order each round; return the seconds until the sync went on."""
    rng, resumes = random.Random(rig.options.seed), []
    for _ in range(rig.options.rounds):
        for name in rng.sample(WAYS, len(WAYS)):
            rig.keep_busy(at_least=500)
            time.sleep(rng.uniform(1, 6))
            spoil(name, options=rig.options, redis=redis)
            sync_s = rig.seconds_until_it_goes_on()
            tick_s = sync_s + seconds_until_a_message(rig)
            resumes.append(tick_s)
            print(f"{name}: next call {sync_s:.1f} s, next message {tick_s:.1f} s after it was back", flush=True)
    return resumes


def seconds_until_a_message(rig, *, limit_s=180.0):
    """Return how long it takes until the worker takes a message from now on: each tick leaves its time."""
    from django.utils import timezone

    from linking.models import Heartbeat

    began_at, began = timezone.now(), time.monotonic()
    ticks = Heartbeat.objects.filter(name="tick", beat_at__gte=began_at)
    while not rig.look(ticks.exists) and time.monotonic() - began < limit_s:
        time.sleep(0.1)
        rig.revive()
    return time.monotonic() - began


def spoil(name, *, options, redis):
    """Take Redis away for a while, but for `flushed`, which it survives empty."""
    if name == "flushed":
        tell(options, "flushall")
    elif name == "full":
        size = fill(options)
        time.sleep(AWAY_S)
        tell(options, "del", *[f"filler:{number}" for number in range(size)])
    elif name == "frozen":
        redis[0].send_signal(signal.SIGSTOP)
        time.sleep(AWAY_S)
        redis[0].send_signal(signal.SIGCONT)
    else:
        redis[0].send_signal(signal.SIGTERM if name == "stopped" else signal.SIGKILL)
        redis[0].wait(timeout=30)
        time.sleep(AWAY_S)
        redis[0] = start_redis(options)


def fill(options):
    """Store until Redis refuses to; return how many keys that took."""
    for number in range(10_000):
        if "OOM" in tell(options, "set", f"filler:{number}", "x" * 100_000):
            print(f"full: Redis refuses to store anything after {number} fillers", flush=True)
            return number
    raise SystemExit("Redis does not get full.")


def tell(options, *words):
    command = ["redis-cli", "-p", str(options.redis_port), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    raise SystemExit(main())
