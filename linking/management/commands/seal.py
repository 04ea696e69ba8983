"""`manage.py seal status|rewrap`: which seal key holds what, and the move to the newest one."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking import sealing

ACTOR = "command line"


class Command(BaseCommand):
    """Says what rests under which seal key, and moves it. Exit code 0: everything rests under the newest key."""

    help = _("Show which seal key holds which secrets (status), or move all of them to the newest key (rewrap).")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="status|rewrap")
        verbs.add_parser("status", help=_("print what rests under which seal key"))
        rewrap = verbs.add_parser("rewrap", help=_("move everything to the newest seal key, while serving"))
        rewrap.add_argument("--dry-run", action="store_true", help=_("print what would be moved and change nothing"))

    def handle(self, *, verb: str, dry_run: bool = False, **_options: Any) -> None:
        """Do one verb."""
        if verb == "status":
            standing = sealing.standing.load_standing()
            self._write_standing(standing)
        elif dry_run:
            standing = sealing.standing.load_standing()
            for one in standing.columns:
                if one.to_move:
                    self._write_moved(one.column, one.to_move, is_dry_run=True)
        else:
            done = sealing.rewrap.rewrap_all(actor=ACTOR, now=timezone.now())
            standing = done.standing
            for one in standing.columns:
                if one.column.name in done.moved:
                    self._write_moved(one.column, done.moved[one.column.name], is_dry_run=False)
        self._write_verdict(standing)
        if not standing.is_settled:
            sys.exit(1)

    def _write_standing(self, standing: sealing.standing.SealStanding) -> None:
        for number, mark in enumerate(standing.marks):
            name = _("newest key") if number == 0 else _("key %(number)s") % {"number": number + 1}
            self.stdout.write(f"{name} {mark}: {standing.count_under(number)}")
        for one in standing.columns:
            counts = [str(one.by_key.get(number, 0)) for number in range(len(standing.marks))]
            extra = [_("unsealed: %(number)s") % {"number": one.unsealed}] if one.unsealed else []
            extra += [_("cannot be opened: %(number)s") % {"number": one.lost}] if one.lost else []
            self.stdout.write("\t".join([str(one.column.label), *counts, *extra]))

    def _write_moved(self, column: sealing.places.SealedColumn, number: int, *, is_dry_run: bool) -> None:
        sentence = _("%(what)s: %(number)s would be moved.") if is_dry_run else _("%(what)s: %(number)s moved.")
        self.stdout.write(sentence % {"what": column.label, "number": number})

    def _write_verdict(self, standing: sealing.standing.SealStanding) -> None:
        if standing.is_settled:
            sentence = _("Everything rests under the newest key. Older keys can be removed from ZDBRIDGE_SEAL_KEYS.")
            self.stdout.write(sentence)
        if standing.to_move:
            sentence = ngettext(
                "%(number)s value does not rest under the newest key. Move it with: manage.py seal rewrap",
                "%(number)s values do not rest under the newest key. Move them with: manage.py seal rewrap",
                standing.to_move,
            )
            self.stderr.write(sentence % {"number": standing.to_move})
        if standing.lost:
            sentence = ngettext(
                "%(number)s value opens with no key. Put the lost key back at the end of ZDBRIDGE_SEAL_KEYS, or set "
                "the secret again.",
                "%(number)s values open with no key. Put the lost key back at the end of ZDBRIDGE_SEAL_KEYS, or set "
                "the secrets again.",
                standing.lost,
            )
            self.stderr.write(sentence % {"number": standing.lost})
