"""`purge_demo`: takes away what a try-out left behind."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from zdbridge.up import leftovers


class Command(BaseCommand):
    """Removes the demo people and the demo integrations, and nothing else."""

    help = "Take the demo people and the demo integrations away, with all that hangs on them; nothing else is touched."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the option."""
        parser.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        """Remove, and say what."""
        found = leftovers.find_leftovers(data_dir=settings.DATA_DIR, folder=settings.BASE_DIR / "sandbox")
        if dry_run:
            self.stdout.write(found.describe() or "Nothing of the demo is left.")
            return
        for line in leftovers.purge(leftovers=found, data_dir=settings.DATA_DIR, now=timezone.now()):
            self.stdout.write(f"{line}.")
        for slug, name in found.secrets:
            self.stdout.write(f"not touched: integration {slug} uses the demo's {name}, which is public; set another.")
        if found.is_empty:
            self.stdout.write("Nothing of the demo is left.")
