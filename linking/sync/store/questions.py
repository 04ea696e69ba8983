"""Questions to Zendesk about visitor IDs that are not stored yet: one at a time for each ID."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from linking.clients.zendesk_records import VisitorRecord
from linking.keeping import find_erased
from linking.models import SyncRun, Visitor, VisitorAlias, VisitorQuestion
from linking.models.sql.times import match_ahead
from linking.sync.store.answers import BatchResult, store_answers
from linking.sync.store.batch import VisitorAnswer
from linking.sync.store.erased import list_traces
from linking.sync.store.rows import find_canonical_ids

# Longer than any question takes; a claim that is older belongs to a process that is gone.
CLAIMED_FOR = timedelta(seconds=20)
KEPT_FOR = timedelta(days=1)
RETRY_FIRST, RETRY_LONGEST = timedelta(seconds=5), timedelta(minutes=1)
MAX_ATTEMPTS = 12  # some ten minutes: nobody waits at a page any longer
NOT_KEPT = "not_kept"  # Zendesk has such a user, of whom nothing is to be kept
_NEWEST = 20
# Source: fact sheet 3.3 and 4.3. Records made through the API carry short ids that say nothing about the account.
_CHAT_ID = re.compile(r"[0-9]{4}\.(?P<account>[0-9]+)\.")
_VISITOR_ID = re.compile(r"(?P<account>[0-9]+)\.(?P<token>[A-Za-z0-9]+)\Z")
_OWN_TOKEN_CHARACTERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Account numbers in the newest records: `own` the account's beyond doubt, `seen` whatever else ids begin with."""

    own: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()

    def can_hold(self, visitor_id: str) -> bool:
        """Return whether a visitor ID in the dot form can be one of this account; yes where its number is not known."""
        return not self.own or visitor_id.partition(".")[0] in self.own | self.seen


def read_accounts(*, integration_id: int) -> Accounts:
    """Return the account numbers that the integration's newest visitors and chats carry; one query."""
    newest = Visitor.objects.filter(integration_id=integration_id).order_by("-last_seen_at", "-pk")
    rows = list(newest.values_list("visitor_id", "last_chat_id")[:_NEWEST])
    visitors = [match for visitor_id, _chat_id in rows if (match := _VISITOR_ID.match(visitor_id))]
    chats = {match["account"] for _visitor_id, chat_id in rows if (match := _CHAT_ID.match(chat_id))}
    own = {match["account"] for match in visitors if len(match["token"]) >= _OWN_TOKEN_CHARACTERS}
    return Accounts(own=frozenset(chats or own), seen=frozenset(match["account"] for match in visitors))


def claim(*, integration_id: int, visitor_id: str, now: datetime) -> bool:
    """Return whether the caller is the one to ask; False while somebody else does.

    Where nothing more is heard of the caller, the worker asks.
    """
    row = VisitorQuestion(integration_id=integration_id, visitor_id=visitor_id, asked_at=now)
    VisitorQuestion.objects.bulk_create([row], ignore_conflicts=True)
    free = ~match_ahead("claimed_until", now=now, longest=2 * CLAIMED_FOR)
    mine = VisitorQuestion.objects.filter(free, integration_id=integration_id, visitor_id=visitor_id)
    until = now + CLAIMED_FOR
    return bool(mine.update(claimed_until=until, due_at=until, is_answered=False, asked_at=now))


def drop(*, integration_id: int, visitor_id: str) -> None:
    """Forget a question whose visitor is stored."""
    VisitorQuestion.objects.filter(integration_id=integration_id, visitor_id=visitor_id).delete()


def note_answer(*, integration_id: int, visitor_id: str, reason: str = "") -> None:
    """Note that Zendesk has no such visitor or, with a `reason`, that a person has to act before it can be asked."""
    answered = {"claimed_until": None, "due_at": None, "is_answered": True, "reason": reason}
    VisitorQuestion.objects.filter(integration_id=integration_id, visitor_id=visitor_id).update(**answered)


def postpone(*, integration_id: int, visitor_id: str, reason: str, after_s: float, now: datetime) -> None:
    """Let a question be put again in `after_s` seconds, or a little later each time that fails; in the end no more."""
    VisitorQuestion.objects.bulk_create(
        [VisitorQuestion(integration_id=integration_id, visitor_id=visitor_id, asked_at=now)], ignore_conflicts=True
    )
    mine = VisitorQuestion.objects.filter(integration_id=integration_id, visitor_id=visitor_id)
    attempts = mine.values_list("attempts", flat=True).first() or 0
    if attempts >= MAX_ATTEMPTS:
        note_answer(integration_id=integration_id, visitor_id=visitor_id, reason=reason)
        return
    pause = max(timedelta(seconds=after_s), min(RETRY_FIRST * 2 ** min(attempts, 8), RETRY_LONGEST))
    mine.update(
        claimed_until=None, due_at=now + pause, reason=reason, attempts=F("attempts") + 1, is_answered=False
    )  # fmt: skip


def queue_now(*, integration_id: int, visitor_id: str, reason: str, now: datetime) -> None:
    """Let a question be put by the worker at once, unless somebody is asking already."""
    row = VisitorQuestion(
        integration_id=integration_id, visitor_id=visitor_id, asked_at=now, due_at=now, reason=reason
    )  # fmt: skip
    VisitorQuestion.objects.bulk_create([row], ignore_conflicts=True)
    mine = VisitorQuestion.objects.filter(integration_id=integration_id, visitor_id=visitor_id)
    mine.filter(claimed_until__isnull=True).update(due_at=now, reason=reason, is_answered=False)


def list_questions(*, integration_ids: Collection[int], visitor_id: str) -> list[VisitorQuestion]:
    """Return the questions about an ID, whatever their state."""
    return list(VisitorQuestion.objects.filter(integration_id__in=integration_ids, visitor_id=visitor_id))


def list_due(*, now: datetime, limit: int) -> list[int]:
    """Return the keys of questions to be put now, those that wait longest first; old ones are forgotten."""
    VisitorQuestion.objects.filter(asked_at__lt=now - KEPT_FOR).delete()
    free = ~match_ahead("claimed_until", now=now, longest=2 * CLAIMED_FOR)
    waiting = VisitorQuestion.objects.filter(free, due_at__lte=now).order_by("due_at", "pk")
    return list(waiting.values_list("pk", flat=True)[:limit])


def store_found(
    *, run: SyncRun, asked_id: str, record: VisitorRecord, asked_at: datetime, now: datetime
) -> BatchResult:
    """Store Zendesk's record of a visitor that is new here, in the caller's transaction, like any other answer.

    It counts as seen when it was asked about; the first chat that the export names of it puts that right.
    """
    key = run.integration_id
    if find_erased(list_traces(key, record, asked_id=asked_id)):
        note_answer(integration_id=key, visitor_id=asked_id, reason=NOT_KEPT)
        return BatchResult()
    ids = find_canonical_ids(integration_id=key, visitor_ids={asked_id, record.visitor_id})
    target = ids.get(record.visitor_id, record.visitor_id)
    # The export may have named it meanwhile, under the id that was asked for: then the answer joins the two.
    if not Visitor.objects.filter(integration_id=key, visitor_id=asked_id).exists():
        row = Visitor(integration_id=key, visitor_id=target, first_seen_at=asked_at, last_seen_at=asked_at)
        Visitor.objects.bulk_create([row], ignore_conflicts=True)
        visitor = Visitor.objects.get(integration_id=key, visitor_id=target)
        if asked_id not in (target, *ids):
            alias = VisitorAlias(integration_id=key, alias_id=asked_id, visitor=visitor, first_seen_at=now)
            VisitorAlias.objects.bulk_create([alias], ignore_conflicts=True)
    answer = VisitorAnswer(asked_id=asked_id, asked_at=asked_at, activity_at=asked_at, record=record)
    tally = store_answers(run=run, answers=[answer], now=now)
    drop(integration_id=key, visitor_id=asked_id)
    return tally
