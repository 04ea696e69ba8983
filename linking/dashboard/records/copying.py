"""What the buttons *Copy all* and *Copy link* put on the clipboard, as the reader may see it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """The whole address of a record's page, and lines for a ticket that say who the record is about."""

    link: str
    text: str


def build_copies(
    request: HttpRequest, *, own_url: str, name: str, email: str, user_id: str, visitor_ids: Iterable[str]
) -> Copies:
    """Return what can be copied of the record at `own_url`; what is "" is left out. Values are masked already."""
    link = request.build_absolute_uri(own_url)
    lines = [(_("Name: %s"), name), (_("E-mail: %s"), email if email != name else ""), (_("User ID: %s"), user_id)]
    lines += [(_("Visitor ID: %s"), visitor_id) for visitor_id in visitor_ids]
    text = "\n".join(template % value for template, value in [*lines, (_("Record: %s"), link)] if value)
    return Copies(link=link, text=text)
