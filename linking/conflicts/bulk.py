"""One decision about many conflicts at once: what it would change, making it, and undoing the lot.

A lot is worked off in chunks, each a transaction with a fixed number of statements. Each conflict gets a decision and
an audit event of its own, as if it had been decided alone; the decision names its batch. So a process that is killed
in between leaves whole decisions, and undoing the batch covers those that were made.

Unlinking in bulk parts each visitor from the conflict's first player, who is the one it was linked to when the conflict
was found.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Case, Count, F, Max, Q, QuerySet, Value, When

from linking.conflicts import decisions
from linking.models import (
    AuditEvent,
    Conflict,
    ConflictDecision,
    ConflictState,
    Decision,
    DecisionBatch,
    EndReason,
    Visitor,
    VisitorLink,
    VisitorState,
)
from linking.sync import lookups

BULK_MAX = 500
CHUNK = 100
UNDO_FOR = timedelta(days=7)
VERDICTS = (Decision.KEEP, Decision.SHARED_DEVICE, Decision.UNLINK, Decision.IGNORE)
_JOINED = ("integration", "visitor", "login_user", "other_user", "owner")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkTarget:
    """A conflict to decide; `seen` is the key of the newest decision that the page showed, 0 for none."""

    conflict_id: int
    seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkPreview:
    """What a decision about many conflicts would change.

    `targets` are the conflicts that it decides, in the order of `conflicts`. `left_out` are those that do not admit it,
    `missing` how many were decided or removed meanwhile. Of the open links of the visitors, `ends` end and `stays`
    stay; `unlinks_nothing` counts conflicts whose visitor is not linked to the player now.
    """

    verdict: Decision
    conflicts: tuple[Conflict, ...]
    targets: tuple[BulkTarget, ...]
    left_out: tuple[Conflict, ...]
    missing: int
    ends: int
    stays: int
    unlinks_nothing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOutcome:
    """How many conflicts were decided or undone, and how many were not, because they had changed meanwhile."""

    batch: DecisionBatch | None
    done: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """A batch, how many conflicts it decided, and how many of these decisions are still in force."""

    batch: DecisionBatch
    decided: int
    in_force: int


class UndoExpired(Exception):
    """The batch is too old to be undone as a whole; each of its conflicts still can be."""


def preview(*, conflict_ids: Sequence[int], verdict: str) -> BulkPreview:
    """Return what deciding these conflicts, at most `BULK_MAX`, would change; three queries.

    Raises: decisions.NotOffered for a verdict that is none.
    """
    chosen = _parse(verdict)
    keys = list(dict.fromkeys(conflict_ids))[:BULK_MAX]
    rows = Conflict.objects.open().filter(pk__any_of=keys).select_related(*_JOINED)
    conflicts = list(rows.order_by("-first_seen_at", "-pk"))
    admitted = tuple(one for one in conflicts if _admits(one, verdict=chosen))
    newest = _find_newest_keys([one.pk for one in admitted])
    links = _find_open_links({one.visitor_id for one in admitted})
    ending = {one.visitor_id for one in admitted if _ends_link(one, verdict=chosen, links=links)}
    return BulkPreview(
        verdict=chosen,
        conflicts=admitted,
        targets=tuple(BulkTarget(conflict_id=one.pk, seen=newest.get(one.pk, 0)) for one in admitted),
        left_out=tuple(one for one in conflicts if not _admits(one, verdict=chosen)),
        missing=len(keys) - len(conflicts),
        ends=len(ending),
        stays=len(links) - len(ending),
        unlinks_nothing=sum(one.visitor_id not in ending for one in admitted) if chosen == Decision.UNLINK else 0,
    )


def decide(*, targets: Sequence[BulkTarget], verdict: str, by: Any, now: datetime) -> BulkOutcome:
    """Decide conflicts, at most `BULK_MAX`, those that changed meanwhile left alone.

    Not in the caller's transaction: each chunk commits by itself.

    Raises: decisions.NotOffered for a verdict that is none.
    """
    chosen = _parse(verdict)
    targets = list({target.conflict_id: target for target in targets}.values())[:BULK_MAX]
    batch = DecisionBatch.objects.create(verdict=chosen, by=by, by_name=by.get_username(), at=now)
    done = sum(_decide_chunk(chunk, batch=batch, by=by, now=now) for chunk in _split(targets))
    if not done:
        batch.delete()
    return BulkOutcome(batch=batch if done else None, done=done, skipped=len(targets) - done)


def undo(*, batch_id: int, by: Any, now: datetime) -> BulkOutcome:
    """Undo the decisions of a batch that are still in force; those decided anew or undone since stay.

    Not in the caller's transaction: each chunk commits by itself.

    Raises: DecisionBatch.DoesNotExist, UndoExpired.
    """
    batch = DecisionBatch.objects.get(pk=batch_id)
    if not may_undo(batch=batch, now=now):
        raise UndoExpired
    rows = list(batch.decisions.order_by("-pk").values_list("pk", "conflict_id", "is_in_force"))
    # The last one first, as one would undo them by hand: of two about one link, the first one ended it.
    in_force = [conflict for _key, conflict, is_in_force in rows if is_in_force]
    done = sum(_undo_chunk(chunk, batch=batch, by=by, now=now) for chunk in _split(in_force))
    return BulkOutcome(batch=batch, done=done, skipped=len(rows) - done)


def may_undo(*, batch: DecisionBatch, now: datetime) -> bool:
    """Return whether the batch is recent enough to be undone as a whole."""
    return now - batch.at <= UNDO_FOR


def find_batch(*, batch_id: int) -> BatchSummary:
    """Return a batch with its counts. Raises: DecisionBatch.DoesNotExist."""
    counted = DecisionBatch.objects.annotate(
        decided=Count("decisions"), in_force=Count("decisions", filter=Q(decisions__is_in_force=True))
    )
    batch = counted.get(pk=batch_id)
    return BatchSummary(batch=batch, decided=batch.decided, in_force=batch.in_force)


def list_conflicts_of(*, batch_id: int) -> list[Conflict]:
    """Return the conflicts of a batch, at most `BULK_MAX`, with what a list shows of them."""
    keys = ConflictDecision.objects.filter(batch=batch_id).values("conflict")
    rows = Conflict.objects.filter(pk__in=keys).select_related(*_JOINED, "decided_by")
    return list(rows.order_by("-first_seen_at", "-pk")[:BULK_MAX])


def _parse(verdict: str) -> Decision:
    if verdict not in VERDICTS:
        raise decisions.NotOffered("There is no such decision about many conflicts.")
    return Decision(verdict)


def _admits(conflict: Conflict, *, verdict: Decision) -> bool:
    has_player = verdict != Decision.UNLINK or conflict.login_user_id is not None
    return has_player and decisions.is_offered(kind=conflict.kind, verdict=verdict)


def _ends_link(conflict: Conflict, *, verdict: Decision, links: Mapping[int, VisitorLink]) -> bool:
    link = links.get(conflict.visitor_id)
    return verdict == Decision.UNLINK and link is not None and link.login_user_id == conflict.login_user_id


def _split(items: Sequence[Item]) -> Iterable[Sequence[Item]]:
    return (items[first : first + CHUNK] for first in range(0, len(items), CHUNK))


def _find_newest_keys(conflict_ids: Sequence[int]) -> dict[int, int]:
    rows = ConflictDecision.objects.filter(conflict__pk__any_of=conflict_ids).order_by()
    return dict(rows.values("conflict_id").annotate(newest=Max("pk")).values_list("conflict_id", "newest"))


def _find_open_links(visitor_ids: Iterable[int]) -> dict[int, VisitorLink]:
    links = VisitorLink.objects.open().filter(visitor__pk__any_of=list(visitor_ids)).order_by()
    return {link.visitor_id: link for link in links}


def _lock(conflict_ids: Sequence[int]) -> tuple[dict[int, Conflict], dict[int, Visitor]]:
    """Lock conflicts and their visitors; return both by key, without conflicts that moved to another visitor meanwhile.

    The visitors first and in one order, as the sync does, so that the two cannot deadlock.
    """
    owners = Conflict.objects.filter(pk__any_of=conflict_ids).order_by().values_list("visitor_id", flat=True)
    keys = sorted(set(owners))
    visitors = {one.pk: one for one in Visitor.objects.filter(pk__any_of=keys).order_by("pk").select_for_update()}
    locked = Conflict.objects.filter(pk__any_of=conflict_ids).order_by("pk").select_for_update()
    return {one.pk: one for one in locked if one.visitor_id in visitors}, visitors


@transaction.atomic
def _decide_chunk(targets: Sequence[BulkTarget], *, batch: DecisionBatch, by: Any, now: datetime) -> int:
    conflicts, _visitors = _lock([target.conflict_id for target in targets])
    newest = _find_newest_keys(list(conflicts))
    verdict = Decision(batch.verdict)
    chosen = [
        conflicts[target.conflict_id]
        for target in targets
        if target.conflict_id in conflicts
        and conflicts[target.conflict_id].state == ConflictState.OPEN
        and newest.get(target.conflict_id, 0) == target.seen
        and _admits(conflicts[target.conflict_id], verdict=verdict)
    ]
    ended = _end_links(chosen, now=now) if verdict == Decision.UNLINK else {}
    rows = [
        ConflictDecision(
            conflict=one,
            verdict=verdict,
            is_in_force=True,
            login_user_id=one.login_user_id if verdict == Decision.UNLINK else None,
            ended_link=ended.get(one.pk),
            by=by,
            by_name=by.get_username(),
            at=now,
            batch=batch,
        )
        for one in chosen
    ]
    ConflictDecision.objects.bulk_create(rows)
    _record("decide_conflict", conflicts=chosen, batch=batch, by=by, now=now)
    Conflict.objects.filter(pk__any_of=[one.pk for one in chosen]).update(
        state=ConflictState.DECIDED, decision=verdict, decided_by=by, decided_at=now
    )
    return len(chosen)


def _end_links(conflicts: Sequence[Conflict], *, now: datetime) -> dict[int, VisitorLink]:
    """End the open links to the first players, and return each by the conflict whose decision ended it."""
    links = _find_open_links({one.visitor_id for one in conflicts})
    ended = {}
    for one in conflicts:
        if _ends_link(one, verdict=Decision.UNLINK, links=links):
            ended[one.pk] = links.pop(one.visitor_id)
    rows = VisitorLink.objects.filter(pk__any_of=[link.pk for link in ended.values()], ended_at__isnull=True)
    # A link that began later than the clock now says ends when it began.
    ended_at = Case(When(first_seen_at__gt=now, then=F("first_seen_at")), default=Value(now))
    rows.update(ended_at=ended_at, end_reason=EndReason.UNLINKED)
    visitors = Visitor.objects.filter(pk__any_of=[link.visitor_id for link in ended.values()])
    visitors.filter(state=VisitorState.LINKED).update(state=VisitorState.ANONYMOUS)
    return ended


@transaction.atomic
def _undo_chunk(conflict_ids: Sequence[int], *, batch: DecisionBatch, by: Any, now: datetime) -> int:
    conflicts, visitors = _lock(conflict_ids)
    mine = batch.decisions.filter(conflict__pk__any_of=list(conflicts), is_in_force=True)
    undone = list(mine.select_related("login_user").order_by("-pk"))
    unlinks = [one for one in undone if one.verdict == Decision.UNLINK]
    if unlinks:
        _reopen_links(unlinks, conflicts=conflicts, visitors=visitors, now=now)
    ConflictDecision.objects.filter(pk__any_of=[one.pk for one in undone]).update(is_in_force=False)
    ConflictDecision.objects.bulk_create(
        [
            ConflictDecision(
                conflict_id=one.conflict_id,
                verdict=Decision.UNDO,
                login_user=one.login_user,
                by=by,
                by_name=by.get_username(),
                at=now,
            )
            for one in undone
        ]
    )
    opened = [conflicts[one.conflict_id] for one in undone]
    _record("undo_conflict", conflicts=opened, batch=batch, by=by, now=now)
    Conflict.objects.filter(pk__any_of=[one.pk for one in opened]).update(
        state=ConflictState.OPEN, decision="", decided_by=None, decided_at=None
    )
    return len(undone)


def _reopen_links(
    unlinks: Sequence[ConflictDecision],
    *,
    conflicts: Mapping[int, Conflict],
    visitors: Mapping[int, Visitor],
    now: datetime,
) -> None:
    """Let the links that these decisions ended go on, where Zendesk's record still carries the player's ID.

    By the same rules as for a single one, see `decisions`.
    """
    keys = sorted({conflicts[one.conflict_id].visitor_id for one in unlinks})
    linked = set(_find_open_links(keys))
    others = _find_blocks(keys)
    reopened = []
    for one in unlinks:
        visitor = visitors[conflicts[one.conflict_id].visitor_id]
        blocks = others.get((visitor.pk, one.login_user_id or 0), set())
        blocks.discard(one.conflict_id)
        user_id = one.login_user.user_id if one.login_user else ""
        is_free = visitor.pk not in linked and not blocks and visitor.state == VisitorState.ANONYMOUS
        if one.ended_link_id and is_free and visitor.external_id == user_id:
            linked.add(visitor.pk)
            reopened.append((one.ended_link_id, visitor.pk))
    VisitorLink.objects.filter(pk__any_of=[link for link, _visitor in reopened]).update(ended_at=None, end_reason="")
    Visitor.objects.filter(pk__any_of=[visitor for _link, visitor in reopened]).update(state=VisitorState.LINKED)
    # The sync ignored what Zendesk said in between, so Zendesk is asked again and the answer decides.
    mine = Visitor.objects.filter(pk__any_of=keys)
    lookups.queue_first(visitors=mine.exclude(state=VisitorState.GONE), now=now)


def _find_blocks(visitor_ids: Sequence[int]) -> dict[tuple[int, int], set[int]]:
    """Return which conflicts keep a visitor apart from a player, by the keys of the two."""
    rows: QuerySet[ConflictDecision] = ConflictDecision.objects.filter(
        is_in_force=True, verdict=Decision.UNLINK, conflict__visitor__pk__any_of=visitor_ids
    )
    blocks: dict[tuple[int, int], set[int]] = {}
    for conflict, visitor, user in rows.order_by().values_list("conflict_id", "conflict__visitor_id", "login_user_id"):
        blocks.setdefault((visitor, user or 0), set()).add(conflict)
    return blocks


def _record(action: str, *, conflicts: Sequence[Conflict], batch: DecisionBatch, by: Any, now: datetime) -> None:
    fields = [str(batch.verdict) if action == "decide_conflict" else str(Decision.UNDO), f"bulk {batch.pk}"]
    AuditEvent.objects.bulk_create(
        [
            AuditEvent(
                at=now, actor=by.get_username(), actor_user=by, action=action, target=f"conflict {one.pk}",
                fields=fields,
            )
            for one in conflicts
        ]
    )  # fmt: skip
