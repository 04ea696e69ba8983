"""Drill: erase a person under tokens, the person's own among them, and a running sync; nobody may come back.

python -m scripts.drills.erase [--store sqlite] [--seconds 10] [--rate 50]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from functools import partial

from scripts.drills.backup import VACUUM
from scripts.drills.installation import ROOT, SLUG, Installation, scratch_installation
from scripts.drills.report import DrillFailed, Report, build_parser, run_drill
from scripts.drills.traffic import run_traffic

PASS_LIMIT_S = 180.0


def drill(report: Report, *, options: argparse.Namespace) -> None:
    """Erase one person."""
    with scratch_installation(port=options.port, store=options.store) as found:
        found.manage("sync_visitors", SLUG, "--wait")
        found.add_roles("web", "worker", "beat")
        person = choose_person(found)
        players = found.make_players()
        players.more_user_ids = (person["user_id"],)
        with run_traffic(ports=[found.web_port], rate=options.rate, players=players, slug=SLUG) as traffic:
            time.sleep(options.seconds / 2)
            marks = find_marks(person)
            report.say("before", f"{count_marks(found, marks)} places in a dump hold the ID, address or name")
            erase(report, found, user_id=person["user_id"])
            time.sleep(options.seconds / 2)
            found.manage("sync_visitors", SLUG, "--full", "--wait")
            tally = traffic.stop()
        report.promise("tokens throughout, the person's too", is_kept=tally.is_spotless, figure=tally)
        found.stop_roles()
        left = count_marks(found, marks)
        report.promise("after tokens and a full sync, a dump holds nothing", is_kept=left == 0, figure=f"{left} places")
        links = found.manage("links", SLUG, "--format", "jsonl", "--user", person["user_id"], "--history")
        report.promise("links of the person", is_kept='"user_id"' not in links, figure=links.count('"user_id"'))


def choose_person(found: Installation) -> dict[str, str]:
    """Return a linked player with an address."""
    lines = found.manage("links", SLUG, "--format", "jsonl").splitlines()
    links = [json.loads(line) for line in lines if line.startswith("{")]
    try:
        return next(one for one in links if one["email"] and len(one["user_id"]) > 30)
    except StopIteration:
        raise DrillFailed("Nobody in the sandbox's world is linked and has an address.") from None


def erase(report: Report, found: Installation, *, user_id: str) -> None:
    """Erase while a sync of everything runs, and check the receipt."""
    command = [sys.executable, "-m", "zdbridge", "sync_visitors", SLUG, "--full", "--wait"]
    running = subprocess.Popen(
        command, cwd=ROOT, env=found.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        dry = found.manage("person", "erase", "--user", user_id, "--dry-run")
        begun_at_s = time.monotonic()
        receipt = found.manage("person", "erase", "--user", user_id)
        report.say(
            "erase", f"{dry.strip().splitlines()[-1]} {time.monotonic() - begun_at_s:.1f} s, the command included"
        )
        with tempfile.NamedTemporaryFile("w", suffix=".json", dir=found.folder) as file:
            file.write(receipt)
            file.flush()
            verdict = found.manage("person", "verify", file.name, expected=None)
        report.promise("the receipt is genuine", is_kept="genuine" in verdict, figure=verdict.strip().splitlines()[0])
        report.promise("the receipt names nobody", is_kept=user_id not in receipt)
    finally:
        running.wait(timeout=PASS_LIMIT_S)


def find_marks(person: dict[str, str]) -> list[bytes]:
    """Return what must not be found any more."""
    return [person[name].encode() for name in ("user_id", "email") if person[name]]


def count_marks(found: Installation, marks: list[bytes]) -> int:
    """Return how often a dump of the store holds one of them."""
    url = found.environment.get("DATABASE_URL", "")
    if url:
        dump = subprocess.run(["pg_dump", "--inserts", url], capture_output=True, check=True).stdout
    else:
        copy = found.folder / f"dump-{time.monotonic_ns()}.sqlite3"
        subprocess.run([sys.executable, "-c", VACUUM, str(found.data / "zdbridge.sqlite3"), str(copy)], check=True)
        dump = copy.read_bytes()
    return sum(dump.lower().count(mark.lower()) for mark in marks)


if __name__ == "__main__":
    sys.exit(run_drill(partial(drill, options=build_parser(__doc__, seconds=10).parse_args()), limit_s=900))
