"""How many visitors seen lately are linked, anonymous and so on: one count for the link rate and for two views."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, Q, QuerySet
from django.db.models.aggregates import Count as CountOf

from linking.models import Visitor, VisitorState
from linking.search.find import COUNT_CAP, Count
from linking.search.narrow import READ_STATES
from linking.sync import parted_links

RECENT_DAYS = "30"
_ANONYMOUS = Q(state=VisitorState.ANONYMOUS)
_OF_A_PART: Mapping[str, Q] = {
    "total": Q(),
    "linked": Q(state=VisitorState.LINKED),
    "pending": Q(state=VisitorState.PENDING),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Visitors of one integration among the recent ones: all, those who are linked, those not looked up yet."""

    total: int
    linked: int
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """Visitors of the last days by what is known of them; when `is_capped`, of the newest `COUNT_CAP` of them.

    `anonymous` are all who are, also those who carry an ID that is none (`junk`) or that a person parted from them
    (`parted`). `parts` are by the key of the integration, where that was asked for.
    """

    total: int
    linked: int
    pending: int
    anonymous: int
    junk: int
    parted: int
    gone: int
    no_email: int
    parts: Mapping[int, Part] = field(default_factory=dict)

    @property
    def is_capped(self) -> bool:
        """Whether there may be more than were counted."""
        return self.total >= COUNT_CAP

    def as_count(self, number: int) -> Count:
        """Return `number` of them as a count."""
        return Count(number=number, is_capped=self.is_capped)


def count_recent(
    *, now: datetime, days: str = RECENT_DAYS, integration: int | None = None, apart: Sequence[int] = ()
) -> Recent:
    """Return the counts; one query, and another where anonymous visitors carry an ID.

    Args:
        integration: the key of the only one that counts, None for all.
        apart: keys of integrations that are counted by themselves, too.
    """
    since = now - timedelta(days=int(days))
    lately = Visitor.objects.filter(last_seen_at__gte=since)
    counted = _count(lately if integration is None else lately.filter(integration_id=integration), apart=apart)
    oldest_at, carrying = counted.pop("oldest_at"), counted.pop("carrying")
    parted = parted_links.count_parted(since=oldest_at, integration_id=integration) if carrying else 0
    parts = {key: Part(**{name: counted.pop(f"{name}_{key}") for name in _OF_A_PART}) for key in apart}
    return Recent(**counted, parted=min(parted, carrying), junk=max(carrying - parted, 0), parts=parts)


def _count(lately: QuerySet[Visitor], *, apart: Sequence[int]) -> dict[str, Any]:
    parts = {
        f"{name}_{key}": CountOf("pk", filter=Q(integration_id=key) & one)
        for key in apart
        for name, one in _OF_A_PART.items()
    }
    # Counted over the slice itself: looking the same rows up again by key took eight times as long.
    return lately.order_by("-last_seen_at", "-pk")[:COUNT_CAP].aggregate(
        oldest_at=Min("last_seen_at"),
        total=CountOf("pk"),
        linked=CountOf("pk", filter=Q(state=VisitorState.LINKED)),
        pending=CountOf("pk", filter=Q(state=VisitorState.PENDING)),
        anonymous=CountOf("pk", filter=_ANONYMOUS),
        carrying=CountOf("pk", filter=_ANONYMOUS & ~Q(external_id="")),
        gone=CountOf("pk", filter=Q(state=VisitorState.GONE)),
        no_email=CountOf("pk", filter=Q(email="", state__in=READ_STATES)),
        **parts,
    )
