"""Asks Zendesk Support for players who just got a token: who writes to support now is linked before the feed tells."""

from collections.abc import Iterator, Sequence
from functools import partial

from django.db import transaction

from linking.clients.zendesk_support import SHOWN_MOST
from linking.core.config import IntegrationConfig
from linking.sync.messaging import awaited
from linking.sync.messaging.awaited import Awaited
from linking.sync.messaging.calls import ask
from linking.sync.messaging.feed import load_feed
from linking.sync.messaging.people import Reading, store_people
from linking.sync.messaging.spellings import unify_issued
from linking.sync.store import leases
from linking.sync.store.answers import retry_on_conflict
from linking.sync.work import Work

# Of the account's calls a minute, which other programs of the customer share, a pass uses at most half for this.
SHARE = 2
QUERY_MOST_CHARACTERS = 6_000


def ask_awaited(work: Work, *, config: IntegrationConfig) -> None:
    """Ask for those who are due, at most 100 a call. Raises: PassStopped, leases.LeaseLost."""
    key = work.integration.pk
    now = work.clock.now()
    unify_issued(held=work.held, integration_id=key, since=load_feed(integration_id=key).awaited_until)
    with transaction.atomic():
        leases.renew(held=work.held)
        awaited.drop_linked(integration_id=key)
        awaited.enrol(integration_id=key, now=now)
    calls_left = max(1, config.requests_per_minute // SHARE)
    due = awaited.list_due(integration_id=key, now=now, limit=calls_left * SHOWN_MOST)
    for users in list(_make_batches(due))[:calls_left]:
        _ask_for(work, users, config=config)


def _ask_for(work: Work, users: Sequence[Awaited], *, config: IntegrationConfig) -> None:
    # An ID with a comma would be read as two: only the feed can find its user.
    user_ids = [user.user_id for user in users if "," not in user.user_id]
    found = ask(work, partial(work.client.show_users, external_ids=user_ids)) if user_ids else ()
    reading = Reading(users=found, asked_at=work.caller.asked_at, id_form=config.user_id_form)
    work.counts["lookups"] += len(users)
    work.counts = retry_on_conflict(partial(_store, work, users, reading))


def _store(work: Work, users: Sequence[Awaited], reading: Reading) -> dict[str, int]:
    now = work.clock.now()
    with transaction.atomic():
        counts = store_people(held=work.held, run=work.run, reading=reading, counts=work.read_counts(), now=now)
        awaited.note_asked(users=users, now=now)
    return counts


def _make_batches(users: Sequence[Awaited]) -> Iterator[list[Awaited]]:
    """Yield as many as fit one call."""
    batch: list[Awaited] = []
    length = 0
    for user in users:
        if batch and (len(batch) == SHOWN_MOST or length + len(user.user_id) > QUERY_MOST_CHARACTERS):
            yield batch
            batch, length = [], 0
        batch.append(user)
        length += len(user.user_id) + 1
    if batch:
        yield batch
