"""The queue of lookups: which visitors Zendesk is asked about next.

What touches many visitors goes in batches, each in a transaction of its own under the lease of the pass: a pass that is
killed, stopped or out of time in between loses nothing, and the next one goes on with the rest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal, NamedTuple

from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from linking.clients.zendesk_records import is_own_form
from linking.keeping import Kind, Trace, find_erased
from linking.models import Integration, LoginUser, Visitor
from linking.models.sync.sync_run import LEFT_COUNTED_MOST
from linking.sync.plans.facts import LookupPriority
from linking.sync.plans.reread_times import REVERIFY_AFTER, REVERIFY_DAYS, REVERIFY_SHARE
from linking.sync.store import leases
from linking.sync.store.namesakes import NAMESAKES_MOST, find_namesakes
from linking.sync.store.rows import find_canonical_ids
from linking.sync.webhook_calls import WebhookNotice

# A row that moves is written anew in every index of its table, 13 of them. A hundred take 0.05 s, and half a second
# among five million visitors beside a busy disk.
BATCH = 100
# Users whose names and addresses are compared at once. For each name, 51 visitors are looked at.
USERS_AT_ONCE = 200
# Keys of the visitor table that one statement goes through where no index leads to the rows.
KEYS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Whether and how long work in batches may go on.

    `held`: the lease under which each batch is written, None for none. `go_on`: asked before each batch; False ends
    the work there, and what it raises goes through.
    """

    held: leases.Held | None = None
    go_on: Callable[[], bool] = lambda: True

    def renew(self) -> None:
        """Keep the lease, in the batch's transaction. Raises: leases.LeaseLost."""
        if self.held is not None:
            leases.renew(held=self.held)


ALWAYS = Leave()
_FIRST = {"lookup_rank": int(LookupPriority.IDENTIFIED), "lookup_attempts": 0}
Find = Callable[..., list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A visitor to ask about, and its last activity known at that moment."""

    visitor_id: str
    activity_at: datetime


def list_next_lookups(*, integration_id: int, now: datetime, is_eager: bool, limit: int) -> list[Question]:
    """Return whom to ask about next, in order.

    `is_eager` also takes those whose last answer may still be trusted for a while; never those that just failed.
    """
    when = Q(lookup_due_at__lte=now)
    if is_eager:
        when |= Q(lookup_due_at__isnull=False, lookup_attempts=0)
    waiting = Visitor.objects.filter(when, integration_id=integration_id).in_lookup_order()
    rows = waiting.values_list("visitor_id", "last_seen_at")[:limit]
    return [Question(visitor_id=visitor_id, activity_at=activity_at) for visitor_id, activity_at in rows]


def queue_named_visitor(*, integration_id: int, notice: WebhookNotice, now: datetime) -> bool:
    """Let the visitor that a webhook call names be asked about first, in the caller's transaction.

    It counts as seen at that moment, which puts it first among the most urgent, before the export names the chat. A new
    one is added where its ID has Zendesk's own form. Return False where there is nothing to do: it was read since, the
    ID leads to no visitor, or to somebody who was erased.
    """
    if find_erased([Trace(integration_id, Kind.VISITOR, notice.visitor_id)]):
        return False
    visitor_id = find_canonical_ids(integration_id=integration_id, visitor_ids=[notice.visitor_id]).get(
        notice.visitor_id, notice.visitor_id
    )
    mine = Visitor.objects.filter(integration_id=integration_id, visitor_id=visitor_id)
    urgent = {"lookup_due_at": now, **_FIRST}
    if is_own_form(visitor_id) and not mine.exists():
        seen = {"first_seen_at": notice.at, "last_seen_at": notice.at, "last_chat_id": notice.chat_id}
        row = Visitor(integration_id=integration_id, visitor_id=visitor_id, **seen, **urgent)
        Visitor.objects.bulk_create([row], ignore_conflicts=True)
    chat = {"last_chat_id": notice.chat_id} if notice.chat_id else {}
    mine.filter(last_seen_at__lt=notice.at).update(last_seen_at=notice.at, **chat)
    is_news = Q(checked_at__isnull=True) | Q(checked_at__lt=notice.at)
    return bool(mine.filter(is_news).update(**urgent))


def queue_first(*, visitors: QuerySet[Visitor], now: datetime) -> None:
    """Let `visitors` be asked about before everybody else."""
    visitors.update(lookup_due_at=now, **_FIRST)


def queue_again(*, visitors: QuerySet[Visitor], now: datetime, limit: int) -> int:
    """Let the first `limit` of `visitors`, in their order, be asked about once more, after those that are new.

    Who waits already keeps the place; return how many were added.
    """
    idle = visitors.exclude(lookup_due_at__lte=now).values("pk")[:limit]
    again = {"lookup_due_at": now, "lookup_rank": int(LookupPriority.AGAIN), "lookup_attempts": 0}
    return Visitor.objects.filter(pk__in=idle).update(**again)


def count_lookups_left(*, integration_id: int, now: datetime) -> int:
    """Return how many visitors wait to be asked about now; `LEFT_COUNTED_MOST` stands for so many or more."""
    waiting = Visitor.objects.filter(integration_id=integration_id).due(now=now).order_by()
    return waiting[:LEFT_COUNTED_MOST].count()


def hasten_failed(*, integration_id: int, now: datetime, leave: Leave = ALWAYS) -> int:
    """Let visitors that could not be read be asked about now, however often that failed; return how many waited.

    Raises: leases.LeaseLost.
    """
    failed = Visitor.objects.waiting().filter(integration_id=integration_id, lookup_attempts__gt=0)
    return _move(failed.filter(lookup_due_at__gt=now).order_by("pk"), leave=leave, lookup_due_at=now).number


def hasten_all(*, integration_id: int, now: datetime, leave: Leave = ALWAYS) -> int:
    """Let everybody who waits be asked about now; return how many waited for a later time.

    Where the clock was set back, those times lie ahead by as much, and who was due would wait until it has caught up.

    Raises: leases.LeaseLost.
    """
    later = Visitor.objects.filter(integration_id=integration_id, lookup_due_at__gt=now).order_by()
    number = 0
    for first in _list_first_keys(Visitor.objects.all()):
        stretch = later.filter(pk__gte=first, pk__lt=first + KEYS_AT_ONCE)
        number += _move(stretch, leave=leave, lookup_due_at=now).number
    return number


def queue_all(*, integration_id: int, now: datetime, leave: Leave = ALWAYS) -> int:
    """Let every visitor be asked about once more, those that wait for nothing after everybody else; return how many.

    Raises: leases.LeaseLost.
    """
    idle = Visitor.objects.filter(integration_id=integration_id, lookup_due_at__isnull=True).order_by()
    number = hasten_all(integration_id=integration_id, now=now, leave=leave)
    for first in _list_first_keys(Visitor.objects.all()):
        stretch = idle.filter(pk__gte=first, pk__lt=first + KEYS_AT_ONCE)
        number += _move(stretch, leave=leave, lookup_due_at=now, lookup_rank=int(LookupPriority.REVERIFY)).number
    return number


def queue_oldest(*, integration_id: int, per_minute: int, now: datetime, leave: Leave = ALWAYS) -> int:
    """Let the oldest answers be asked for again, after everybody else; return how many.

    A thirtieth of all answers, so that each comes round in a month, and at most a twentieth of a day's calls.

    Raises: leases.LeaseLost.
    """
    known = Visitor.objects.filter(integration_id=integration_id, lookup_due_at__isnull=True, checked_at__isnull=False)
    most = per_minute * 1_440 // REVERIFY_SHARE
    # Counting stops where more would change nothing.
    limit = min(-(-known.order_by()[: most * REVERIFY_DAYS].count() // REVERIFY_DAYS), most)
    old = known.filter(checked_at__lt=now - REVERIFY_AFTER).order_by("checked_at", "pk")
    return _move(old, leave=leave, most=limit, lookup_due_at=now, lookup_rank=int(LookupPriority.REVERIFY)).number


def read_promoted_until(*, integration_id: int) -> datetime | None:
    """Return up to when users who signed in were compared with those who wait, None before the first time."""
    return Integration.objects.values_list("promoted_until", flat=True).get(pk=integration_id)


def promote(*, integration_id: int, since: datetime, now: datetime, leave: Leave = ALWAYS) -> int:
    """Move waiting visitors forward that carry the e-mail address or name of a user we signed a token for since.

    A name that more than 50 of those who wait carry moves nobody. How far it came is kept in `promoted_until`.

    Raises: leases.LeaseLost.
    """
    number = 0
    waiting = Visitor.objects.waiting().filter(lookup_rank__gt=LookupPriority.IDENTIFIED, lookup_attempts=0)
    mark = Integration.objects.filter(pk=integration_id)
    for users in _list_users_since(integration_id=integration_id, since=since):
        for column, words in _collect_words(users):
            find = partial(find_namesakes, integration_id=integration_id, column=column, words=words)
            moved = _move(
                waiting, find=find, leave=leave, lookup_rank=int(LookupPriority.IDENTIFIED), lookup_due_at=now
            )
            number += moved.number
            if not moved.is_all:
                return number
        reached_at = users[-1].last_at
        # Only forward: what was reached before stays reached.
        behind = mark.filter(Q(promoted_until__isnull=True) | Q(promoted_until__lt=reached_at))
        _write(behind, leave=leave, promoted_until=reached_at)
    _write(mark, leave=leave, promoted_until=now)
    return number


class _KnownVisitor(NamedTuple):
    """A user we signed a token for: words in lower case, and whether too many of those who wait carry them as name."""

    last_at: datetime
    key: int
    email: str
    name: str
    is_name_crowded: bool
    is_email_crowded: bool


def _list_users_since(*, integration_id: int, since: datetime) -> Iterator[list[_KnownVisitor]]:
    """Yield the users who signed in since, in the order they did: who signs in meanwhile comes at the end."""
    waiting = Visitor.objects.waiting().filter(integration_id=integration_id).alias(low_name=Lower("name")).order_by()
    users = LoginUser.objects.filter(integration_id=integration_id, last_authenticated_at__gte=since).annotate(
        low_email=Lower("email"), low_name=Lower("name")
    )
    crowds = {
        f"is_{word}_crowded": Exists(
            waiting.filter(low_name=OuterRef(f"low_{word}"))[NAMESAKES_MOST : NAMESAKES_MOST + 1]
        )
        for word in ("name", "email")
    }
    users = users.annotate(**crowds).order_by("last_authenticated_at", "pk")
    columns = ("last_authenticated_at", "pk", "low_email", "low_name", "is_name_crowded", "is_email_crowded")
    page = users
    while known_users := [_KnownVisitor(*row) for row in page.values_list(*columns)[:USERS_AT_ONCE]]:
        yield known_users
        if len(known_users) < USERS_AT_ONCE:
            return
        last = known_users[-1]
        beyond = Q(last_authenticated_at__gt=last.last_at) | Q(pk__gt=last.key)
        page = users.filter(beyond, last_authenticated_at__gte=last.last_at)


def _collect_words(users: list[_KnownVisitor]) -> tuple[tuple[Literal["email", "name"], set[str]], ...]:
    """Return the addresses of `users`, and what a visitor of theirs may be called: by the address, too."""
    names = {user.name for user in users if not user.is_name_crowded}
    names |= {user.email for user in users if not user.is_email_crowded}
    return ("email", {user.email for user in users} - {""}), ("name", names - {""})


def _write(rows: QuerySet[Integration], *, leave: Leave, **values: Any) -> None:
    with transaction.atomic():
        leave.renew()
        rows.update(**values)


class _Moved(NamedTuple):
    number: int
    is_all: bool


def _move(
    rows: QuerySet[Visitor], *, leave: Leave, find: Find | None = None, most: int | None = None, **values: Any
) -> _Moved:
    """Write `values`, which take a visitor out of `rows`, to at most `most` of them; tell whether none are left.

    `find` returns the keys of some that `rows` holds, where another question finds them faster.
    """
    number = 0
    while most is None or number < most:
        if not leave.go_on():
            return _Moved(number, is_all=False)
        size = BATCH if most is None else min(BATCH, most - number)
        with transaction.atomic():
            leave.renew()
            keys = list(rows.values_list("pk", flat=True)[:size]) if find is None else find(limit=size)
            # In one order everywhere, so that two writers wait for each other instead of blocking each other.
            locked = Visitor.objects.filter(pk__any_of=keys).order_by("pk").select_for_update()
            batch = rows.order_by().filter(pk__any_of=list(locked.values_list("pk", flat=True)))
            number += batch.update(**values)
        if len(keys) < size:
            break
    return _Moved(number, is_all=True)


def _list_first_keys(rows: QuerySet[Visitor]) -> Iterator[int]:
    """Yield the first key of each stretch of `KEYS_AT_ONCE` keys."""
    ends = rows.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is not None:
        yield from range(ends["first"], ends["last"] + 1, KEYS_AT_ONCE)
