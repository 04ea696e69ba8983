"""`purge_demo`: removes what a try-out left."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from zdbridge.up import demo_leftovers


class Command(BaseCommand):
    """Removes the demo accounts and the demo integrations, and nothing else."""

    help = _("Remove the demo accounts and the demo integrations with all their data, and nothing else.")

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the option."""
        parser.add_argument("--dry-run", action="store_true", help=_("show what would be removed, and remove nothing"))

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        """Remove the leftovers, and print what was removed."""
        found = demo_leftovers.find_leftovers(data_dir=settings.DATA_DIR, folder=settings.BASE_DIR / "sandbox")
        if dry_run:
            self.stdout.write(found.describe() or _("Nothing of the demo is left."))
            return
        sentences = demo_leftovers.purge(
            leftovers=found, data_dir=settings.DATA_DIR, folder=settings.BASE_DIR / "sandbox", now=timezone.now()
        )
        for sentence in [*sentences, *found.describe_secrets()]:
            self.stdout.write(sentence)
        if found.is_empty:
            self.stdout.write(_("Nothing of the demo is left."))
