"""How many of the visitors seen lately are linked, anonymous and so on: one count for the share and for two views."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Q
from django.db.models.aggregates import Count as CountOf
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.found import READ_STATES
from linking.finding import COUNT_CAP, Count
from linking.models import Visitor, VisitorState

RECENT_DAYS = "30"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """Visitors of the last 30 days by what is known of them; when `is_capped`, of the newest `COUNT_CAP` of them."""

    total: int
    linked: int
    pending: int
    anonymous: int
    no_email: int

    @property
    def is_capped(self) -> bool:
        """Whether there may be more than were counted."""
        return self.total >= COUNT_CAP

    def counted(self, number: int) -> Count:
        """Return `number` of them as a count."""
        return Count(number=number, is_capped=self.is_capped)


def recent_visitors(*, now: datetime) -> Recent:
    """Return the counts; one query."""
    lately = Visitor.objects.filter(last_seen_at__gte=now - timedelta(days=int(RECENT_DAYS)))
    # Counted over the slice itself: looking the same rows up again by key took eight times as long.
    counted = lately.order_by("-last_seen_at", "-pk")[:COUNT_CAP].aggregate(
        total=CountOf("pk"),
        linked=CountOf("pk", filter=Q(state=VisitorState.LINKED)),
        pending=CountOf("pk", filter=Q(state=VisitorState.PENDING)),
        anonymous=CountOf("pk", filter=Q(state=VisitorState.ANONYMOUS)),
        no_email=CountOf("pk", filter=Q(email="", state__in=READ_STATES)),
    )
    return Recent(**counted)


def share_sentence(recent: Recent) -> str:
    """Return how many of the recent visitors are linked and of what that is a share; "" when there are none."""
    total, linked, pending = recent.total, recent.linked, recent.pending
    if not total:
        return ""
    values = {"linked": intcomma(linked), "total": intcomma(total), "share": f"{100 * linked / total:.0f}"}
    template = (
        _("%(linked)s of the newest %(total)s visitors (%(share)s %%) are linked to a Login user.")
        if recent.is_capped
        else ngettext(
            "%(linked)s of the %(total)s visitor seen in the last 30 days (%(share)s %%) is linked to a Login user.",
            "%(linked)s of the %(total)s visitors seen in the last 30 days (%(share)s %%) are linked to a Login user.",
            total,
        )
    )
    sentence = template % values
    if pending:
        waiting = ngettext("%(number)s waits to be looked up.", "%(number)s wait to be looked up.", pending)
        sentence = f"{sentence} {waiting % {'number': intcomma(pending)}}"
    return sentence
