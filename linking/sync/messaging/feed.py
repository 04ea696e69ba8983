"""Where the sync stands in the feed of changed users; one row an integration."""

from datetime import datetime

from django.db import transaction

from linking.models import UserFeed
from linking.sync.store import leases


def load_feed(*, integration_id: int) -> UserFeed:
    """Return where the sync stands, at the very beginning before the first pass."""
    return UserFeed.objects.get_or_create(integration_id=integration_id)[0]


def move_on(*, integration_id: int, cursor: str, newest_at: datetime | None) -> None:
    """Keep the cursor behind a page, and the newest time of a change it named, in the caller's transaction.

    Args:
        cursor: "" where the page named none; the one before then stays.
    """
    feed = UserFeed.objects.filter(integration_id=integration_id)
    if cursor:
        feed.exclude(cursor=cursor).update(cursor=cursor)
    if newest_at is not None:
        feed.exclude(newest_at__gte=newest_at).update(newest_at=newest_at)


def rewind(*, held: leases.Held, integration_id: int) -> None:
    """Forget the place, so that the feed is read from its start again. Raises: leases.LeaseLost."""
    with transaction.atomic():
        leases.renew(held=held)
        UserFeed.objects.filter(integration_id=integration_id).update(cursor="", newest_at=None)
