"""The link rate by day: small rows, so that no page counts a month of visitors.

A chore counts the visitors last seen today, and days past until a pass was complete after their end. A day that was
never counted has no row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count, Q

from linking.models import Integration, LinkRateDay, Visitor, VisitorState
from linking.sync import parted_links

SHOWN_DAYS = 30
KEPT = timedelta(days=90)
# Of one day at most so many are counted, the newest: 0.1 s on PostgreSQL.
COUNTED_MOST = 100_000
# So many days past are counted again in one go, besides today.
PAST_A_TURN = 3
# A pass that was complete this long after a day's end has read that day.
SETTLED_AFTER = timedelta(hours=1)
_COUNTS = ("visitors", "linked", "pending", "anonymous", "junk", "parted", "gone")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateOfDay:
    """One day's visitors of one integration or of all. The reasons of those not linked are the last four counts."""

    day: date
    visitors: int
    linked: int
    pending: int
    anonymous: int
    junk: int
    parted: int
    gone: int

    @property
    def looked_up(self) -> int:
        """How many of the visitors were looked up, of whom the rate is."""
        return self.visitors - self.pending


def count_days(*, now: datetime) -> None:
    """Count today and up to `PAST_A_TURN` days past of every integration, and drop what is too old."""
    today = now.astimezone(UTC).date()
    counted: dict[int, dict[date, LinkRateDay]] = {}
    for row in LinkRateDay.objects.filter(day__gt=today - timedelta(days=SHOWN_DAYS)):
        counted.setdefault(row.integration_id, {})[row.day] = row
    for integration in Integration.objects.filter(enabled=True):
        for day in choose_days(counted.get(integration.pk, {}), today=today):
            _count_day(integration, day=day, now=now)
    LinkRateDay.objects.filter(day__lt=today - KEPT).delete()


def choose_days(counted: Mapping[date, LinkRateDay], *, today: date) -> list[date]:
    """Return today and the days past that are to be counted now: those never counted first, newest first, then those
    not settled, the longest ago counted first."""
    past = [today - timedelta(days=number) for number in range(1, SHOWN_DAYS)]
    missing = [day for day in past if day not in counted]
    unsettled = sorted((row.counted_at, row.day) for row in counted.values() if row.day < today and not row.is_settled)
    return [today, *[*missing, *(day for _counted_at, day in unsettled)][:PAST_A_TURN]]


def list_days(*, now: datetime) -> dict[int, list[RateOfDay]]:
    """Return the days that are counted of the last `SHOWN_DAYS`, oldest first, by integration's key; one query."""
    since = now.astimezone(UTC).date() - timedelta(days=SHOWN_DAYS - 1)
    days: dict[int, list[RateOfDay]] = {}
    rows = LinkRateDay.objects.filter(day__gte=since).order_by("day")
    for key, day, *counts in rows.values_list("integration_id", "day", *_COUNTS):
        days.setdefault(key, []).append(RateOfDay(day=day, **dict(zip(_COUNTS, counts, strict=True))))
    return days


def add_up(days: Iterable[RateOfDay]) -> list[RateOfDay]:
    """Return the sums of several integrations by day, oldest first."""
    sums: dict[date, dict[str, int]] = {}
    for one in days:
        mine = sums.setdefault(one.day, dict.fromkeys(_COUNTS, 0))
        for name in _COUNTS:
            mine[name] += getattr(one, name)
    return [RateOfDay(day=day, **sums[day]) for day in sorted(sums)]


def _count_day(integration: Integration, *, day: date, now: datetime) -> None:
    start_at = datetime.combine(day, time(), tzinfo=UTC)
    end_at = start_at + timedelta(days=1)
    mine = Visitor.objects.filter(integration=integration, last_seen_at__gte=start_at, last_seen_at__lt=end_at)
    is_anonymous = Q(state=VisitorState.ANONYMOUS)
    counts = mine.order_by("-last_seen_at", "-pk")[:COUNTED_MOST].aggregate(
        visitors=Count("pk"),
        linked=Count("pk", filter=Q(state=VisitorState.LINKED)),
        pending=Count("pk", filter=Q(state=VisitorState.PENDING)),
        anonymous=Count("pk", filter=is_anonymous & Q(external_id="")),
        carrying=Count("pk", filter=is_anonymous & ~Q(external_id="")),
        gone=Count("pk", filter=Q(state=VisitorState.GONE)),
    )
    carrying = counts.pop("carrying")
    parted = parted_links.count_parted(since=start_at, until=end_at, integration_id=integration.pk) if carrying else 0
    counts |= {"parted": min(parted, carrying), "junk": max(carrying - parted, 0)}
    success_at = integration.last_success_at
    LinkRateDay.objects.update_or_create(
        integration=integration,
        day=day,
        defaults={
            **counts,
            "is_capped": counts["visitors"] >= COUNTED_MOST,
            "is_settled": success_at is not None and success_at >= end_at + SETTLED_AFTER,
            "counted_at": now,
        },
    )
