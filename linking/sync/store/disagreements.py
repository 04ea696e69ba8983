"""Stores disagreements as conflicts for a person to decide; the same one seen again adds nothing."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from linking.core.states import ConflictKind
from linking.models import (
    Conflict,
    ConflictDecision,
    ConflictFlag,
    ConflictState,
    Decision,
    LoginUser,
    SyncRun,
    Visitor,
)
from linking.sync.plans.conflict_rules import SHARED_DEVICE_SUBJECT
from linking.sync.plans.facts import Disagreement

Disagreements = Sequence[tuple[Visitor, Disagreement]]


def store_disagreements(*, run: SyncRun, disagreements: Disagreements, now: datetime) -> int:
    """Store disagreements about visitors in the caller's transaction; return how many conflicts are new."""
    if not disagreements:
        return 0
    _turn_into_shared_devices(
        visitor_keys=[row.pk for row, item in disagreements if item.kind == ConflictKind.SHARED_DEVICE], now=now
    )
    user_ids = {user_id for _, item in disagreements for user_id in (item.user_id, item.other_user_id) if user_id}
    users = LoginUser.objects.filter(integration_id=run.integration_id, user_id__any_of=user_ids)
    keys = dict(users.values_list("user_id", "pk"))
    mine = Conflict.objects.filter(visitor__pk__any_of={row.pk for row, _ in disagreements})
    known = set(mine.values_list("visitor_id", "kind", "subject"))
    rows = {(row.pk, item.kind.value, item.subject): _build_conflict(run=run, row=row, item=item, keys=keys, now=now)
            for row, item in disagreements}  # fmt: skip
    Conflict.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["visitor", "kind", "subject"],
        update_fields=["login_user", "other_user", "last_seen_at"],
    )
    return len(rows.keys() - known)


def find_shared_devices(*, visitor_keys: Collection[int]) -> set[int]:
    """Return the keys of those visitors whose device a person called shared."""
    if not visitor_keys:
        return set()
    shared = Conflict.objects.filter(
        visitor__pk__any_of=visitor_keys, state=ConflictState.DECIDED, decision=Decision.SHARED_DEVICE
    )
    return set(shared.order_by().values_list("visitor_id", flat=True))


def _turn_into_shared_devices(*, visitor_keys: Collection[int], now: datetime) -> None:
    """Merge open conflicts of a visitor about the same people in turn into one.

    What a person decided about before stays as it is, also where the decision was unditem.
    """
    if not visitor_keys:
        return
    open_ones = _find_untouched(visitor_keys=visitor_keys)
    staying = dict(
        Conflict.objects.filter(
            visitor__pk__any_of=visitor_keys, kind=ConflictKind.SHARED_DEVICE, subject=SHARED_DEVICE_SUBJECT
        ).values_list("visitor_id", "pk")
    )
    surplus = {}
    for key, visitor_key in open_ones.order_by("pk").values_list("pk", "visitor_id"):
        if visitor_key in staying:
            surplus[key] = staying[visitor_key]
            continue
        staying[visitor_key] = key
        Conflict.objects.filter(pk=key).update(
            kind=ConflictKind.SHARED_DEVICE, subject=SHARED_DEVICE_SUBJECT, last_seen_at=now
        )
    if surplus:
        _hand_over(surplus)
        Conflict.objects.filter(pk__any_of=list(surplus)).delete()


def _hand_over(surplus: Mapping[int, int]) -> None:
    """Let flags and owners of conflicts that merge into others go on there; `surplus` maps the one to the other."""
    flags = list(ConflictFlag.objects.filter(conflict__pk__any_of=list(surplus)))
    for flag in flags:
        flag.conflict_id = surplus[flag.conflict_id]
    ConflictFlag.objects.bulk_update(flags, ["conflict"])
    rows = Conflict.objects.filter(pk__any_of=list(surplus)).exclude(owner=None, flagged_at=None)
    for key, owner, flagged_at in rows.values_list("pk", "owner", "flagged_at"):
        staying = Conflict.objects.filter(pk=surplus[key])
        if flagged_at:
            staying.filter(flagged_at=None).update(flagged_at=flagged_at)
        if owner:
            staying.filter(owner=None).update(owner=owner)


def _find_untouched(*, visitor_keys: Collection[int]) -> QuerySet[Conflict]:
    untouched = Conflict.objects.filter(
        visitor__pk__any_of=visitor_keys,
        state=ConflictState.OPEN,
        kind__in=(ConflictKind.RELINKED, ConflictKind.SHARED_DEVICE),
    )
    decisions = ConflictDecision.objects.filter(conflict=OuterRef("pk"))
    return untouched.exclude(kind=ConflictKind.SHARED_DEVICE, subject=SHARED_DEVICE_SUBJECT).filter(~Exists(decisions))


def _build_conflict(
    *, run: SyncRun, row: Visitor, item: Disagreement, keys: Mapping[str, int], now: datetime
) -> Conflict:
    return Conflict(
        integration_id=run.integration_id,
        kind=item.kind.value,
        visitor=row,
        login_user_id=keys.get(item.user_id),
        other_user_id=keys.get(item.other_user_id),
        subject=item.subject,
        evidence_run=run,
        first_seen_at=now,
        last_seen_at=now,
    )
