"""What to say about a searched text that no row says: a filter there is not, a ticket, a part of what is masked."""

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _

from linking.search import Query, QueryKind, find


def find_hint(query: Query, *, sees_contact: bool, has_rows: bool) -> str:
    """Return a sentence that helps whoever made this search, "" where there is nothing to say.

    It depends on the text and on whether something was found, never on what was not shown.
    """
    if query.operator:
        return _about_operator(query)
    if query.kind is QueryKind.TICKET:
        return (
            _("zdbridge does not store ticket numbers. Paste the visitor ID or the e-mail address from ticket %s.")
            % query.ticket
        )
    if find.is_account_number(query):
        return (
            _("%s is the number of a Zendesk account, with which every visitor ID begins. Paste a whole visitor ID.")
            % query.digits
        )
    return "" if has_rows else _about_nothing(query, sees_contact=sees_contact)


def _about_operator(query: Query) -> str:
    if query.operator == "state":
        return _("state: takes linked, anonymous, pending, gone or signed_in.")
    if query.operator == "seen":
        return _("seen: takes today, week or month.")
    return _("There is no filter %s. Use the states above, or write state:linked or seen:week.") % f"{query.operator}:"


def _about_nothing(query: Query, *, sees_contact: bool) -> str:
    if query.kind is QueryKind.CHAT_ID:
        return _(
            "Of each visitor only the last chat that has ended is stored. Paste the visitor ID or the e-mail address "
            "from the chat."
        )
    is_contact = query.kind in (QueryKind.EMAIL, QueryKind.PHONE) or "@" in query.text
    if is_contact and not sees_contact:
        return _("Your group finds an e-mail address or a phone number only when it is typed whole.")
    if find.is_costly(query):
        return _("A search for so few signs looks at the newest %s only.") % intcomma(find.NEWEST_SEARCHED)
    return ""
