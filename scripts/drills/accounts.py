"""Drill: guesses of passwords and TOTP codes, and who is locked out by them, while tokens are requested.

python -m scripts.drills.accounts [--guesses 60] [--rate 50]
"""

import argparse
import base64
import secrets
import sys
import time
from collections import Counter
from functools import partial

from scripts.drills.installation import SLUG, Installation, scratch_installation
from scripts.drills.report import Report, build_parser, run_drill
from scripts.drills.sign_in import Visit, make_person, try_sign_in
from scripts.drills.traffic import run_traffic

# Documentation addresses; the drill is the proxy that names them.
GUESSER, PERSON_AT, OTHER = "192.0.2.7", "198.51.100.20", "203.0.113.{}"
TRIES_LIMIT = 10
ENROL = """
from django.contrib.auth.models import User
from allauth.mfa.totp.internal.auth import TOTP
TOTP.activate(User.objects.get(username={name!r}), {secret!r})
"""


def drill(report: Report, *, options: argparse.Namespace) -> None:
    """Guess in several ways."""
    proxies = {"ZDBRIDGE_TRUSTED_PROXIES": "127.0.0.1"}
    with scratch_installation(port=options.port, store=options.store, variables=proxies) as found:
        people = {name: make_person(found, name=name) for name in ("alpha", "beta", "gamma")}
        found.add_role("web")
        found.wait_until_serving()
        with run_traffic(ports=[found.web_port], rate=options.rate, players=found.make_players(), slug=SLUG) as traffic:
            guess_from_one_address(report, found, password=people["alpha"], guesses=options.guesses)
            guess_from_many_addresses(report, found, password=people["beta"], guesses=options.guesses)
            guess_codes(report, found, password=people["gamma"], guesses=options.guesses)
            tally = traffic.stop()
        report.promise("tokens meanwhile", is_kept=tally.is_spotless, figure=tally)


def guess_from_one_address(report: Report, found: Installation, *, password: str, guesses: int) -> None:
    """Guess from one address; the person at another one must get in."""
    port, name = found.web_port, "alpha"
    met = Counter(try_sign_in(port=port, name=name, password=_guess(), forwarded_for=GUESSER) for _ in range(guesses))
    report.promise("guesses by one address are limited", is_kept=met["refused"] <= TRIES_LIMIT, figure=_show(met))
    same = try_sign_in(port=port, name=name, password=password, forwarded_for=GUESSER)
    report.promise("even the right password from there", is_kept=same == "limited", figure=same)
    elsewhere = try_sign_in(port=port, name=name, password=password, forwarded_for=PERSON_AT)
    report.promise("the person at another address gets in", is_kept=elsewhere == "in", figure=elsewhere)


def guess_from_many_addresses(report: Report, found: Installation, *, password: str, guesses: int) -> None:
    """Guess once from each of many addresses; a browser that the person used before must get in."""
    port, name = found.web_port, "beta"
    known = Visit(port=port, forwarded_for=PERSON_AT)
    first = known.sign_in(name=name, password=password)
    known.sign_out()
    met = Counter(
        try_sign_in(port=port, name=name, password=_guess(), forwarded_for=OTHER.format(number + 1))
        for number in range(guesses)
    )
    report.promise("guesses by many addresses are limited", is_kept=met["refused"] <= 50, figure=_show(met))
    again = known.sign_in(name=name, password=password)
    report.promise("a browser known before gets in", is_kept=(first, again) == ("in", "in"), figure=f"{first}, {again}")


def guess_codes(report: Report, found: Installation, *, password: str, guesses: int) -> None:
    """Guess TOTP codes with the right password."""
    secret = base64.b32encode(secrets.token_bytes(20)).decode()
    found.manage("shell", "-c", ENROL.format(name="gamma", secret=secret))
    visit = Visit(port=found.web_port, forwarded_for=PERSON_AT)
    begun_at_s = time.monotonic()
    visit.sign_in(name="gamma", password=password)
    met = Counter(visit.try_code(f"{secrets.randbelow(10**6):06}") for _ in range(guesses))
    took = f"{_show(met)}; {time.monotonic() - begun_at_s:.0f} s"
    report.promise("guesses of TOTP codes are limited", is_kept=0 < met["refused"] <= TRIES_LIMIT, figure=took)
    report.promise("no guess gets in", is_kept=not met["in"], figure=met["in"])


def _guess() -> str:
    return secrets.token_urlsafe(12)


def _show(met: Counter[str]) -> str:
    return ", ".join(f"{word} ×{number}" for word, number in met.most_common())


if __name__ == "__main__":
    parser = build_parser(__doc__, seconds=0)
    parser.add_argument("--guesses", type=int, default=60, help="of each kind (default %(default)s)")
    sys.exit(run_drill(partial(drill, options=parser.parse_args()), limit_s=900))
