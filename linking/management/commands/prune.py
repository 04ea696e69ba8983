"""`manage.py prune`: what the daily chore does, at once and to the end."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from linking.privacy import retention


class Command(BaseCommand):
    """Deletes what has been kept for long enough (`ZDBRIDGE_KEEP_…_DAYS`); a second one at once finds nothing."""

    help = _("Delete what has been kept for long enough, as the daily chore does.")

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the command line."""
        parser.add_argument("--dry-run", action="store_true", help=_("only count rows, and change nothing"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete, or count, and say how many rows."""
        now = datetime.now(tz=UTC)
        if options["dry_run"]:
            numbers = retention.count_due(days=settings.LINKING, now=now)
        else:
            numbers, _is_all = retention.prune(days=settings.LINKING, now=now)
        for name, number in numbers.items():
            self.stdout.write(f"{number:>8}  {name}")
        if not numbers:
            self.stdout.write(_("Nothing has been kept for too long."))
