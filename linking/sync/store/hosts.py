"""The address that was found for an integration whose address is `auto`, and when it is looked for again.

Once a day, and while calls to it fail once in a quarter of an hour: two calls at most, by one worker.
"""

from datetime import datetime, timedelta

from django.db.models import Q

from linking.core.times import is_ahead
from linking.models import ChatHost

EVERY = timedelta(days=1)
EVERY_IN_DOUBT = timedelta(minutes=15)


def claim_look(*, integration_id: int, subdomain: str, now: datetime, is_urgent: bool = False) -> bool:
    """Return whether the caller is to look now, and note that somebody does; False when it is not time.

    Args:
        is_urgent: look also where the last look was only just made.
    """
    row = ChatHost.objects.filter(integration_id=integration_id).first()
    if row is None:
        ChatHost.objects.bulk_create([ChatHost(integration_id=integration_id)], ignore_conflicts=True)
        row = ChatHost.objects.get(integration_id=integration_id)
    if not is_urgent and not _is_due(row, subdomain=subdomain, now=now):
        return False
    # The condition holds while nobody else began to look in between.
    same = Q(looked_at=row.looked_at) if row.looked_at else Q(looked_at__isnull=True)
    url = row.url if row.subdomain == subdomain else ""
    return bool(ChatHost.objects.filter(same, pk=row.pk).update(looked_at=now, subdomain=subdomain, url=url))


def keep(*, integration_id: int, subdomain: str, url: str) -> None:
    """Keep the address that answered, unless the subdomain was changed meanwhile."""
    ChatHost.objects.filter(integration_id=integration_id, subdomain=subdomain).update(url=url, doubted_at=None)


def doubt(*, integration_id: int, now: datetime) -> None:
    """Note that calls to the address fail."""
    ChatHost.objects.filter(integration_id=integration_id, doubted_at__isnull=True).update(doubted_at=now)


def _is_due(row: ChatHost, *, subdomain: str, now: datetime) -> bool:
    if row.looked_at is None or row.subdomain != subdomain:
        return True
    every = EVERY_IN_DOUBT if row.doubted_at else EVERY
    return not is_ahead(row.looked_at + every, now=now, longest=every)
