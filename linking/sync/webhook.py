"""Receives Zendesk's webhook calls: a chat made a ticket, so its visitor is looked up at once, not within a minute.

A call only moves a visitor forward in the queue. The sync decides what is read, how fast, and what makes a link, so a
repeated or forged call costs no more than a place in the queue.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import Error as StoreError
from django.db import transaction

from linking import registry
from linking.core.config import IntegrationConfig
from linking.sync import schedule
from linking.sync.sources import find_source
from linking.sync.store import webhook_deliveries
from linking.sync.webhook_calls import (
    BODY_MAX_BYTES,
    WebhookNotice,
    WebhookReason,
    WebhookRefused,
    check_signature,
    parse_notice,
    parse_signed_at,
)

__all__ = [
    "BODY_MAX_BYTES", "RETRY_AFTER_S", "Queued", "SignedCall", "WebhookReason", "WebhookRefused", "judge_head",
    "receive",
]  # fmt: skip
RETRY_AFTER_S = 60  # when a call that was one too many may come again


class Queued(StrEnum):
    """What a call started, in the words of the API."""

    VISITOR = "visitor"
    SYNC = "sync"
    NOTHING = "nothing"  # an event that says nothing of a user


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCall:
    """A call as it came: both headers ("" where absent) and the body, which is at most `BODY_MAX_BYTES`."""

    timestamp: str
    signature: str
    body: bytes


def receive(*, slug: str, call: SignedCall, now: datetime) -> Queued:
    """Check a call, queue the visitor it names first, and make the next pass due. Each call counts once.

    Raises: linking.sync.webhook_calls.WebhookRefused.
    """
    at = _check_signed_at(timestamp=call.timestamp, signature=call.signature, now=now)
    try:
        config = registry.current().by_slug.get(slug)
        check_signature(secret=_read_secret(config), timestamp=call.timestamp, body=call.body, signature=call.signature)
        notice = parse_notice(body=call.body, at=at)
        return _queue(config=config, notice=notice, signature=call.signature, now=now)
    except StoreError as error:
        raise WebhookRefused(WebhookReason.UNAVAILABLE) from error


def judge_head(*, slug: str, timestamp: str, signature: str, now: datetime) -> None:
    """Refuse a call by its headers, before its body is read, where no body could make it valid.

    Reads no table: where no configuration is in memory yet, `receive` does the whole check.

    Raises: linking.sync.webhook_calls.WebhookRefused.
    """
    _check_signed_at(timestamp=timestamp, signature=signature, now=now)
    snapshot = registry.last_good()
    if snapshot is not None and not _read_secret(snapshot.by_slug.get(slug)):
        raise WebhookRefused(WebhookReason.SIGNATURE)


def _check_signed_at(*, timestamp: str, signature: str, now: datetime) -> datetime:
    if not timestamp or not signature:
        raise WebhookRefused(WebhookReason.UNSIGNED)
    return parse_signed_at(timestamp=timestamp, now=now)


def _read_secret(config: IntegrationConfig | None) -> bytes:
    return config.zendesk_webhook_secret if config is not None and config.is_enabled else b""


def _queue(*, config: IntegrationConfig | None, notice: WebhookNotice, signature: str, now: datetime) -> Queued:
    if config is None:
        raise WebhookRefused(WebhookReason.SIGNATURE)
    # In one transaction: a call that could not be acted on may be sent again.
    with transaction.atomic():
        webhook_deliveries.take_once(integration_id=config.integration_id, signature=signature, now=now)
        if notice.is_unknown:
            return Queued.NOTHING
        source = find_source(config.zendesk_product)
        is_first = source.queue_named(notice, integration_id=config.integration_id, now=now)
        schedule.poke(integration_id=config.integration_id, now=now)
    return Queued.VISITOR if is_first else Queued.SYNC
