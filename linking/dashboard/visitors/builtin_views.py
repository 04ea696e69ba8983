"""The views that everybody has from the start, each with how many it finds now."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from linking.dashboard.shell.context import count_words
from linking.dashboard.visitors.filters import LINKED_TODAY, NO_EMAIL, TO_CHECK, VisitorFilters
from linking.dashboard.visitors.queries import day_before, to_check
from linking.dashboard.visitors.recent import RECENT_DAYS, Recent
from linking.models import Visitor, VisitorLink, VisitorState
from linking.search import find as finding
from linking.search.find import Count

COUNT_CAP = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyView:
    """One such view; `count` is text."""

    name: str
    url: str
    count: str
    is_current: bool


def ready_views(*, asked: VisitorFilters, recent: Recent, now: datetime) -> list[ReadyView]:
    """Return the views; two queries. Two of them are of the last 30 days, which `recent` has counted already."""
    named = (
        (_("Linked today"), VisitorFilters(only=LINKED_TODAY), _count_linked_today(now=now)),
        (
            _("Needs checking"),
            VisitorFilters(only=TO_CHECK),
            finding.count_up_to_cap(to_check(Visitor.objects.all()), cap=COUNT_CAP),
        ),
        (
            _("Anonymous"),
            VisitorFilters(state=VisitorState.ANONYMOUS, seen=RECENT_DAYS),
            recent.counted(recent.anonymous),
        ),
        (_("No e-mail"), VisitorFilters(only=NO_EMAIL, seen=RECENT_DAYS), recent.counted(recent.no_email)),
    )
    current = asked.address()
    return [
        ReadyView(
            name=name,
            url=reverse("visitors") + wanted.address(),
            count=count_words(count),
            is_current=wanted.address() == current,
        )
        for name, wanted, count in named
    ]


def _count_linked_today(*, now: datetime) -> Count:
    # The newest links by key, so that neither a day without one nor a million of them makes the page slow.
    newest = VisitorLink.objects.order_by("-pk").values_list("first_seen_at", "ended_at")[: COUNT_CAP + 1]
    since = day_before(now)
    number = sum(made_at >= since and ended_at is None for made_at, ended_at in newest)
    return Count(number=min(number, COUNT_CAP), is_capped=number > COUNT_CAP)
