"""Refused tokens in words, for several pages."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.tokens.refusals import REFUSALS, Reason

_REASONS = frozenset(Reason)


def explain_reason(reason: str) -> str:
    """Return the sentence of a reason; "" for none, or for one that only an earlier version knew."""
    return _(REFUSALS[Reason(reason)].description) if reason in _REASONS else ""


def find_code(reason: str) -> str:
    """Return the code of a reason; "" for one that only an earlier version knew."""
    return REFUSALS[Reason(reason)].code.value if reason in _REASONS else ""


def describe_refusals() -> str:
    """Return the title over a player's refusals: for how long they are kept."""
    days = settings.LINKING["KEEP_REFUSALS_DAYS"]
    if days is None:
        return _("Refused tokens")
    return ngettext("Refused in the last %s day", "Refused in the last %s days", days) % days


def describe_refused_players() -> str:
    """Return the title over the numbers of players who were refused."""
    days = settings.LINKING["KEEP_REFUSALS_DAYS"]
    if days is None:
        return _("Refused players by reason")
    words = ngettext(
        "Players refused in the last %s day, by reason", "Players refused in the last %s days, by reason", days
    )
    return words % days
