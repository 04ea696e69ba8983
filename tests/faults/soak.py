"""Asks for tokens for an hour beside a running sync and compares the memory of every role at the start and at the end.

    python tests/faults/soak.py [--minutes 60] [--per-second 50] [--visitors 20000] [--per-minute 600] [--port 9510]
        [--spoil] [--database postgresql:///NAME --redis redis://127.0.0.1:6379/7]

Start is a minute after the first pass has begun, when every thread has done its first work. Prints the memory of each
role (resident, all its processes together) five times on the way. `--spoil` freezes the web role for some seconds,
which must be noticed. Ends with 1 when an answer was not a token, a role grew by more than a fifth and 20 MB, no call
was made in a minute, or links are lost or doubled. Not part of the tests.
"""

import sys
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults import rig as rigs
from tests.faults.redis_loop import signal_web

WARM_UP_S, ASKERS, LOOKS = 60, 4, 5
GROWTH_SHARE, GROWTH_MB = 1.2, 20.0


def main():
    numbers = {"minutes": 60, "per-second": 50, "visitors": 20_000, "per-minute": 600, "port": 9510}
    options = rigs.read_options(about=__doc__, defaults=numbers, flags=("spoil",))
    is_spoiled, options.spoil = options.spoil, False
    limit = {"ZDBRIDGE_TOKEN_LIMIT_PER_ADDRESS": str(120 * options.per_second)}
    per_user = {"ZDBRIDGE_TOKEN_LIMIT_PER_USER": str(120 * options.per_second)}
    with rigs.Rig(options, environment=limit | per_user) as rig, ExitStack() as stack:
        share = options.per_second / ASKERS
        tokens = [stack.enter_context(rig.tokens_asked_for(per_second=share)) for _ in range(ASKERS)]
        rig.wait_for_a_pass()
        time.sleep(WARM_UP_S)
        first, still = memory_mb(rig), 0
        print(f"start: {told(first)}", flush=True)
        for look in range(1, LOOKS + 1):
            still += stay(rig, seconds=60 * options.minutes / LOOKS)
            print(f"after {look * options.minutes / LOOKS:.0f} min: {told(memory_mb(rig))}", flush=True)
        last = memory_mb(rig)
        if is_spoiled:
            signal_web(rig)
        stack.close()
        rig.hurry()
        found = rig.settle()
    answers = sum(one.answers.total() for one in tokens)
    others = sum(one.others for one in tokens)
    grown = [
        f"{role} grew from {first[role]:.0f} to {last[role]:.0f} MB"
        for role in first
        if last[role] > max(GROWTH_SHARE * first[role], first[role] + GROWTH_MB)
    ]
    return rigs.verdict(
        told=f"{options.minutes} min: {answers} tokens asked for, {others} answers were none, slowest "
        f"{max(one.slowest_s for one in tokens):.2f} s; memory at first {told(first)}, in the end {told(last)}; "
        f"{rigs.told(found)}",
        flaws=[
            *rigs.mapping_flaws(found),
            *grown,
            f"{others} answers without a token" if others else "",
            f"{still} minutes without a call" if still else "",
        ],
    )


def stay(rig, *, seconds):
    """Keep the sync busy for so long; return how many minutes went by in which it made no call."""
    end, still = time.monotonic() + seconds, 0
    while (left_s := end - time.monotonic()) > 0:
        rig.keep_busy(at_least=2 * rig.options.per_minute)
        before = rig.calls_noted()
        time.sleep(min(60.0, left_s))
        still += left_s >= 60 and rig.calls_noted() == before
        rig.revive()
    return still


def memory_mb(rig):
    """Return the resident memory of each role's processes in MB, shared pages counted in each process."""
    return {
        role: sum(resident_mb(pid) for pid in rigs.below(process.pid))
        for role, process in zip(rig.roles, rig.processes, strict=True)
    }


def resident_mb(pid):
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def told(memory):
    return ", ".join(f"{role} {number:.0f} MB" for role, number in memory.items())


if __name__ == "__main__":
    raise SystemExit(main())
