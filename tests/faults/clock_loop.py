"""Steps the clock of worker, scheduler and web an hour either way during a sync, again and again.

    python tests/faults/clock_loop.py [--seed 1] [--visitors 4000] [--port 9500] [--spoil]

Needs a C compiler (`cc`) for the small library that the roles are started with; the sandbox keeps the right time.
On SQLite, so that the database's clock is stepped too. Login JWTs are signed at the stepped time, as Login would in a
world whose clock is right and ours is not. `--spoil` keeps signing them at the right time, which must be noticed. Ends
with 1 when the sync stood still for longer than two minutes, somebody was asked about in vain more often than the
answers that were not stored yet, any answer was not a token, or links are lost or doubled. Not part of the tests.
"""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults import rig as rigs

HOUR_S = 3600
STEPS_S = (HOUR_S, -HOUR_S, -HOUR_S, HOUR_S)
RESUME_LIMIT_S, LAST_WORDS_S = 120.0, 4.0
BATCH = 50  # answers that may not be stored yet (docs/sync.md)


def main():
    numbers = {"visitors": 4000, "port": 9500, "per-minute": 600}
    options = rigs.read_options(about=__doc__, defaults=numbers, flags=("spoil",))
    is_spoiled, options.spoil = options.spoil, False
    clock = SteppedClock()
    with rigs.Rig(options, preload=clock.environment) as rig:
        rig.wait_for_a_pass()
        resumes, bad = loop(rig, clock=clock, is_spoiled=is_spoiled)
        rig.hurry()
        found = rig.settle()
        asked = rig.control("stats")["calls"]
    visits = sum(number for call, number in asked.items() if "visitors/" in call and call.startswith("GET"))
    most = options.visitors + BATCH * len(STEPS_S)
    late = sum(one > RESUME_LIMIT_S for one in resumes)
    return rigs.verdict(
        told=f"{len(resumes)} steps of an hour: {rigs.told(found)}; went on after {max(resumes):.1f} s at most; "
        f"{visits} questions about {options.visitors} visitors; {bad} answers without a token",
        flaws=[
            *rigs.mapping_flaws(found),
            f"{late} times later than {RESUME_LIMIT_S:.0f} s" if late else "",
            f"{visits} questions, {most} at most were to be asked" if visits > most else "",
            f"{bad} answers without a token" if bad else "",
        ],
    )


def loop(rig, *, clock, is_spoiled):
    """Step the clock; return the seconds until the sync went on each time, and how many answers were no token."""
    rng, resumes, bad, ahead_s = random.Random(rig.options.seed), [], 0, 0
    for step_s in STEPS_S:
        time.sleep(rng.uniform(2.0, 12.0))
        ahead_s += step_s
        rig.clock_ahead_s = 0 if is_spoiled else ahead_s
        clock.step(ahead_s)
        # The pass under way notes its last calls when it ends; what counts is one made after that.
        time.sleep(LAST_WORDS_S)
        resumes.append(LAST_WORDS_S + rig.seconds_until_it_goes_on())
        for player in range(10):
            bad += rig.ask_token(player=player) != 200
        print(f"clock {ahead_s / HOUR_S:+.0f} h: next call after {resumes[-1]:.1f} s", flush=True)
    return resumes, bad


class SteppedClock:
    """A clock that processes started with `environment` share; see stepped_clock.c."""

    def __init__(self):
        folder = Path(tempfile.mkdtemp(prefix="zdbridge-clock-"))
        library, self._file = folder / "stepped_clock.so", folder / "step"
        source = Path(__file__).with_name("stepped_clock.c")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
        self._file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "STEPPED_CLOCK": str(self._file)}

    def step(self, ahead_s):
        """Let the clock be so many seconds ahead of the right time from now on."""
        with self._file.open("r+b") as file:
            file.write(ahead_s.to_bytes(8, sys.byteorder, signed=True))


if __name__ == "__main__":
    raise SystemExit(main())
