"""`manage.py person`: what is kept of one person, erased, let in again, and receipts checked."""

import getpass
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking import privacy
from linking.privacy import BadSubject, ErasureKeyLost, Name, receipts

ACTOR = "command line"


class Command(BaseCommand):
    """Answers requests of people about their data; docs/privacy.md has the steps."""

    help = _("Export or erase all that is kept of one person, readmit somebody, or check a receipt.")

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the command line."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        helps = {
            "export": _("print all that is kept of a person, as JSON"),
            "erase": _("erase a person everywhere, print a receipt, and keep the person from coming back"),
            "readmit": _("let a person be kept again who was erased"),
        }
        for verb, text in helps.items():
            one = verbs.add_parser(verb, help=text)
            which = one.add_mutually_exclusive_group(required=True)
            which.add_argument("--user", metavar="ID", default="", help=_("the player's user ID"))
            which.add_argument("--visitor", metavar="ID", default="", help=_("a visitor ID, in dot or dash form"))
            which.add_argument("--email", metavar="A", default="", help=_("the whole e-mail address"))
            if verb == "readmit":
                which.add_argument("--receipt", metavar="NUMBER", default="", help=_("the number of the receipt"))
            one.add_argument(
                "--integration", metavar="SLUG", default="", help=_("an integration of the Login project that is meant")
            )
            if verb != "readmit":
                one.add_argument("--dry-run", action="store_true", help=_("only count rows, and change nothing"))
        check = verbs.add_parser("verify", help=_("say whether a receipt is genuine; exit 1 if it is not"))
        check.add_argument("file", metavar="FILE", help=_("the receipt, - for standard input"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the verb says."""
        try:
            getattr(self, f"_{options['verb']}")(options)
        except BadSubject as error:
            raise CommandError(str(error)) from error
        except ErasureKeyLost as error:
            sentence = _("The erasure key cannot be opened. Put the seal key back that sealed it (ZDBRIDGE_SEAL_KEYS).")
            raise CommandError(sentence) from error

    def _export(self, options: dict[str, Any]) -> None:
        subject = privacy.find_subject(_read_name(options))
        if options["dry_run"]:
            self._print_counts(privacy.count(subject))
            return
        privacy.record_export(subject=subject, by=None, actor=ACTOR, now=_now())
        self.stdout.write(json.dumps(privacy.export(subject), ensure_ascii=False, indent=2))

    def _erase(self, options: dict[str, Any]) -> None:
        name = _read_name(options)
        if options["dry_run"]:
            self._print_counts(privacy.count(privacy.find_subject(name)))
            return
        receipt = privacy.erase(name=name, by=None, actor=f"{ACTOR} ({_read_account()})", now=_now())
        if not receipt.counts:
            self.stderr.write(_("Nothing was kept under this ID. From now on nothing will be."))
        self.stdout.write(receipt.text.rstrip("\n"))

    def _readmit(self, options: dict[str, Any]) -> None:
        number = options["receipt"]
        name = None if number else _read_name(options)
        lifted = receipts.readmit(by=None, actor=f"{ACTOR} ({_read_account()})", now=_now(), name=name, number=number)
        if not lifted:
            raise CommandError(_("Nobody was erased under this ID, or the person is readmitted already."))
        sentence = _("Readmitted (receipt %(numbers)s). The next sync or token stores the person as somebody new.")
        self.stdout.write(sentence % {"numbers": ", ".join(lifted)})

    def _verify(self, options: dict[str, Any]) -> None:
        try:
            text = sys.stdin.read() if options["file"] == "-" else Path(options["file"]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            sentence = _("%(file)s cannot be read (%(error)s).")
            raise CommandError(sentence % {"file": options["file"], "error": type(error).__name__}) from error
        if not receipts.is_genuine(text):
            raise CommandError(_("This receipt was not written by this installation, or it was changed."))
        self.stdout.write(_("The receipt is genuine."))

    def _print_counts(self, counts: dict[str, int]) -> None:
        for label, number in sorted(counts.items()):
            self.stdout.write(f"{number:>8}  {label}")
        total = sum(counts.values())
        sentence = ngettext("%(number)s row is kept of this person.", "%(number)s rows are kept of this person.", total)
        self.stdout.write(sentence % {"number": total})


def _read_name(options: dict[str, Any]) -> Name:
    return Name(
        user_id=options["user"].strip(),
        visitor_id=options["visitor"].strip(),
        email=options["email"].strip(),
        integration=options["integration"],
    )


def _read_account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "?"


def _now() -> datetime:
    return datetime.now(tz=UTC)
