"""Drill: upgrade from the last release and roll back, under tokens, in the order of docs/upgrading.md.

    python -m scripts.drills.upgrade [--seconds 20] [--rate 50] [--from COMMIT]

Two web roles on two ports, exchanged one after the other; PostgreSQL and Redis. The last release is the commit that
`.ci/last_release` names, in a folder of its own; it runs with the packages of today. Syncs have to
go on at every step: a step that makes no complete pass breaks a promise.
"""

import argparse
import io
import subprocess
import sys
import tarfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import psycopg

from scripts.drills.installation import ROOT, SLUG, Installation, Role, scratch_installation
from scripts.drills.report import DrillFailed, Report, build_parser, run_drill
from scripts.drills.rewrap import make_seal_key
from scripts.drills.traffic import Traffic, run_traffic

# `up` of a release that has no `python -m zdbridge` yet: the same without making an environment.
UP = "import sys; from zdbridge.up.supervisor import main; sys.exit(main(arguments=sys.argv[1:]))"
PASSES = "SELECT count(*) FROM linking_syncrun WHERE state = 'complete'"
PASS_WITHIN_S = 120.0


class Releases:
    """One installation, whose roles run the code of one release or the other."""

    def __init__(self, found: Installation, *, commit: str) -> None:
        self.found, self.old = found, found.folder / "last-release"
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True)
        if archive.returncode:
            raise DrillFailed(f"The history lacks {commit[:10]} (git fetch --unshallow).")
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(self.old, filter="data")
        found.environment["DJANGO_SETTINGS_MODULE"] = "zdbridge.settings"

    def manage_old(self, *words: str, text: str = "") -> None:
        """Run a command of the last release."""
        done = subprocess.run(
            [sys.executable, "-m", "django", *words], cwd=self.old, env=self.found.environment, input=text,
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise DrillFailed(f"{words[0]} of the last release: {done.stderr[-500:]}")

    def put_on(self, role: Role, code: Path) -> None:
        """Restart a role on the code of a release; return when a web role serves."""
        role.stop()
        role.exchange(command=_build_command(role.name, is_old=code == self.old), code=code)
        role.start()
        if role.name == "web":
            self.found.wait_until_serving(port=int(role.environment["ZDBRIDGE_PORT"]))

    def put_all_on(self, code: Path) -> None:
        """Exchange worker and beat, then one web role, then the other."""
        for role in sorted(self.found.roles, key=lambda role: role.name == "web"):
            self.put_on(role, code)

    def count_passes(self) -> int:
        """Return how many syncs were complete."""
        with psycopg.connect(self.found.environment["DATABASE_URL"]) as connection:
            row = connection.execute(PASSES).fetchone()
        return row[0] if row else 0


def drill(report: Report, *, options: argparse.Namespace) -> None:
    """Upgrade and roll back."""
    keys = {"ZDBRIDGE_SECRET_KEY": make_seal_key() + make_seal_key(), "ZDBRIDGE_SEAL_KEYS": make_seal_key()}
    with ExitStack() as stack:
        found = stack.enter_context(
            scratch_installation(port=options.port, store="servers", is_prepared=False, variables=keys)
        )
        releases = Releases(found, commit=options.since)
        releases.manage_old("migrate", "--verbosity", "0")
        releases.manage_old("integration", "set", SLUG, "--json", "-", text=found.read_settings_text(releases.old))
        found.add_web_roles(command=_build_command("web", is_old=True), code=releases.old)
        for name in ("worker", "beat"):
            found.add_role(name, command=_build_command(name, is_old=True), code=releases.old)
        traffic = stack.enter_context(
            run_traffic(ports=found.web_ports, rate=options.rate, players=found.make_players(), slug=SLUG)
        )
        watch(report, releases, traffic, title="last release", seconds=options.seconds)
        begun_at_s = time.monotonic()
        found.manage("migrate", "--verbosity", "0")
        report.say("migrate, below the last release", f"{time.monotonic() - begun_at_s:.1f} s")
        watch(report, releases, traffic, title="last release on the new tables", seconds=options.seconds)
        exchange(report, releases, traffic, code=ROOT, title="upgrade", seconds=options.seconds)
        report.say("/readyz after the upgrade", " ".join(found.ask_ready()[:1]))
        exchange(report, releases, traffic, code=releases.old, title="roll back", seconds=options.seconds)
        tally = traffic.stop()
        report.promise("tokens throughout", is_kept=tally.is_spotless, figure=tally)


def exchange(report: Report, releases: Releases, traffic: Traffic, *, code: Path, title: str, seconds: float) -> None:
    """Put every role on another release, and watch."""
    begun_at_s = time.monotonic()
    releases.put_all_on(code)
    report.say(f"{title}, roles exchanged", f"{time.monotonic() - begun_at_s:.1f} s")
    tally = traffic.count_between(begun_at_s, time.monotonic())
    report.promise(f"{title}, tokens meanwhile", is_kept=tally.is_spotless, figure=tally)
    watch(report, releases, traffic, title=f"after {title}", seconds=seconds)


def watch(report: Report, releases: Releases, traffic: Traffic, *, title: str, seconds: float) -> None:
    """Let tokens and syncs go on for a stretch, longer if there was no complete pass yet."""
    begun_at_s, before = time.monotonic(), releases.count_passes()
    passes = 0
    while (passed_s := time.monotonic() - begun_at_s) < seconds or (not passes and passed_s < PASS_WITHIN_S):
        time.sleep(1)
        passes = releases.count_passes() - before
    tally = traffic.count_between(begun_at_s, time.monotonic() - 1)
    report.promise(f"{title}, tokens", is_kept=tally.is_spotless, figure=tally)
    report.promise(f"{title}, complete syncs", is_kept=passes > 0, figure=f"{passes} in {passed_s:.0f} s")


def _build_command(role: str, *, is_old: bool) -> list[str]:
    start = ["-c", UP] if is_old else ["-m", "zdbridge", "up"]
    return [sys.executable, *start, "--only", role]


if __name__ == "__main__":
    parser = build_parser(__doc__, seconds=20)
    named = (ROOT / ".ci" / "last_release").read_text(encoding="ascii").split()[1]
    parser.add_argument("--from", dest="since", metavar="COMMIT", default=named, help="the last release (%(default)s)")
    sys.exit(run_drill(partial(drill, options=parser.parse_args()), limit_s=1800))
