"""Drill: back up and restore under tokens, with the commands of docs/running.md; then without the keys.

python -m scripts.drills.backup [--store sqlite] [--seconds 10] [--rate 50]
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from scripts.drills.installation import SLUG, Installation, get, scratch_installation
from scripts.drills.report import DrillFailed, Report, build_parser, run_drill
from scripts.drills.tables import count_rows, list_differences
from scripts.drills.traffic import Players, measure_until, run_traffic

VACUUM = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', (sys.argv[2],))"
KEYS = ("secret_key", "seal_keys")
AGAIN_WITHIN_S = 30.0


def drill(report: Report, *, options: argparse.Namespace) -> None:
    """Back up, restore with the keys, restore without them."""
    with scratch_installation(port=options.port, store=options.store) as source:
        source.manage("sync_visitors", SLUG, "--wait")
        source.add_role("web")
        source.wait_until_serving()
        before, after = back_up_under_tokens(report, source, options=options)
        source.stop_roles()
        restored = restore(source, name="restored", has_keys=True)
        copied = _count(restored)
        differences = list_differences(copied, before=before, after=after)
        report.promise("rows are those of the original", is_kept=not differences, figure=differences or _show(copied))
        report.promise("rehearse", is_kept=restored.can_rehearse(), figure="integration rehearse ends with 0")
        serve(report, restored, options=options)
        restored.stop_roles()
        lose_keys(report, restore(source, name="keyless", has_keys=False))


def back_up_under_tokens(
    report: Report, source: Installation, *, options: argparse.Namespace
) -> tuple[dict[str, int], dict[str, int]]:
    """Back up in the middle of a stretch of tokens; return the counts of rows before and after."""
    with run_traffic(ports=[source.web_port], rate=options.rate, players=source.make_players(), slug=SLUG) as traffic:
        time.sleep(options.seconds / 2)
        before = _count(source)
        begun_at_s = time.monotonic()
        back_up(source)
        report.say("backup", f"{time.monotonic() - begun_at_s:.2f} s")
        after = _count(source)
        time.sleep(options.seconds / 2)
        tally = traffic.stop()
    report.promise("tokens during the backup", is_kept=tally.is_spotless, figure=tally)
    return before, after


def back_up(source: Installation) -> None:
    """Make the copies of the database and of the keys."""
    copies = source.folder / "copies"
    copies.mkdir(mode=0o700)
    url = source.environment.get("DATABASE_URL", "")
    if url:
        _run("pg_dump", "--format=custom", f"--file={copies / 'zdbridge.dump'}", url)
    else:
        _run(sys.executable, "-c", VACUUM, str(source.data / "zdbridge.sqlite3"), str(copies / "copy.sqlite3"))
    for name in KEYS:
        shutil.copy2(source.data / name, copies / name)


def restore(source: Installation, *, name: str, has_keys: bool) -> Installation:
    """Return an installation made of the copies; the roles of the original are stopped."""
    copies, url = source.folder / "copies", source.environment.get("DATABASE_URL", "")
    if url:
        _run("psql", "-q", url, "-c", f"CREATE DATABASE {name}")
        own = f"{url.rpartition('/')[0]}/{name}"
        restored = source.restore_into(name, DATABASE_URL=own)
        _run("pg_restore", "--no-owner", f"--dbname={own}", str(copies / "zdbridge.dump"))
    else:
        restored = source.restore_into(name)
        shutil.copy2(copies / "copy.sqlite3", restored.data / "zdbridge.sqlite3")
    for key in KEYS if has_keys else ():
        shutil.copy2(copies / key, restored.data / key)
    return restored


def serve(report: Report, restored: Installation, *, options: argparse.Namespace) -> None:
    """Start all roles of the restored installation and ask it for tokens."""
    begun_at_s = time.monotonic()
    restored.add_roles("web", "worker", "beat")
    report.say("restored roles ready after", f"{time.monotonic() - begun_at_s:.1f} s")
    players = restored.make_players()
    with run_traffic(ports=[restored.web_port], rate=options.rate, players=players, slug=SLUG) as traffic:
        time.sleep(options.seconds / 2)
        tally = traffic.stop()
    report.promise("tokens of the restored installation", is_kept=tally.is_spotless, figure=tally)


def lose_keys(report: Report, keyless: Installation) -> None:
    """Start a restored installation without its seal keys, and set every secret anew."""
    checks = keyless.manage("check", "--database", "default", expected=None)
    report.promise("check names the lost keys", is_kept="W003" in checks, figure="linking.W003")
    keyless.add_role("web")
    keyless.wait_until_serving()
    players = keyless.make_players()
    status, word = _ask(keyless, players=players)
    report.promise("tokens without keys are refused in words", is_kept=(status, word) == (503, "00-07"), figure=word)
    settings = keyless.read_settings()
    begun_at_s = time.monotonic()
    keyless.manage("integration", "set", SLUG, "--json", "-", text=json.dumps(settings))
    came = measure_until(lambda: _ask(keyless, players=players)[0] == 200, limit_s=AGAIN_WITHIN_S)
    took = f"{time.monotonic() - begun_at_s:.1f} s, the command included"
    report.promise("tokens after all secrets were set anew", is_kept=came is not None, figure=took)


def _ask(installation: Installation, *, players: Players) -> tuple[int, str]:
    token = players.make_token(players.find_user_id(0))
    url = f"http://127.0.0.1:{installation.web_port}/generate/token/{SLUG}"
    status, body = get(url, headers={"Authorization": f"Bearer {token}"})
    return status, json.loads(body).get("code", "")


def _count(installation: Installation) -> dict[str, int]:
    return count_rows(database_url=installation.environment.get("DATABASE_URL", ""), data=installation.data)


def _show(counts: dict[str, int]) -> str:
    named = (f"{counts.get(f'linking_{name}', 0)} {name}s" for name in ("visitor", "visitorlink", "secret"))
    return f"{', '.join(named)}, {len(counts)} tables, {sum(counts.values())} rows"


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise DrillFailed(f"{command[0]}: {done.stderr[-400:]}")


if __name__ == "__main__":
    sys.exit(run_drill(partial(drill, options=build_parser(__doc__, seconds=10).parse_args()), limit_s=600))
