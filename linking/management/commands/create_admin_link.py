"""`create_admin_link`: a sign-in link for an administrator that works once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from linking.dashboard.sign_in import DEFAULT_USERNAME, LINK_LIFETIME, is_admin_link_needed, make_admin_link

ANY_HOST = ("0.0.0.0", "::", "[::]", "")  # noqa: S104 - compared with, never listened on


class Command(BaseCommand):
    """Print a link that signs an administrator in once and lets them choose a password."""

    help = "Print a link that signs an administrator in once; the account is made when there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--username", default=DEFAULT_USERNAME, help=f"whose account (default {DEFAULT_USERNAME})")
        parser.add_argument(
            "--base-url", default="", help="how people reach the dashboard, e.g. https://support.example"
        )
        parser.add_argument("--if-needed", action="store_true", help="print nothing when an admin has a password")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the link and print it."""
        if options["if_needed"] and not is_admin_link_needed():
            return
        try:
            link = make_admin_link(username=options["username"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        address = (options["base_url"] or _address()).rstrip("/") + reverse("admin_link", args=[link.token])
        self.stdout.write(address)
        hours = int(LINK_LIFETIME.total_seconds() // 3600)
        self.stdout.write(f"Signs {link.username} in, once, within {hours} hours.")


def _address() -> str:
    if settings.IS_PUBLIC:
        return f"https://{settings.ALLOWED_HOSTS[0].lstrip('.')}"
    host = "127.0.0.1" if settings.HOST in ANY_HOST else settings.HOST
    return f"http://{host}:{settings.PORT}"
