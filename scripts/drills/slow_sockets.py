"""Drill: forty and three hundred sockets that send a byte a second must not stop tokens.

    python -m scripts.drills.slow_sockets [--sockets 40 300] [--seconds 2] [--rounds 2]

Runs benchmarks/slow_sockets.py and holds its table to the promise that no token fails.
"""

import argparse
import re
import subprocess
import sys
from functools import partial

from scripts.drills.installation import ROOT
from scripts.drills.report import DrillFailed, Report, build_parser, run_drill

# A row of the table: sockets, kind, quiet, besieged, failed of all, ratio.
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| (\d+) of (\d+) \|", re.MULTILINE)


def drill(report: Report, *, options: argparse.Namespace) -> None:
    """Run the benchmark."""
    lengths = ("--rounds", str(options.rounds), "--seconds", str(options.seconds))
    sockets = [str(number) for number in options.sockets]
    command = [sys.executable, str(ROOT / "benchmarks" / "slow_sockets.py"), "--sockets", *sockets, *lengths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise DrillFailed(done.stderr[-500:])
    judge_table(report, done.stdout)


def judge_table(report: Report, table: str) -> None:
    """Hold every row to the promise."""
    for count, kind, quiet, besieged, failed, total in ROW.findall(table):
        figure = f"{failed} of {total} failed; p50 / p99 {besieged} ms, without them {quiet} ms"
        report.promise(f"tokens beside {count} sockets, {kind}", is_kept=failed == "0", figure=figure)


if __name__ == "__main__":
    parser = build_parser(__doc__, seconds=2)
    parser.add_argument("--sockets", type=int, nargs="+", default=[40, 300])
    parser.add_argument("--rounds", type=int, default=2)
    sys.exit(run_drill(partial(drill, options=parser.parse_args()), limit_s=900))
