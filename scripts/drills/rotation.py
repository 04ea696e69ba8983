"""Drill: change the Login secret with an overlap, under tokens, as docs/settings.md says.

    python -m scripts.drills.rotation [--seconds 15] [--rate 50]

A stretch under the old secret; the change, with the old one accepted for two stretches; then players sign in again and
have tokens under the new one. After its time the old secret must be refused.
"""

import argparse
import json
import secrets
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial

from scripts.drills.installation import SLUG, Installation, get, scratch_installation
from scripts.drills.report import Report, build_parser, run_drill
from scripts.drills.traffic import Players, measure_until, run_traffic

SEEN_WITHIN_S = 15.0


def drill(report: Report, *, options: argparse.Namespace) -> None:
    """Change the secret once."""
    with scratch_installation(port=options.port, store=options.store) as found:
        found.add_role("web")
        found.wait_until_serving()
        old, players = found.make_players(), found.make_players()
        with run_traffic(ports=[found.web_port], rate=options.rate, players=players, slug=SLUG) as traffic:
            time.sleep(options.seconds)
            new = secrets.token_hex(24)
            ends_at = datetime.now(tz=UTC) + timedelta(seconds=2 * options.seconds + SEEN_WITHIN_S)
            begun_at_s = time.monotonic()
            change(found, login_secret=new, ends_at=ends_at)
            fresh = found.make_players()
            fresh.login_secret = new
            seen_s = measure_until(lambda: ask(found, fresh)[0] == 200, limit_s=SEEN_WITHIN_S)
            took = f"{time.monotonic() - begun_at_s:.1f} s after the command began"
            report.promise("new secret accepted", is_kept=seen_s is not None, figure=took)
            time.sleep(options.seconds / 2)
            players.login_secret = new
            time.sleep(max(0.0, (ends_at - datetime.now(tz=UTC)).total_seconds()))
            refused_s = measure_until(lambda: ask(found, old)[0] == 401, limit_s=SEEN_WITHIN_S, step_s=0.05)
            time.sleep(options.seconds / 2)
            tally = traffic.stop()
        report.promise("old secret refused after its time", is_kept=refused_s is not None, figure=_show(refused_s))
        report.promise("tokens throughout", is_kept=tally.is_spotless, figure=tally)


def change(found: Installation, *, login_secret: str, ends_at: datetime) -> None:
    """Set a new secret; the old one is accepted until `ends_at`."""
    values = {"login_secret_key": login_secret, "previous_login_secret_until": ends_at.isoformat()}
    found.manage("integration", "set", SLUG, "--json", "-", text=json.dumps(values))


def ask(found: Installation, players: Players) -> tuple[int, str]:
    """Return status and reason of one request with a Login JWT made now."""
    headers = {"Authorization": f"Bearer {players.make_token(players.find_user_id(0))}"}
    status, body = get(f"http://127.0.0.1:{found.web_port}/generate/token/{SLUG}", headers=headers)
    return status, json.loads(body).get("reason", "")


def _show(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.2f} s after it"


if __name__ == "__main__":
    sys.exit(run_drill(partial(drill, options=build_parser(__doc__, seconds=15).parse_args()), limit_s=600))
