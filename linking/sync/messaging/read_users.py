"""The feed of users that changed, read to its end page by page, each page stored with the cursor behind it.

Source: fact sheet of Messaging accounts, section 4. Only `end_of_stream` says that a page is the last: a page may be
short or empty before. The cursor is opaque and continues for days; what Zendesk does with one that is too old is not
known, so whatever refuses it leads back to a time.
"""

from datetime import datetime, timedelta
from functools import partial

from linking.clients.zendesk_support import YOUNGEST_START_S, CursorRefused, UsersPage
from linking.core.config import IntegrationConfig
from linking.models import StopReason
from linking.sync.calls_with_retries import PassStopped
from linking.sync.messaging.calls import ask
from linking.sync.messaging.feed import load_feed
from linking.sync.messaging.people import Reading, store_people
from linking.sync.store.answers import retry_on_conflict
from linking.sync.work import Work

# Read again from so long before the newest change that was read, where a cursor is refused.
OVERLAP = timedelta(minutes=5)
# A page may be empty, and more so. One that leads back to itself so often leads nowhere.
UNMOVED_MOST = 20


def read_users(work: Work, *, config: IntegrationConfig) -> None:
    """Read from where the last pass ended. Raises: PassStopped, leases.LeaseLost."""
    feed = load_feed(integration_id=work.integration.pk)
    cursor, is_restarted = feed.cursor, False
    start_at = config.sync_start_at
    unmoved = 0
    while True:
        try:
            page = _read_page(work, cursor=cursor, start_at=start_at)
        except CursorRefused as error:
            if is_restarted or not cursor:
                raise PassStopped(str(error), reason=StopReason.VENDOR_FAULT) from error
            # The new cursor must not be refused for ever: a second refusal ends the pass.
            feed.refresh_from_db()
            start_at = feed.newest_at - OVERLAP if feed.newest_at else config.sync_start_at
            cursor, is_restarted = "", True
            continue
        _store(work, page=page, config=config)
        if page.is_end:
            return
        unmoved = unmoved + 1 if page.cursor == cursor else 0
        if unmoved > UNMOVED_MOST:
            raise PassStopped("Zendesk's feed of users leads nowhere.", reason=StopReason.VENDOR_FAULT)
        cursor = page.cursor


def _read_page(work: Work, *, cursor: str, start_at: datetime | None) -> UsersPage:
    """Return a page. Raises: CursorRefused, PassStopped."""
    if cursor:
        return ask(work, partial(work.client.users_page, cursor=cursor), is_export=True)
    youngest = int(work.clock.now().timestamp()) - YOUNGEST_START_S
    start_epoch_s = max(0, min(int(start_at.timestamp()), youngest)) if start_at else 0
    return ask(work, partial(work.client.users_page, start_epoch_s=start_epoch_s), is_export=True)


def _store(work: Work, *, page: UsersPage, config: IntegrationConfig) -> None:
    work.counts["pages"] += 1
    work.counts["quarantined"] += page.unreadable
    reading = Reading(
        users=page.users, asked_at=work.export_caller.asked_at, id_form=config.user_id_form, cursor=page.cursor
    )
    store = partial(store_people, held=work.held, run=work.run, reading=reading)
    work.counts = retry_on_conflict(lambda: store(counts=work.read_counts(), now=work.clock.now()))
