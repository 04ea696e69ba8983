"""Reads users again by their IDs: those that Zendesk's webhook named, and those that wait for another try."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from linking.clients.support_records import SupportUser
from linking.clients.zendesk_api import ZendeskGone
from linking.clients.zendesk_support import SHOWN_MOST
from linking.core.config import IntegrationConfig
from linking.keeping import Kind, Trace, find_erased
from linking.models import ChangedUser, Visitor
from linking.sync.messaging.calls import ask
from linking.sync.messaging.people import Reading, store_people
from linking.sync.store import lookups
from linking.sync.store.answers import retry_on_conflict
from linking.sync.work import Work


def note_changed(*, integration_id: int, user_id: str, now: datetime) -> None:
    """Let a user be read by the next pass. Nothing but the bare ID is kept, whoever it is, and only until then."""
    if find_erased([Trace(integration_id, Kind.VISITOR, user_id)]):
        return
    row = ChangedUser(integration_id=integration_id, user_id=user_id, noted_at=now)
    ChangedUser.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["integration", "user_id"], update_fields=["noted_at"]
    )


def read_changed(work: Work, *, config: IntegrationConfig) -> None:
    """Read everybody who waits to be read by ID. Raises: PassStopped, leases.LeaseLost."""
    key = work.integration.pk
    until = work.clock.now()
    while named := list(
        ChangedUser.objects.filter(integration_id=key, noted_at__lte=until).order_by("pk")[:SHOWN_MOST]
    ):
        _read(work, [row.user_id for row in named], config=config)
    while waiting := lookups.list_next_lookups(integration_id=key, now=until, is_eager=work.is_eager, limit=SHOWN_MOST):
        _read(work, [question.visitor_id for question in waiting], config=config)


def _read(work: Work, user_ids: Sequence[str], *, config: IntegrationConfig) -> None:
    asked_at = work.clock.now()
    users = {user.user_id: user for user in ask(work, partial(work.client.show_users, user_ids=user_ids))}
    gone = []
    for user_id in user_ids:
        if user_id not in users:
            # Zendesk leaves out whom it does not show; whether that one is gone it says only when asked alone.
            found = _read_alone(work, user_id)
            if found is None:
                gone.append(user_id)
            else:
                users[user_id] = found
    reading = Reading(users=tuple(users.values()), asked_at=asked_at, id_form=config.user_id_form, gone=tuple(gone))
    work.counts["lookups"] += len(user_ids)
    work.counts = retry_on_conflict(partial(_store, work, user_ids, reading))


def _read_alone(work: Work, user_id: str) -> SupportUser | None:
    try:
        return ask(work, partial(work.client.user, user_id=user_id))
    except ZendeskGone:
        return None


def _store(work: Work, user_ids: Sequence[str], reading: Reading) -> dict[str, int]:
    now = work.clock.now()
    with transaction.atomic():
        counts = store_people(held=work.held, run=work.run, reading=reading, counts=work.read_counts(), now=now)
        mine = {"integration_id": work.integration.pk}
        # Who was named again since the question left is read once more.
        ChangedUser.objects.filter(user_id__any_of=user_ids, noted_at__lte=reading.asked_at, **mine).delete()
        Visitor.objects.filter(visitor_id__any_of=user_ids, lookup_due_at__lte=reading.asked_at, **mine).update(
            lookup_due_at=None, lookup_attempts=0
        )
    return counts
