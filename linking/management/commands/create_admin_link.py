"""`create_admin_link`: a sign-in link for an administrator that works once."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from linking.accounts import one_time_links, roles, sign_in
from linking.management.base_url import find_base_url

ACTOR = "command line"
_IN_THE_WAY = gettext_lazy(
    "No administrator can sign in, and the account %(name)s is switched off or is not an administrator. Create another "
    "one: python3 manage.py create_admin_link --username NAME"
)
_PROMOTIONS = {
    roles.Role.NONE: gettext_noop("The account %(name)s is now an administrator."),
    roles.Role.AGENT: gettext_noop("The agent %(name)s is now an administrator."),
    roles.Role.LEAD: gettext_noop("The lead %(name)s is now an administrator."),
}


class Command(BaseCommand):
    """Print a link that signs an administrator in once and lets them choose a password.

    The address alone goes into the first line of standard output, so that `| head -1` gives just that.
    """

    help = _("Print a link that signs an administrator in once; the account is created if it does not exist.")

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--username",
            default=sign_in.DEFAULT_USERNAME,
            help=_("the account (default %(name)s)") % {"name": sign_in.DEFAULT_USERNAME},
        )
        parser.add_argument("--promote", action="store_true", help=_("make an existing account an administrator"))
        parser.add_argument(
            "--base-url", default="", help=_("the address of the dashboard, such as https://support.example")
        )
        parser.add_argument("--if-needed", action="store_true", help=_("print nothing if an administrator can sign in"))
        parser.add_argument(
            "--besides",
            nargs="*",
            default=[],
            metavar="NAME",
            help=_("with --if-needed: people who do not count"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the link and print it."""
        try:
            self._write(options)
            self.stdout.flush()
        except BrokenPipeError:
            # Whoever read has had enough (`create_admin_link | head -1`); nothing is left to be written at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _write(self, options: dict[str, Any]) -> None:
        need = (
            sign_in.plan_first_link(demo_usernames=options["besides"])
            if options["if_needed"]
            else sign_in.FirstLink.NEEDED
        )
        if need is sign_in.FirstLink.NOT_NEEDED:
            return
        if need is sign_in.FirstLink.IN_THE_WAY:
            self.stdout.write(_IN_THE_WAY % {"name": sign_in.DEFAULT_USERNAME})
            return
        link = _make(username=options["username"], may_promote=options["promote"])
        if link.promoted_from is not None:
            # On standard error, because a pipe may take the address alone.
            self.stderr.write(_(_PROMOTIONS[link.promoted_from]) % {"name": link.username})
        address = (options["base_url"] or find_base_url()).rstrip("/") + reverse("admin_link", args=[link.token])
        self.stdout.write(address)
        hours = int(one_time_links.ADMIN_LINK.lifetime.total_seconds() // 3600)
        self.stdout.write(
            _("The link signs %(name)s in. It works once, within %(hours)s hours.")
            % {"name": link.username, "hours": hours}
        )


def _make(*, username: str, may_promote: bool) -> sign_in.AdminLink:
    try:
        return sign_in.make_admin_link(username=username, may_promote=may_promote, actor=ACTOR, now=timezone.now())
    except sign_in.LinkNotMade as error:
        raise CommandError(_explain(error.obstacle, username=username)) from error


def _explain(obstacle: sign_in.LinkObstacle, *, username: str) -> str:
    sentence = _("The account %(name)s is not an administrator. Add --promote to make it one.")
    if obstacle is sign_in.LinkObstacle.SWITCHED_OFF:
        sentence = _("The account %(name)s is switched off.")
    return sentence % {"name": username}
