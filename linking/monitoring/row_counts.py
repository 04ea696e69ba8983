"""The numbers of visitors, players and conflicts of each integration, at hand without counting millions of rows.

Where there are few rows, they are counted when asked for, so that the numbers are right at once. Where there are many,
the worker counts them and keeps the result in a row; pages, the API and probes read that row.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, Model, OuterRef, Q, Subquery

from linking.models.conflict import Conflict, ConflictState
from linking.models.counts.daily_counts import RowCounts
from linking.models.integration import Integration
from linking.models.link import VisitorLink
from linking.models.login_user import LoginUser
from linking.models.sql import bulk
from linking.models.visitor import Visitor, VisitorState

# So many visitors, players or conflicts are counted within milliseconds.
FEW = 20_000
# Keys that one statement goes through: less than 0.1 s with the rows in memory, and less than 1 s on a busy machine.
KEYS_AT_ONCE = 20_000
# The worker looks every 30 s, so kept numbers are a minute old at most where counting is cheap.
EVERY = timedelta(seconds=45)
# A count that took 4 s, of five million visitors, is worth repeating after 200 s: a fiftieth of one core.
REST_FACTOR = 50
_STATES = (VisitorState.LINKED, VisitorState.ANONYMOUS, VisitorState.PENDING, VisitorState.GONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Numbers of rows of one integration; `counted_at` is None where they were counted just now.

    `waiting_lookups`: visitors waiting for lookup. `waiting_users`: players who signed in and have not chatted yet.
    """

    visitors: int = 0
    linked: int = 0
    anonymous: int = 0
    pending: int = 0
    gone: int = 0
    waiting_lookups: int = 0
    users: int = 0
    waiting_users: int = 0
    open_conflicts: int = 0
    counted_at: datetime | None = None


NOTHING = Counts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Firsts:
    """When a player of one integration got the first token, and a visitor the first link; None before that."""

    token_at: datetime | None
    link_at: datetime | None


def load_counts(*, now: datetime) -> dict[int, Counts]:
    """Return the counts by integration's key, in a fixed number of queries; an integration without rows may be missing.

    Counts once what nobody has counted yet, as after an upgrade.
    """
    if not _are_many():
        return {key: _build(found) for key, found in _count_all(_whole).items()}
    kept = {row.integration_id: row for row in RowCounts.objects.all()}
    if not kept:
        count_and_keep(now=now)
        kept = {row.integration_id: row for row in RowCounts.objects.all()}
    return {key: _read(row) for key, row in kept.items()}


def find_firsts(*, integration_id: int) -> Firsts:
    """Return when the first token and the first link of an integration were made."""
    if _are_many():
        row = RowCounts.objects.filter(integration_id=integration_id).first()
        if row is None:
            return Firsts(token_at=None, link_at=None)
        return Firsts(token_at=row.first_token_at, link_at=row.first_link_at)
    users = LoginUser.objects.filter(integration_id=OuterRef("pk")).order_by().values("integration_id")
    links = VisitorLink.objects.filter(visitor__integration_id=OuterRef("pk")).order_by()
    token_at = users.annotate(at=Min("first_authenticated_at")).values("at")
    link_at = links.values("visitor__integration_id").annotate(at=Min("first_seen_at")).values("at")
    mine = Integration.objects.filter(pk=integration_id).order_by()
    firsts = mine.values_list(Subquery(token_at), Subquery(link_at)).first() or (None, None)
    return Firsts(token_at=firsts[0], link_at=firsts[1])


def count_if_due(*, now: datetime, is_urgent: bool = False) -> bool:
    """Count anew and keep the result where that is worth its cost; return whether it was.

    Does nothing where there are few rows, which are counted when asked for. `is_urgent`: however lately it was done.
    """
    if not _are_many():
        return False
    last = RowCounts.objects.order_by("-counted_at").values_list("counted_at", "took_s").first()
    if last is not None and not is_urgent:
        counted_at, took_s = last
        rest = max(EVERY, timedelta(seconds=took_s * REST_FACTOR))
        # Minutes ahead: the clock was set back.
        if timedelta() <= now - counted_at < rest:
            return False
    count_and_keep(now=now)
    return True


def count_and_keep(*, now: datetime, clock: Callable[[], float] = time.monotonic) -> None:
    """Count every integration's rows, a stretch of keys at a time, and keep the result."""
    began_s = clock()
    found = _count_all(_list_stretches)
    known = dict(RowCounts.objects.values_list("integration_id", "first_link_at"))
    rows = []
    for key in Integration.objects.order_by("pk").values_list("pk", flat=True):
        mine = found.get(key, _Found())
        numbers = {name: mine.numbers[name] for name in _KEPT}
        has_link = bool(mine.numbers["linked"]) and known.get(key) is None
        first_link_at = _find_first_link(integration_id=key) if has_link else known.get(key)
        times = {"first_token_at": mine.first_token_at, "first_link_at": first_link_at, "counted_at": now}
        rows.append(RowCounts(integration_id=key, took_s=max(0.0, clock() - began_s), **numbers, **times))
    RowCounts.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["integration"],
        update_fields=[*_KEPT, "first_token_at", "first_link_at", "counted_at", "took_s"],
    )


_KEPT = (*(state.value for state in _STATES), "waiting_lookups", "users", "waiting_users", "open_conflicts")


class _Found:
    """What was counted of one integration so far."""

    def __init__(self) -> None:
        self.numbers: Counter[str] = Counter()
        self.first_token_at: datetime | None = None

    def note_token(self, at: datetime | None) -> None:
        if at is not None and (self.first_token_at is None or at < self.first_token_at):
            self.first_token_at = at


_Stretches = Callable[[type[Model]], Iterator[Q]]


def _are_many() -> bool:
    # One statement, which reads no further than it has to.
    tables = (bulk.table_name(model) for model in (Visitor, LoginUser, Conflict))
    numbers = ", ".join(f"(SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {FEW + 1}) t)" for table in tables)  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {numbers}")
        return any(number > FEW for number in cursor.fetchone())


def _count_all(stretches: _Stretches) -> dict[int, _Found]:
    """Count in one statement a stretch of each table; return what was found by integration's key."""
    found: defaultdict[int, _Found] = defaultdict(_Found)
    states = {state.value: Count("pk", filter=Q(state=state)) for state in _STATES}
    waiting = Count("pk", filter=Q(lookup_due_at__isnull=False))
    for stretch in stretches(Visitor):
        visitors = Visitor.objects.filter(stretch).order_by().values_list("integration_id")
        for key, *counted in visitors.annotate(waiting_lookups=waiting, **states):
            found[key].numbers.update(dict(zip(("waiting_lookups", *states), counted, strict=True)))
    is_waiting = Q(is_seen_in_chat=False, first_authenticated_at__isnull=False)
    for stretch in stretches(LoginUser):
        users = LoginUser.objects.filter(stretch).order_by().values_list("integration_id")
        tokens = users.annotate(
            number=Count("pk"), waiting=Count("pk", filter=is_waiting), first_at=Min("first_authenticated_at")
        )
        for key, number, number_waiting, first_at in tokens:
            found[key].numbers.update(users=number, waiting_users=number_waiting)
            found[key].note_token(first_at)
    for stretch in stretches(Conflict):
        conflicts = Conflict.objects.filter(stretch, state=ConflictState.OPEN).order_by().values_list("integration_id")
        for key, number in conflicts.annotate(number=Count("pk")):
            found[key].numbers["open_conflicts"] += number
    return found


def _whole(_model: type[Model]) -> Iterator[Q]:
    yield Q()


def _list_stretches(model: type[Model]) -> Iterator[Q]:
    # In the order of keys the rows lie side by side, so each statement reads its part of the table only.
    ends = model._default_manager.order_by().aggregate(first=Min("pk"), last=Max("pk"))  # noqa: SLF001
    if ends["first"] is not None:
        for first in range(ends["first"], ends["last"] + 1, KEYS_AT_ONCE):
            yield Q(pk__gte=first, pk__lt=first + KEYS_AT_ONCE)


def _find_first_link(*, integration_id: int) -> datetime | None:
    """Return when the first link was made: of the first stretch that has any, because keys grow with time."""
    for stretch in _list_stretches(VisitorLink):
        links = VisitorLink.objects.filter(stretch, visitor__integration_id=integration_id).order_by()
        at: datetime | None = links.aggregate(at=Min("first_seen_at"))["at"]
        if at is not None:
            return at
    return None


def _build(found: _Found) -> Counts:
    return _name({name: found.numbers[name] for name in _KEPT}, counted_at=None)


def _read(row: RowCounts) -> Counts:
    return _name({name: getattr(row, name) for name in _KEPT}, counted_at=row.counted_at)


def _name(numbers: dict[str, int], *, counted_at: datetime | None) -> Counts:
    visitors = sum(numbers[state.value] for state in _STATES)
    named: dict[str, Any] = dict(numbers)
    return Counts(visitors=visitors, counted_at=counted_at, **named)
