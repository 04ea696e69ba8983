"""What the buttons *Copy all* and *Copy link* put on the clipboard, as the reader may see it."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.utils.translation import gettext as _


def build_copy_text(*, name: str, email: str, user_id: str, visitor_ids: Iterable[str], link: str) -> str:
    """Return who a record is about as lines for a ticket; what is "" is left out. Values are masked already."""
    lines = [(_("Name: %s"), name), (_("E-mail: %s"), email if email != name else ""), (_("User ID: %s"), user_id)]
    lines += [(_("Visitor ID: %s"), visitor_id) for visitor_id in visitor_ids]
    return "\n".join(template % value for template, value in [*lines, (_("Record: %s"), link)] if value)


def build_link(request: HttpRequest, *, own_url: str) -> str:
    """Return the whole address of a record's page."""
    return request.build_absolute_uri(own_url)
