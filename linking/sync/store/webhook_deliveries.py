"""Which webhook calls were accepted already: rows, so that every process of every machine knows."""

from datetime import datetime

from linking.models import WebhookDelivery
from linking.sync.webhook_calls import LEEWAY, WebhookReason, WebhookRefused

# A signature is believed from `LEEWAY` before its time to `LEEWAY` after it; the rest is for clocks that differ.
KEPT = 4 * LEEWAY
# Calls of one integration in that time: a trigger gone wild is told to come later rather than fill the table.
MOST_KEPT = 10_000


def take_once(*, integration_id: int, signature: str, now: datetime) -> None:
    """Note a checked signature, in the caller's transaction, and drop those too old to be believed again.

    Raises: WebhookRefused (`replayed`, `too_many`).
    """
    WebhookDelivery.objects.filter(received_at__lt=now - KEPT).delete()
    mine = WebhookDelivery.objects.filter(integration_id=integration_id)
    if mine.filter(signature=signature).exists():
        raise WebhookRefused(WebhookReason.REPLAYED)
    if mine.count() >= MOST_KEPT:
        raise WebhookRefused(WebhookReason.TOO_MANY)
    # Of two at the same moment one waits for the other here, and then finds the row.
    _row, is_mine = WebhookDelivery.objects.get_or_create(
        integration_id=integration_id, signature=signature, defaults={"received_at": now}
    )
    if not is_mine:
        raise WebhookRefused(WebhookReason.REPLAYED)
