"""`manage.py diagnose_token`: the token doctor on the command line."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from linking import background, doctor, registry
from linking.doctor import PASTE_MAX_CHARACTERS, Diagnosis, TokenKind, Verdict, VerdictState

_WORDS = {VerdictState.GOOD: "ok  ", VerdictState.BAD: "FAIL", VerdictState.NOTE: "note", VerdictState.SKIPPED: "-   "}


class Command(BaseCommand):
    """Prints a line a rule. Exit code 0 when the token would be accepted, 1 when not, 2 when nothing could be asked."""

    help = _("Check a token rule by rule and say what to do. Reads standard input if no file is given.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what may be said; never the token itself, because other people see a machine's command lines."""
        parser.add_argument("file", nargs="?", default="-", help=_("a file with the paste; - is standard input"))
        parser.add_argument(
            "--integration", default="", metavar="SLUG", help=_("default: the one that the token names")
        )
        parser.add_argument("--kind", default=TokenKind.AUTO.value, choices=[kind.value for kind in TokenKind])

    def handle(self, *, file: str, integration: str, kind: str, **options: Any) -> None:
        """Read, judge, print."""
        try:
            text = _content(file)
            background.fetch_keys_once(
                login_api_url=str(settings.LINKING["XSOLLA_LOGIN_API_URL"]),
                allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
            )
            found = doctor.diagnose_paste(text=text, kind=TokenKind(kind), slug=integration, now=time.time())
        except OSError as error:
            sentence = _("The file %(path)s cannot be read (%(error)s).")
            self._give_up(sentence % {"path": file, "error": error.strerror})
        except registry.NoSuchIntegration:
            self._give_up(_("There is no such integration. `integration list` shows all integrations."))
        else:
            for verdict in found.verdicts:
                self.stdout.write(_line(verdict))
            self.stdout.write(_conclude(found))
            sys.exit(0 if found.is_accepted else 1)

    def _give_up(self, sentence: str) -> None:
        self.stderr.write(sentence)
        sys.exit(2)


def _content(path: str) -> str:
    # One more than the doctor reads, so that it can say the paste is too long. A character has four bytes at most.
    limit = 4 * (PASTE_MAX_CHARACTERS + 1)
    if path == "-":
        raw = sys.stdin.buffer.read(limit)
    else:
        with Path(path).open("rb") as file:
            raw = file.read(limit)
    # A shell and an editor end every text with a line end; it is not the token's.
    return raw.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")


def _conclude(found: Diagnosis) -> str:
    if not found.slug:
        return _("This would be accepted.") if found.is_accepted else _("This would not be accepted.")
    sentence = _("This would not be accepted by %(slug)s.")
    if found.is_accepted:
        sentence = _("This would be accepted by %(slug)s.")
    return sentence % {"slug": found.slug}


def _line(verdict: Verdict) -> str:
    told = f": {verdict.problem} {verdict.fix}" if verdict.cause else ""
    return f"{_WORDS[verdict.state]} {verdict.rule}{told}"
