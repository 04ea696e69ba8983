"""Drill: change the seal keys under tokens, in the order of docs/keys.md, with two web roles.

python -m scripts.drills.rewrap [--seconds 10] [--rate 50]
"""

import argparse
import base64
import os
import sys
import time
from functools import partial

from scripts.drills.installation import SLUG, Installation, scratch_installation
from scripts.drills.report import Report, build_parser, run_drill
from scripts.drills.traffic import run_traffic

VARIABLE = "ZDBRIDGE_SEAL_KEYS"


def make_seal_key() -> str:
    """Return a key as the line in docs/running.md makes it."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def drill(report: Report, *, options: argparse.Namespace) -> None:
    """Put a new key before the old one, move everything, take the old one out."""
    old, new = make_seal_key(), make_seal_key()
    with scratch_installation(port=options.port, store=options.store, variables={VARIABLE: old}) as found:
        found.manage("sync_visitors", SLUG, "--wait")
        found.add_web_roles()
        ports = found.web_ports
        with run_traffic(ports=ports, rate=options.rate, players=found.make_players(), slug=SLUG) as traffic:
            time.sleep(options.seconds / 2)
            found.environment[VARIABLE] = f"{new},{old}"
            restart_in_turn(found)
            move(report, found)
            time.sleep(options.seconds / 2)
            found.environment[VARIABLE] = new
            restart_in_turn(found)
            time.sleep(options.seconds / 2)
            tally = traffic.stop()
        report.promise("tokens throughout, both web roles restarted twice", is_kept=tally.is_spotless, figure=tally)
        report.promise("rehearse under the new key alone", is_kept=found.can_rehearse(), figure="integration rehearse")
        status = found.manage("seal", "status", expected=None)
        report.promise("seal status", is_kept="Everything rests" in status, figure=_last(status))


def move(report: Report, found: Installation) -> None:
    """Try the move, do it, do it again."""
    checks = found.manage("check", "--database", "default", expected=None)
    report.promise("check warns of the old key", is_kept="W011" in checks, figure="linking.W011")
    dry = found.manage("seal", "rewrap", "--dry-run", expected=1)
    report.say("rewrap --dry-run", f"{dry.count('would be moved')} kinds of values would be moved, exit code 1")
    begun_at_s = time.monotonic()
    done = found.manage("seal", "rewrap", expected=None)
    took = f"{done.count(' moved.')} kinds of values moved in {time.monotonic() - begun_at_s:.1f} s"
    report.promise("rewrap", is_kept="Everything rests" in done, figure=took)
    again = found.manage("seal", "rewrap", expected=None)
    report.promise("rewrap again moves nothing", is_kept=" moved." not in again, figure=_last(again))


def restart_in_turn(found: Installation) -> None:
    """Exchange the web roles one after the other, with the environment of now."""
    for role in found.roles:
        role.stop()
        role.environment |= {VARIABLE: found.environment[VARIABLE]}
        role.start()
        found.wait_until_serving(port=int(role.environment["ZDBRIDGE_PORT"]))


def _last(output: str) -> str:
    return output.strip().splitlines()[-1] if output.strip() else "nothing"


if __name__ == "__main__":
    sys.exit(run_drill(partial(drill, options=build_parser(__doc__, seconds=10).parse_args()), limit_s=900))
