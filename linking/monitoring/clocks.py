"""Whether this machine's clock is right, by two signs.

Every token of the last minutes was refused for its times: nobody can chat, and each refusal alone looks like one
player's fault. And what Login and Zendesk write into the `Date` of their answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from linking.models import SharedCount
from linking.monitoring.flaws import Flaw
from linking.monitoring.metrics.shared_counts import CLOCK_READINGS
from linking.monitoring.metrics.token_times import ISSUED, MINUTES

# Tokens may be off by the leeway of 60 s. Half of it is reason enough to look.
LARGEST_DIFFERENCE_S = 30.0
READING_HOLDS = timedelta(minutes=30)
WINDOW_MINUTES = 5
# One refused token is one player's; so many without a single good one are a clock.
TELLING_REFUSALS = 5
KEPT_MINUTES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOfService:
    """By how many seconds the clock of a service is ahead of this machine's, by its newest answer."""

    service: str
    ahead_s: float
    read_at: datetime


def load_clocks(*, now: datetime) -> list[ClockOfService]:
    """Return the readings that still hold at `now`; one query. Raises: django.db.Error."""
    rows = SharedCount.objects.filter(name=CLOCK_READINGS, at__gt=now - READING_HOLDS).order_by("labels")
    return [
        ClockOfService(service=service, ahead_s=ahead_ms / 1000, read_at=at)
        for service, ahead_ms, at in rows.values_list("labels", "count", "at")
    ]


def find_flaws(*, now: datetime) -> Iterator[Flaw]:
    """Yield what speaks against this machine's clock; two queries. Raises: django.db.Error."""
    yield from _find_refusals(now=now)
    for clock in load_clocks(now=now):
        if abs(clock.ahead_s) > LARGEST_DIFFERENCE_S:
            sentence = (
                _("The clock of this server is %(seconds)d seconds behind that of %(service)s. Set it by NTP.")
                if clock.ahead_s > 0
                else _("The clock of this server is %(seconds)d seconds ahead of that of %(service)s. Set it by NTP.")
            )
            values = {"seconds": round(abs(clock.ahead_s)), "service": clock.service.capitalize()}
            yield Flaw(part="clock", detail=sentence % values)


def prune(*, now: datetime) -> None:
    """Delete the minutes that nobody asks about any more. Raises: django.db.Error."""
    oldest = int(now.astimezone(UTC).timestamp()) // 60 - KEPT_MINUTES
    # Minutes since the epoch have eight digits until the year 2160, so they sort as text.
    SharedCount.objects.filter(name=MINUTES, labels__lt=f"{oldest},").delete()


def _find_refusals(*, now: datetime) -> Iterator[Flaw]:
    minute = int(now.timestamp()) // 60
    wanted = [f"{minute - ago}," for ago in range(WINDOW_MINUTES + 1)]
    rows = SharedCount.objects.filter(name=MINUTES, labels__gte=wanted[-1])
    counts: dict[str, int] = {}
    for labels, count in rows.values_list("labels", "count"):
        kind = labels.partition(",")[2]
        counts[kind] = counts.get(kind, 0) + count
    refused = sum(count for kind, count in counts.items() if kind != ISSUED)
    if refused >= TELLING_REFUSALS and not counts.get(ISSUED):
        sentence = _(
            "Every token of the last minutes was refused as expired or not yet valid (none was issued). Check the "
            "clock of this server."
        )
        yield Flaw(part="clock", detail=sentence)
