"""Ends the worker, or all of `manage.py up`, with SIGTERM in the middle of a page and measures how long that takes.

    python tests/faults/drain_loop.py [--rounds 6] [--whole] [--seed 1] [--visitors 4000] [--port 9480] [--spoil]
    python tests/faults/drain_loop.py --database postgresql:///NAME --redis redis://127.0.0.1:6379/7

Every call takes a while, so that the signal falls into one. After each round no process is left, no lease is held, no
run says that it is running, and what was learnt before is kept; then all is started again. How long that takes is told
and not judged, since it is mostly the machine's. `--spoil` freezes a process that is to end, which must be noticed.
Ends with 1 when the worker took longer than 30 s to end or the whole than 10 s, or links are lost or doubled. Not part
of the tests.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults import rig as rigs

WORKER_LIMIT_S, WHOLE_LIMIT_S = 30.0, 10.0
SLOW_CALL_S = 1.5


def main():
    numbers = {"rounds": 6, "visitors": 4000, "port": 9480, "per-minute": 2400}
    options = rigs.read_options(about=__doc__, defaults=numbers, flags=("spoil", "whole"))
    is_spoiled, options.spoil = options.spoil, False
    with rigs.Rig(options, roles=("all",) if options.whole else rigs.ROLES) as rig:
        rig.wait_for_a_pass()
        rounds = [one_round(rig, number, is_spoiled=is_spoiled) for number in range(options.rounds)]
        rig.control("faults", {"clear": True})
        rig.hurry()
        found = rig.settle()
    limit_s = WHOLE_LIMIT_S if options.whole else WORKER_LIMIT_S
    ends, resumes = [one["end_s"] for one in rounds], [one["resume_s"] for one in rounds]
    flaws = [flaw for one in rounds for flaw in one["flaws"]]
    flaws += [f"took {one:.1f} s to end" for one in ends if one > limit_s]
    return rigs.verdict(
        told=f"{len(rounds)} times SIGTERM of {'all' if options.whole else 'the worker'}: {rigs.told(found)}; "
        f"ended after {max(ends):.1f} s at most, went on {max(resumes):.1f} s at most after it was started again",
        flaws=[*rigs.mapping_flaws(found), *flaws],
    )


def one_round(rig, number, *, is_spoiled):
    """End, look and start again; return the seconds both took, and what was not in order."""
    from linking.models import Lease

    rng = random.Random(rig.options.seed * 1000 + number)
    rig.keep_busy(at_least=500)
    # Pages of the export are slow in every other round, answers about visitors in the others.
    path = ("incremental/chats", "visitors/")[number % 2]
    rig.control("faults", {"every": 1, "kind": "slow", "delay_s": SLOW_CALL_S, "path": path})
    rig.seconds_until_it_goes_on()
    time.sleep(rng.uniform(0.1, 4.0))
    place = 0 if rig.options.whole else rig.roles.index("worker")
    process = rig.processes[place]
    below, known = rigs.below(process.pid), rig.visitors.exclude(state="pending").count()
    if is_spoiled and number == 0:
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(WORKER_LIMIT_S + 1)
    began = time.monotonic() - (WORKER_LIMIT_S + 1 if is_spoiled and number == 0 else 0.0)
    process.terminate()
    os.kill(process.pid, signal.SIGCONT)
    process.wait(timeout=120)
    end_s = time.monotonic() - began
    flaws = [f"process {pid} is left" for pid in below if Path(f"/proc/{pid}").exists()]
    flaws += [f"the lease {name} is held" for name in Lease.objects.exclude(owner="").values_list("name", flat=True)]
    flaws += ["a run says it is running"] * rig.runs.filter(state="running").count()
    flaws += ["answers are gone"] * (rig.visitors.exclude(state="pending").count() < known)
    rig.control("faults", {"clear": True})
    rig.processes[place] = rig.start_role(place)
    resume_s = rig.seconds_until_it_goes_on()
    print(f"round {number + 1}: slow {path}: ended after {end_s:.1f} s, {', '.join(flaws) or 'all in order'}; "
          f"next call {resume_s:.1f} s after the start", flush=True)  # fmt: skip
    return {"end_s": end_s, "resume_s": resume_s, "flaws": flaws}


if __name__ == "__main__":
    raise SystemExit(main())
