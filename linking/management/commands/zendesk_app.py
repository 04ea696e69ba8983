"""`zendesk_app SLUG --output FILE`: the app with the panel, to be uploaded to Zendesk."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils.translation import gettext as _

from linking import panel, registry
from linking.core.text import clean_line
from linking.management.base_url import find_base_url


class Command(BaseCommand):
    """Write the zip of the private app for one integration."""

    help = _("Write the app with the panel for one integration, to be uploaded to Zendesk.")

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("slug")
        parser.add_argument("--output", required=True, metavar="FILE", help=_("the zip file, or - for standard output"))
        parser.add_argument(
            "--base-url", default="", help=_("the address of the dashboard, such as https://support.example")
        )

    def handle(self, *, slug: str, output: str, base_url: str, **_options: Any) -> None:
        """Build the zip and write it."""
        config = registry.current().by_slug.get(slug)
        if config is None:
            sentence = _("There is no integration %(slug)s. `integration list` shows all integrations.")
            raise CommandError(sentence % {"slug": clean_line(slug, max_characters=100)})
        url = (base_url or find_base_url()).rstrip("/") + reverse("panel", args=[slug])
        languages = [code for code, _name in settings.LANGUAGES]
        try:
            content = panel.build_app(config=config, panel_url=url, languages=languages)
        except panel.AppRefused as error:
            raise CommandError(error.sentence.to_text(_)) from error
        if output == "-":
            sys.stdout.buffer.write(content)
            return
        try:
            Path(output).write_bytes(content)
        except OSError as error:
            sentence = _("The file %(path)s cannot be written (%(error)s).")
            raise CommandError(sentence % {"path": output, "error": error.strerror}) from error
        self.stdout.write(_("Written: %(path)s. Upload it in Admin Center as a private app.") % {"path": output})
