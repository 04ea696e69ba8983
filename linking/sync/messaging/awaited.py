"""Users who got a token and are not linked yet: whom Zendesk Support is asked for, and when.

Most come with the feed. These are asked for as well, because somebody who just signed in may be writing to support now,
and the feed holds back what is younger than a minute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Greatest

from linking.models import AwaitedUser, LoginUser, UserFeed, VisitorLink
from linking.models.sql import bulk
from linking.sync.messaging.feed import load_feed

# After these times since the token; then the feed alone tells. Source: fact sheet of Messaging accounts, section 12.
ASKED_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1), timedelta(days=1))
# Tokens are written a little after they are issued, and the last one's time to the minute.
WRITTEN_LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """One user to ask for: the row's key, and the ID as we issued it."""

    key: int
    user_id: str


def enrol(*, integration_id: int, now: datetime) -> None:
    """Take in users who got a token since this was last done and are not linked, in the caller's transaction."""
    feed = load_feed(integration_id=integration_id)
    since = (min(feed.awaited_until, now) if feed.awaited_until else now - ASKED_AFTER[-1]) - WRITTEN_LATE
    open_links = VisitorLink.objects.open().filter(login_user=OuterRef("pk"))
    users = (
        LoginUser.objects.filter(integration_id=integration_id, last_authenticated_at__gte=since, awaited__isnull=True)
        .filter(~Exists(open_links.order_by()))
        # The last token's time is cut to the minute, the first one's is not.
        .annotate(token_at=Greatest("last_authenticated_at", "first_authenticated_at"))
    )
    rows = [(key, token_at, token_at + ASKED_AFTER[0]) for key, token_at in users.values_list("pk", "token_at")]
    bulk.insert(
        AwaitedUser,
        ("login_user_id", "token_at", "due_at"),
        rows,
        same={"integration_id": integration_id, "asks": 0},
        unique=("login_user_id",),
        update=("due_at",),
    )
    UserFeed.objects.filter(integration_id=integration_id).update(awaited_until=now)


def drop_linked(*, integration_id: int) -> None:
    """Forget users who were linked meanwhile, in the caller's transaction."""
    open_links = VisitorLink.objects.open().filter(login_user=OuterRef("login_user")).order_by()
    AwaitedUser.objects.filter(Exists(open_links), integration_id=integration_id).delete()


def list_due(*, integration_id: int, now: datetime, limit: int) -> list[Awaited]:
    """Return users to ask for now, those that are due longest first."""
    due = AwaitedUser.objects.filter(integration_id=integration_id, due_at__lte=now).order_by("due_at", "pk")
    rows = due.values_list("pk", "login_user__user_id")[:limit]
    return [Awaited(key=key, user_id=user_id) for key, user_id in rows]


def note_asked(*, users: Sequence[Awaited], now: datetime) -> None:
    """Note that users were asked for, in the caller's transaction: they are asked for again later, or no more."""
    rows = AwaitedUser.objects.filter(pk__any_of=[user.key for user in users])
    for asks, after in enumerate(ASKED_AFTER):
        # Where a sync was late, what was due in between is not made up for.
        reached = rows.filter(token_at__lte=now - after, asks__lte=asks)
        if asks + 1 == len(ASKED_AFTER):
            reached.delete()
        else:
            reached.update(asks=asks + 1, due_at=F("token_at") + ASKED_AFTER[asks + 1])
