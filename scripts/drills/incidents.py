"""Drill: what breaks while tokens are requested: database, Redis, worker, disk, clock.

    python -m scripts.drills.incidents [--only database-away redis-frozen …] [--seconds 20] [--rate 20]

`disk-full` mounts a small file system and needs the right to; `clock` needs the program faketime.
"""

import argparse
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from scripts.drills.installation import SLUG, Installation, Role, get, scratch_installation
from scripts.drills.processes import send
from scripts.drills.report import Report, build_parser, run_drill
from scripts.drills.servers import Server
from scripts.drills.sign_in import make_person, try_sign_in
from scripts.drills.traffic import Tally, Traffic, Verdict, measure_until, run_traffic

READY_AGAIN_WITHIN_S, RESTART_WITHIN_S, WEDGED_WITHIN_S = 90.0, 60.0, 150.0
CLOCK_WITHIN_S = 30.0
DISK_MB = 40
PERSON = "colleague"


def lose_server(
    report: Report, found: Installation, *, server: str, how: str, part: str, options: argparse.Namespace
) -> None:
    """Stop or freeze a server for a while, and bring it back."""
    one: Server = getattr(found, server)
    away, back = (one.stop, one.start) if how == "away" else (one.freeze, one.thaw)
    password = make_person(found, name=f"{PERSON}-{server}-{how}")
    seen, statuses = set[str](), []
    with _traffic(found, options=options) as traffic:
        begun_at_s = time.monotonic()
        away()
        try:
            while time.monotonic() - begun_at_s < options.seconds:
                seen |= {f"{word}: {one}" for word, parts in [found.ask_ready()] for one in parts}
                statuses.append(try_sign_in(port=found.web_port, name=f"{PERSON}-{server}-{how}", password=password))
                time.sleep(2)
        finally:
            back()
        again_s = _measure_ready(found)
        tally = traffic.stop()
    title = f"{server} {how} {options.seconds:g} s"
    _tell(report, title=title, tally=tally, again_s=again_s)
    report.promise(f"{title}, /readyz names it", is_kept=any(part in one for one in seen), figure=sorted(seen))
    expected = {"redis": {"in"}, "postgres": {"503"}}[server]
    report.promise(f"{title}, sign-in", is_kept=set(statuses) <= expected, figure=_count(statuses))
    after = try_sign_in(port=found.web_port, name=f"{PERSON}-{server}-{how}", password=password)
    report.promise(f"{title}, sign-in right after", is_kept=after == "in", figure=after)


def kill_worker(report: Report, found: Installation, *, options: argparse.Namespace) -> None:
    """Kill the worker's processes with -9, and wait for the next message that is carried out."""
    role = next(one for one in found.roles if one.name == "worker")
    with _traffic(found, options=options) as traffic:
        begun_at_s = time.monotonic()
        send(role.find_children("celery"), signal.SIGKILL)
        time.sleep(1)
        ticked_s = measure_until(
            lambda: find_tick_age_s(found) < time.monotonic() - begun_at_s - 1, limit_s=RESTART_WITHIN_S
        )
        took = "never" if ticked_s is None else f"after {time.monotonic() - begun_at_s:.1f} s"
        again_s = _measure_ready(found)
        tally = traffic.stop()
    _tell(report, title="worker killed with -9", tally=tally, again_s=again_s)
    report.promise("worker killed with -9, messages again", is_kept=ticked_s is not None, figure=took)


def find_tick_age_s(found: Installation) -> float:
    """Return how long ago the queue moved, by `/metrics`."""
    text = get(f"http://127.0.0.1:{found.web_port}/metrics")[1].decode()
    ages = re.findall(r'^zdbridge_heartbeat_age_seconds\{[^}]*role="tick"[^}]*\} (\S+)$', text, re.MULTILINE)
    return float(ages[0]) if ages else float("inf")


def freeze_worker(report: Report, found: Installation, *, options: argparse.Namespace) -> None:
    """Freeze the worker's processes: the watchdog has to start it again, and /readyz must not blame beat."""
    role = next(one for one in found.roles if one.name == "worker")
    seen = set[str]()

    def is_restarted() -> bool:
        seen.update(found.ask_ready()[1])
        return not set(frozen) & set(role.find_children("celery"))

    with _traffic(found, options=options) as traffic:
        frozen = role.find_children("celery")
        send(frozen, signal.SIGSTOP)
        back_s = measure_until(is_restarted, limit_s=WEDGED_WITHIN_S, step_s=1.0)
        send(frozen, signal.SIGCONT)
        again_s = _measure_ready(found)
        tally = traffic.stop()
    _tell(report, title="worker frozen", tally=tally, again_s=again_s)
    report.promise("worker frozen, watchdog exchanges it", is_kept=back_s is not None, figure=_show_s(back_s))
    report.promise("worker frozen, beat is not blamed", is_kept="beat" not in seen, figure=sorted(seen))


def fill_disk(report: Report, *, options: argparse.Namespace) -> None:
    """Fill a small file system that holds the data folder with SQLite."""
    with scratch_installation(port=options.port, store="sqlite", disk_mb=DISK_MB) as found:
        found.add_roles("web", "worker", "beat")
        filler, seen = found.data / "filler", set[str]()
        with _traffic(found, options=options) as traffic:
            time.sleep(2)
            fill(filler)
            until_s = time.monotonic() + options.seconds
            while time.monotonic() < until_s:
                seen.update(found.ask_ready()[1])
                time.sleep(2)
            filler.unlink()
            again_s = _measure_ready(found)
            tally = traffic.stop()
        title = f"disk full {options.seconds:g} s"
        _tell(report, title=title, tally=tally, again_s=again_s)
        is_named = bool(seen & {"disk", "database"})
        report.promise(f"{title}, /readyz names it", is_kept=is_named, figure=sorted(seen))
        found.stop_roles()
        report.promise(f"{title}, integrity_check", is_kept=_is_sound(found), figure="PRAGMA integrity_check")


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def shift_clocks(report: Report, *, options: argparse.Namespace) -> None:
    """Run web roles whose clocks are off, each with a SQLite file of its own, and ask them for tokens."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        report.say("clock", "left out: faketime is not installed")
        return
    with scratch_installation(port=options.port, store="sqlite") as found:
        for shift_s in (300, 90, -90, -300):
            role = start_with_clock(found, shift_s=shift_s, library=library)
            with _traffic(found, options=options) as traffic:
                time.sleep(min(5.0, options.seconds))
                seen_s = None if shift_s > 0 else measure_until(partial(_blames_clock, found), limit_s=CLOCK_WITHIN_S)
                tally = traffic.stop()
            word, parts = found.ask_ready()
            role.stop()
            is_refused = tally.counts[Verdict.REFUSED] == tally.total and "not_yet_valid" in str(tally)
            is_kept = tally.is_spotless if shift_s > 0 else is_refused
            report.promise(f"clock {shift_s:+d} s, tokens", is_kept=is_kept, figure=tally)
            report.say(f"clock {shift_s:+d} s, /readyz", f"{word} {', '.join(parts)}")
            if shift_s < 0:
                report.promise(f"clock {shift_s:+d} s, /readyz blames it", is_kept=seen_s is not None)


def start_with_clock(found: Installation, *, shift_s: int, library: Path) -> Role:
    """Start a web role with a copy of the data folder and a clock that is off by so many seconds."""
    data = found.folder / f"clock{shift_s}"
    shutil.copytree(found.data, data)
    # Without the program `faketime`, which does not hand SIGTERM on.
    clock = {"LD_PRELOAD": str(library), "FAKETIME": f"{shift_s:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    role = found.add_role("web", variables={"ZDBRIDGE_DATA_DIR": str(data), **clock})
    found.wait_until_serving()
    return role


def _blames_clock(found: Installation) -> bool:
    return "clock" in found.ask_ready()[1]


def _traffic(found: Installation, *, options: argparse.Namespace) -> AbstractContextManager[Traffic]:
    return run_traffic(ports=[found.web_port], rate=options.rate, players=found.make_players(), slug=SLUG)


def _measure_ready(found: Installation) -> float | None:
    return measure_until(lambda: found.ask_ready()[0] == "ready", limit_s=READY_AGAIN_WITHIN_S)


def _tell(report: Report, *, title: str, tally: Tally, again_s: float | None) -> None:
    report.promise(f"{title}, tokens", is_kept=tally.is_spotless, figure=tally)
    report.promise(f"{title}, ready again", is_kept=again_s is not None, figure=_show_s(again_s))


def _show_s(seconds: float | None) -> str:
    return "never" if seconds is None else f"after {seconds:.1f} s"


def _count(words: list[str]) -> str:
    return ", ".join(f"{word} ×{words.count(word)}" for word in sorted(set(words)))


def _is_sound(found: Installation) -> bool:
    code = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone())"
    command = [sys.executable, "-c", code, str(found.data / "zdbridge.sqlite3")]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip() == "ok"


_LOSE_DATABASE = partial(lose_server, server="postgres", part="database")
_LOSE_REDIS = partial(lose_server, server="redis", part="broker")
ON_SERVERS: dict[str, Callable[..., None]] = {
    "database-away": partial(_LOSE_DATABASE, how="away"),
    "database-frozen": partial(_LOSE_DATABASE, how="frozen"),
    "redis-away": partial(_LOSE_REDIS, how="away"),
    "redis-frozen": partial(_LOSE_REDIS, how="frozen"),
    "worker-killed": kill_worker,
    "worker-frozen": freeze_worker,
}
ALONE: dict[str, Callable[..., None]] = {"clock": shift_clocks, "disk-full": fill_disk}


def drill(report: Report, *, options: argparse.Namespace) -> None:
    """Run the incidents that were chosen."""
    chosen = [name for name in ON_SERVERS if name in options.only]
    if chosen:
        with scratch_installation(port=options.port, store="servers") as found:
            found.manage("sync_visitors", SLUG, "--wait")
            found.add_roles("web", "worker", "beat")
            for name in chosen:
                ON_SERVERS[name](report, found, options=options)
    for name in (one for one in ALONE if one in options.only):
        ALONE[name](report, options=options)


if __name__ == "__main__":
    parser = build_parser(__doc__, seconds=20, rate=20)
    names = [*ON_SERVERS, *ALONE]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    sys.exit(run_drill(partial(drill, options=parser.parse_args()), limit_s=1800))
