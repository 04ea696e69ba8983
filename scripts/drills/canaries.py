"""Drill: marks planted as secrets must come out nowhere: log, page, error, export, dump, data folder.

    python -m scripts.drills.canaries

Runs `manage.py selftest canary`, which makes an installation of its own.
"""

import subprocess
import sys

from scripts.drills.installation import ROOT
from scripts.drills.report import Report, build_parser, run_drill


def drill(report: Report) -> None:
    """Run the self-test."""
    command = [sys.executable, "-m", "zdbridge", "selftest", "canary"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    lines = (done.stdout.strip() or done.stderr.strip() or "nothing was printed").splitlines()
    for line in lines[:-1]:
        report.say("found", line)
    report.promise("planted secrets come out nowhere", is_kept=done.returncode == 0, figure=lines[-1])


if __name__ == "__main__":
    build_parser(__doc__, seconds=0).parse_args()
    sys.exit(run_drill(drill, limit_s=1200))
