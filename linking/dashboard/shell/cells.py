"""Cells of the visitors list as filters of every template.

A page has hundreds of these cells. Written in Python they hold no white space between their parts, which keeps a page
of fifty rows below 60 kB; the page and its live refresh use the same cells.
"""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from linking.dashboard.notes.chips import LabelChip
from linking.dashboard.shell.parts import Badge, IDText
from linking.dashboard.shell.rows import VisitorRow

register = template.Library()


@register.filter("who_cell")
def render_who(row: VisitorRow) -> SafeString:
    """Return what names a visitor: the link to its page with ban and labels, and the address below it."""
    name = format_html("<bdi>{}</bdi>", row.name) if row.name else _("No name")
    ban = (
        format_html(' <span class="state state-bad ban i-{}">{}</span>', row.ban.icon, row.ban.word) if row.ban else ""
    )
    labels = _render_labels(row.labels) if row.labels else ""
    below: str = ""
    if row.subtitle:
        below = format_html("<bdi>{}</bdi>", row.subtitle)
    elif not row.email:
        below = format_html('<span class="soft">{}</span>', _("no e-mail"))
    return format_html('<a id="{}" href="{}">{}{}{}</a>{}', row.key, row.url, name, ban, labels, below)


@register.filter("badges_cell")
def render_badges(badges: tuple[Badge, ...]) -> SafeString:
    """Return states as words with the symbols that classes draw."""
    return format_html_join(
        "", '<span class="state state-{} i-{}">{}</span>', ((badge.tone, badge.icon, badge.word) for badge in badges)
    )


@register.filter("login_cell")
def render_login(row: VisitorRow) -> SafeString:
    """Return the user ID of a visitor as the link to the player, or a dash."""
    if row.user is None:
        return format_html('<span class="soft" aria-label="{}" role="img">—</span>', _("not linked"))
    return format_html('<a href="{}"><span>{}</span><span>{}</span></a>', row.user_url, row.user.head, row.user.tail)


@register.filter("id_cell")
def render_id(text: IDText) -> SafeString:
    """Return an ID whose middle gives way where the column is narrow."""
    return format_html("<code><span>{}</span><span>{}</span></code>", text.head, text.tail)


def _render_labels(labels: tuple[LabelChip, ...]) -> SafeString:
    return format_html_join(
        "", ' <span class="label label-{}">{}</span>', ((label.colour, label.name) for label in labels)
    )
