"""How far one account has moved from Zendesk Chat to Messaging: which players signed in to which widget, by week.

An account that moves has two integrations of one Login project. A player counts in the week of the last token that
either gave, and as "both" where each gave one at any time. Upper and lower case are not told apart, as in Messaging.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Lower, TruncWeek

from linking.core.config import ZendeskProduct
from linking.models import Integration, LoginUser

WEEKS_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingPair:
    """The two integrations of an account that moves."""

    chat: Integration
    messaging: Integration


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """How many players signed in last in the week that begins on `starts_on` (a Monday, UTC), by widget."""

    starts_on: date
    chat_only: int = 0
    both: int = 0
    messaging_only: int = 0

    @property
    def total(self) -> int:
        """All players of the week."""
        return self.chat_only + self.both + self.messaging_only


def find_pair(integration: Integration) -> MovingPair | None:
    """Return the pair that an integration belongs to, None where its Login project has not one of each product."""
    rows = list(Integration.objects.filter(login_project_id=integration.login_project_id).order_by("pk"))
    others = {row.zendesk_product: row for row in reversed(rows)} | {integration.zendesk_product: integration}
    chat, messaging = others.get(ZendeskProduct.CHAT), others.get(ZendeskProduct.MESSAGING)
    return MovingPair(chat=chat, messaging=messaging) if chat and messaging else None


def count_weeks(pair: MovingPair, *, now: datetime) -> list[Week]:
    """Return the last twelve weeks, the present one first. Four queries."""
    first = _find_monday(now) - timedelta(weeks=WEEKS_SHOWN - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    chat, messaging = _list_players(pair.chat, since=since), _list_players(pair.messaging, since=since)
    # Who signed in to both counts once, in the week of the later token.
    in_messaging = _same_player(pair.messaging).filter(last_authenticated_at__gte=OuterRef("last_authenticated_at"))
    in_chat = _same_player(pair.chat)
    later_in_chat = in_chat.filter(last_authenticated_at__gt=OuterRef("last_authenticated_at"))
    ever_in_messaging = _same_player(pair.messaging)
    counts: dict[date, dict[str, int]] = defaultdict(dict)
    _add(counts, "chat_only", chat.filter(~Exists(ever_in_messaging)))
    _add(counts, "both", chat.filter(Exists(ever_in_messaging), ~Exists(in_messaging)))
    _add(counts, "messaging_only", messaging.filter(~Exists(in_chat)))
    _add(counts, "both", messaging.filter(Exists(in_chat), ~Exists(later_in_chat)))
    mondays = [_find_monday(now) - timedelta(weeks=number) for number in range(WEEKS_SHOWN)]
    return [Week(starts_on=monday, **counts.get(monday, {})) for monday in mondays]


def list_still_in_chat(pair: MovingPair, *, limit: int) -> list[LoginUser]:
    """Return the players whose last token was for the old widget, the last one to sign in first.

    Each has `messaging_at`, the last time they got a token for the new one, None for never.
    """
    last_in_messaging = _same_player(pair.messaging).order_by("-last_authenticated_at")
    later = _same_player(pair.messaging).filter(last_authenticated_at__gte=OuterRef("last_authenticated_at"))
    players = _list_players(pair.chat, since=None).filter(~Exists(later)).select_related("integration")
    players = players.annotate(messaging_at=Subquery(last_in_messaging.values("last_authenticated_at")[:1]))
    return list(players.order_by("-last_authenticated_at", "-pk")[:limit])


def _list_players(integration: Integration, *, since: datetime | None) -> QuerySet[LoginUser]:
    players = LoginUser.objects.filter(integration=integration).issued().order_by()
    # For `_same_player`, which compares with it.
    players = players.alias(low_id=Lower("user_id"))
    return players.filter(last_authenticated_at__gte=since) if since else players


def _same_player(integration: Integration) -> QuerySet[LoginUser]:
    players = LoginUser.objects.filter(integration=integration).issued().order_by()
    return players.alias(low_id=Lower("user_id")).filter(low_id=OuterRef("low_id"))


def _add(counts: dict[date, dict[str, int]], name: str, players: QuerySet[LoginUser]) -> None:
    weeks = players.annotate(week=TruncWeek("last_authenticated_at", tzinfo=UTC)).values_list("week")
    for week, number in weeks.annotate(number=Count("pk")):
        counts[week.date()][name] = counts[week.date()].get(name, 0) + number


def _find_monday(at: datetime) -> date:
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
