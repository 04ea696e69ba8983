"""Hints about a search text: an unknown filter, a ticket number, a part of a masked address."""

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _

from linking.dashboard.visitors.typed_filters import TYPED_FILTERS
from linking.search import Query, QueryKind, find


def find_hint(query: Query, *, sees_contact: bool, has_rows: bool) -> str:
    """Return a hint for the person who searches, "" without one.

    It depends on the text and on whether rows were found, never on hidden data.
    """
    if query.operator:
        return _explain_operator(query)
    if query.kind is QueryKind.TICKET and has_rows:
        return _("Found by notes that name ticket %s. zdbridge knows no other ticket numbers.") % query.ticket
    if query.kind is QueryKind.TICKET:
        return (
            _("zdbridge does not know ticket numbers. Paste the visitor ID or the e-mail address from ticket %s.")
            % query.ticket
        )
    if find.is_account_number(query):
        return (
            _("%s is a Zendesk account number; every visitor ID starts with one. Paste a whole visitor ID.")
            % query.digits
        )
    return "" if has_rows else _explain_no_results(query, sees_contact=sees_contact)


def _explain_operator(query: Query) -> str:
    typed = TYPED_FILTERS.get(query.operator)
    if typed:
        return str(typed.hint)
    values = {"word": f"{query.operator}:", "known": ", ".join(f"{name}:" for name in TYPED_FILTERS)}
    return _("There is no filter %(word)s. The filters are %(known)s as in state:linked or seen:week.") % values


def _explain_no_results(query: Query, *, sees_contact: bool) -> str:
    if query.kind is QueryKind.CHAT_ID:
        return _(
            "zdbridge stores only the last ended chat of each visitor. Paste the visitor ID or the e-mail address from "
            "the chat."
        )
    is_contact = query.kind in (QueryKind.EMAIL, QueryKind.PHONE) or "@" in query.text
    if is_contact and not sees_contact:
        return _("Your group must enter a whole e-mail address or phone number to find it.")
    if find.is_costly(query):
        return _("A search for so few characters covers only the newest %s.") % intcomma(find.NEWEST_SEARCHED)
    return ""
