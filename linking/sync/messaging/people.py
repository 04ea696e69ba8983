"""Users of Zendesk Support, stored: who is kept, and what their records mean for the links.

Of whoever is not kept nothing is written, not even that there is such a user.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from linking.clients.support_records import SupportUser
from linking.clients.zendesk_records import VisitorRecord
from linking.core.config import UserIdForm
from linking.core.states import VisitorState
from linking.core.user_ids import is_uuid
from linking.keeping import Kind, find_erased, hold_shared, is_ids_only
from linking.models import SyncRun, Visitor
from linking.models.sql import bulk
from linking.sync.messaging.feed import move_on
from linking.sync.messaging.spellings import find_issued, unify_spellings
from linking.sync.plans.facts import LookupPriority
from linking.sync.store import leases
from linking.sync.store.answers import BatchResult, store_answers
from linking.sync.store.batch import VisitorAnswer
from linking.sync.store.erased import list_traces, without_contact
from linking.sync.store.runs import touch_run

NOT_A_UUID = "not_a_uuid"
CLOCKS_DIFFER_MOST = timedelta(days=1)  # by which Zendesk's clock may run ahead of ours
_COUNTS_AS_USER_ID: Mapping[UserIdForm, Callable[[str], bool]] = {UserIdForm.UUID: is_uuid, UserIdForm.ANY: bool}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Users as they were read at `asked_at`, and the IDs of those that Zendesk does not know any more.

    `id_form`: which external IDs are taken for user IDs besides those that got a token. `cursor`: the place in the feed
    that the users lead to, None where they did not come from it. `is_refresh`: a person waits for the answer, so it
    is stored even where it says nothing new, and confirms the link.
    """

    users: tuple[SupportUser, ...]
    asked_at: datetime
    id_form: UserIdForm
    gone: tuple[str, ...] = ()
    cursor: str | None = None
    is_refresh: bool = False


class _Known(NamedTuple):
    """What is kept of one visitor, as far as it tells whether a record says anything new."""

    state: str
    external_id: str
    is_banned: bool
    last_seen_at: datetime
    is_waiting: bool


def store_people(
    *, held: leases.Held, run: SyncRun, reading: Reading, counts: Mapping[str, int], now: datetime
) -> dict[str, int]:
    """Store users and their place in the feed, all or nothing; return the run's counts with what they changed.

    Raises: leases.LeaseLost, and then nothing was stored.
    """
    with transaction.atomic():
        leases.renew(held=held)
        added, tally = store_kept(run=run, reading=reading, now=now)
        after = dict(counts) | {"visitors_found": counts["visitors_found"] + added}
        for name, number in asdict(tally).items():
            after[name] += number
        if reading.cursor is not None:
            _move_on(run=run, reading=reading, now=now)
        touch_run(run=run, counts=after, now=now)
    return after


def store_kept(*, run: SyncRun, reading: Reading, now: datetime) -> tuple[int, BatchResult]:
    """Store those of the users who are kept, in the caller's transaction; return how many are new, and what changed."""
    # Before any row is locked, as erasures do it.
    hold_shared()
    key = run.integration_id
    users = _newest_of_each(reading, latest_at=now + CLOCKS_DIFFER_MOST)
    known = _find_known(integration_id=key, visitor_ids=[*users, *reading.gone])
    carried = {user.external_id for user in users.values() if user.is_end_user and user.external_id}
    issued = find_issued(integration_id=key, user_ids=carried)
    records: dict[str, VisitorRecord | None] = {}
    for user_id, user in users.items():
        kept = known.get(user_id)
        record = _read_identity(user, issued=issued, id_form=reading.id_form, is_kept=kept is not None)
        is_wanted = kept is not None or (record is not None and bool(record.user_id))
        is_repeat = not reading.is_refresh and _is_repeat(record, known=kept)
        if is_wanted and not is_repeat and not _is_overtaken(user, known=kept):
            records[user_id] = record
    records |= {user_id: None for user_id in reading.gone if user_id in known}
    records = _leave_out_erased(records, known=known, integration_id=key)
    people = [record for record in records.values() if record is not None]
    added = [record for record in people if record.visitor_id not in known]
    _add(added, integration_id=key, now=now)
    unify_spellings(integration_id=key, spellings={record.user_id for record in people} - {""})
    answers = [
        VisitorAnswer(asked_id=user_id, asked_at=reading.asked_at, record=record) for user_id, record in records.items()
    ]
    return len(added), store_answers(run=run, answers=answers, now=now) if answers else BatchResult()


def _newest_of_each(reading: Reading, *, latest_at: datetime) -> dict[str, SupportUser]:
    """Return the newest record of each user by ID, the last of equal ones. A time still to come is not believed."""
    users: dict[str, SupportUser] = {}
    for read in reading.users:
        is_ahead = read.updated_at is not None and read.updated_at > latest_at
        user = replace(read, updated_at=None) if is_ahead else read
        other = users.get(user.user_id)
        if other is None or not (user.updated_at and other.updated_at and user.updated_at < other.updated_at):
            users[user.user_id] = user
    return users


def _find_known(*, integration_id: int, visitor_ids: Collection[str]) -> dict[str, _Known]:
    rows = Visitor.objects.filter(integration_id=integration_id, visitor_id__any_of=visitor_ids).order_by("pk")
    columns = ("visitor_id", "state", "external_id", "is_banned", "last_seen_at", "lookup_due_at")
    found = rows.select_for_update().values_list(*columns)
    return {
        visitor_id: _Known(state, external_id, is_banned, last_seen_at, is_waiting=due_at is not None)
        for visitor_id, state, external_id, is_banned, last_seen_at, due_at in found
    }


def _read_identity(
    user: SupportUser, *, issued: Mapping[str, str], id_form: UserIdForm, is_kept: bool
) -> VisitorRecord | None:
    """Return what a user's record says of a person, None for "gone"."""
    if not user.is_active:
        return None
    if not user.is_end_user:
        return user.as_visitor(user_id="")
    spelling = issued.get(user.external_id.lower())
    if spelling is None and _COUNTS_AS_USER_ID[id_form](user.external_id):
        spelling = user.external_id
    if spelling:
        return user.as_visitor(user_id=spelling)
    reason = user.find_junk_reason() or (NOT_A_UUID if user.external_id else "")
    return user.as_visitor(user_id="", junk_reason=reason if is_kept else "")


def _leave_out_erased(
    records: Mapping[str, VisitorRecord | None], *, known: Collection[str], integration_id: int
) -> dict[str, VisitorRecord | None]:
    """Leave out people who were erased; of those who are kept all the same, the answers take care."""
    traces = {
        user_id: list_traces(integration_id, record, asked_id=user_id)
        for user_id, record in records.items()
        if record is not None and user_id not in known
    }
    # An address alone may be another player's; the answers judge that.
    erased = find_erased(trace for mine in traces.values() for trace in mine if trace.kind is not Kind.EMAIL)
    kept = {user_id: record for user_id, record in records.items() if erased.isdisjoint(traces.get(user_id, ()))}
    if is_ids_only():
        return {user_id: record and without_contact(record) for user_id, record in kept.items()}
    return kept


def _is_repeat(record: VisitorRecord | None, *, known: _Known | None) -> bool:
    """Return whether a record says nothing that is not kept already."""
    if known is None or known.is_waiting:
        return False
    if record is None:
        return known.state == VisitorState.GONE
    state = VisitorState.LINKED if record.user_id else VisitorState.ANONYMOUS
    return (known.state, known.external_id, known.is_banned, known.last_seen_at) == (
        state,
        record.user_id or record.junk,
        record.is_banned,
        record.changed_at,
    )


def _is_overtaken(user: SupportUser, *, known: _Known | None) -> bool:
    """Return whether a record is older than the one kept."""
    return known is not None and user.updated_at is not None and user.updated_at < known.last_seen_at


def _add(records: Iterable[VisitorRecord], *, integration_id: int, now: datetime) -> None:
    """Add visitors whose records are stored next: for Support, who was seen when is what changed when.

    What can be searched for is written with them, because the search index is kept anew for each change of it.
    """
    rows = []
    for record in records:
        changed_at = record.changed_at or now
        first_at = min(record.created_at or changed_at, changed_at)
        contact = (record.name, record.email, record.phone, record.notes)
        rows.append((record.visitor_id, first_at, changed_at, record.user_id, *contact))
    same = {
        "integration_id": integration_id, "state": VisitorState.PENDING.value, "is_banned": False, "last_chat_id": "",
        "stored_at": now, "lookup_rank": int(LookupPriority.AGAIN), "lookup_attempts": 0,
    }  # fmt: skip
    bulk.insert(
        Visitor,
        ("visitor_id", "first_seen_at", "last_seen_at", "external_id", "name", "email", "phone", "notes"),
        rows,
        same=same,
        unique=("integration_id", "visitor_id"),
        update=("stored_at",),
    )


def _move_on(*, run: SyncRun, reading: Reading, now: datetime) -> None:
    """Keep the place behind a page, and the newest time of a change that it named, whoever changed."""
    users = _newest_of_each(reading, latest_at=now + CLOCKS_DIFFER_MOST).values()
    newest_at = max((user.updated_at for user in users if user.updated_at), default=None)
    move_on(integration_id=run.integration_id, cursor=reading.cursor or "", newest_at=newest_at)
