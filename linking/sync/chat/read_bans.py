"""Reads Zendesk's list of banned visitors once an hour. A failure here does not stop the sync."""

import logging
from datetime import timedelta
from functools import partial

from django.db import transaction

from linking.models import StopReason
from linking.monitoring import stop_reasons
from linking.sync import chores
from linking.sync.calls_with_retries import PassStopped
from linking.sync.store import bans, leases
from linking.sync.work import Work

EVERY = timedelta(hours=1)
PAGES_MAX = 1000
_PASSED_OVER = (StopReason.VENDOR_FAULT, *stop_reasons.BLOCKS)
logger = logging.getLogger(__name__)


def read_bans(work: Work) -> None:
    """Read the list of bans when it is time. Raises: PassStopped for a pause or the end of time, leases.LeaseLost."""
    now, key = work.clock.now(), work.integration.pk
    if not chores.is_due(integration_id=key, name=chores.BANS, now=now):
        return
    try:
        banned = _read_banned(work)
    except PassStopped as halt:
        if halt.reason not in _PASSED_OVER:
            raise
        # Bans need another role than chats and visitors do, and may be refused or fail alone.
        logger.warning("The bans of %s could not be read: %s", work.integration.slug, halt)
    else:
        bans.store_bans(held=work.held, integration_id=key, visitor_ids=banned)
    with transaction.atomic():
        leases.renew(held=work.held)
        chores.postpone(integration_id=key, name=chores.BANS, until=now + EVERY)


def _read_banned(work: Work) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    since_id = 0
    for _ in range(PAGES_MAX):
        page = work.caller.ask(partial(work.client.bans_page, since_id=since_id))
        found |= page.visitor_ids
        if page.is_empty or page.last_id is None or page.last_id < since_id:
            return found
        since_id = page.last_id + 1
    return found
