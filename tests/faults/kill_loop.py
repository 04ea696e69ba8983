"""Kills worker, pool child, scheduler and web with SIGKILL at random moments and holds the links against the truth.

    python tests/faults/kill_loop.py --kills 20 [--seed 1] [--visitors 2000] [--port 9410] [--spoil] [--messaging]
    python tests/faults/kill_loop.py --kills 20 --database postgresql:///NAME --redis redis://127.0.0.1:6379/7

The roles run as `manage.py up --only …` starts them, on a scratch folder and, unless named otherwise, on SQLite and the
folder broker. The database named must be a scratch one. Prints the seed and every kill with the time until the sync
made its next call; tokens are asked for all the while. `--spoil` takes a link away in the end, which must be noticed.
With `--messaging` the account is one on Messaging, and users who are no players must not be found in any byte stored.
Ends with 1 when links are lost or doubled, or work or tokens were away for longer than a minute. Not part of the tests.
"""

import os
import random
import signal
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults import rig as rigs
from tests.faults.support_rig import choose_rig

RESUME_LIMIT_S = 60.0
HELPERS = ("resource_tracker", "forkserver")


def main():
    options = rigs.read_options(about=__doc__, defaults={"kills": 20, "limit-s": 3600}, flags=("spoil", "messaging"))
    with choose_rig(options) as rig, rig.tokens_asked_for() as tokens:
        rig.wait_for_a_pass()
        began = time.monotonic()
        kills = loop(rig, tokens=tokens, until=began + options.limit_s)
        took_s = time.monotonic() - began
        rig.hurry()
        found = rig.settle()
    for name, seconds in sorted(kills.items()):
        middle, most = statistics.median(seconds), max(seconds)
        print(f"{name:12} {len(seconds):3} kills; next call after {middle:.1f} s (median), {most:.1f} s (most)")
    resumes = [one for seconds in kills.values() for one in seconds]
    late = sum(one > RESUME_LIMIT_S for one in (*resumes, tokens.longest_without_s))
    return rigs.verdict(
        told=f"{len(resumes)} kills in {took_s:.0f} s: {rigs.told(found)}; went on after {max(resumes):.1f} s at most; "
        f"{told_passes(rig)}; {tokens}",
        flaws=[*rigs.mapping_flaws(found), f"{late} times later than {RESUME_LIMIT_S:.0f} s" if late else ""],
    )


def loop(rig, *, tokens, until):
    """Kill so often as asked for; return by what was killed the seconds until the sync made its next call."""
    rng, kills, number = random.Random(rig.options.seed), {}, 0
    while number < rig.options.kills and time.monotonic() < until:
        rig.keep_busy()
        time.sleep(rng.uniform(0.2, 6.0))
        found = victims(rig)
        name = rng.choice(sorted(found)) if found else ""
        try:
            os.kill(rng.choice(found[name]), signal.SIGKILL)
        except (KeyError, ProcessLookupError):
            rig.revive()
            continue
        number += 1
        kills.setdefault(name, []).append(rig.seconds_until_it_goes_on())
        print(f"kill {number}: {name} → next call after {kills[name][-1]:.1f} s", flush=True)
        tokens.wait_for_one(revive=rig.revive)
    return kills


def victims(rig):
    """Return the processes that may be killed, by what they are."""
    found = {}
    for role, process in zip(rig.roles, rig.processes, strict=True):
        for keeper in rigs.children(process.pid):
            found.setdefault("keeper", []).append(keeper)
            for main_process in rigs.children(keeper):
                found.setdefault(role, []).append(main_process)
                for child in rigs.below(main_process):
                    if not any(word in command_of(child) for word in HELPERS):
                        found.setdefault(f"{role} child", []).append(child)
    return found


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def told_passes(rig):
    runs = rig.look(lambda: Counter(rig.runs.values_list("stop_reason", flat=True)))
    return "passes: " + ", ".join(f"{number} {reason or 'complete'}" for reason, number in runs.most_common())


if __name__ == "__main__":
    raise SystemExit(main())
