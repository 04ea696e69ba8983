"""How many chats a player had in each week: a regular, or a stranger?"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from linking.models import LoginUser, VisitorChat

WEEKS = 26
# A bot may have chats without end; what is beyond makes no difference to the picture.
COUNTED_MOST = 5_000


def count_chats_by_week(players: Iterable[LoginUser], *, now: datetime) -> list[tuple[date, int]]:
    """Return the Monday of each of the last `WEEKS` weeks of UTC, oldest first, with the number of chats begun in it.

    `players` are one person in several integrations; chats of all visitors linked to them now count. One query.
    """
    this_week = _find_monday(now.astimezone(UTC).date())
    first = this_week - timedelta(weeks=WEEKS - 1)
    chats = VisitorChat.objects.filter(
        visitor__links__login_user__in=[player.pk for player in players],
        visitor__links__ended_at__isnull=True,
        started_at__gte=datetime.combine(first, time(), tzinfo=UTC),
    )
    times = chats.order_by("-started_at").values_list("started_at", flat=True)[:COUNTED_MOST]
    counts = Counter(_find_monday(at.astimezone(UTC).date()) for at in times)
    return [(first + timedelta(weeks=number), counts[first + timedelta(weeks=number)]) for number in range(WEEKS)]


def _find_monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
