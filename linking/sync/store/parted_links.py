"""Which visitors people decided to keep apart from which Login users."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import F, QuerySet

from linking.models import Conflict, ConflictDecision, Decision, Visitor, VisitorState
from linking.sync.plans.conflict_rules import build_subject


def find_parted_user_ids(*, visitor_keys: Collection[int]) -> dict[int, frozenset[str]]:
    """Return the user IDs that must not be linked to a visitor, by the visitor's key; one query."""
    user_ids_by_visitor: dict[int, set[str]] = {}
    rows = _find_in_force().filter(conflict__visitor__pk__any_of=visitor_keys)
    for key, user_id in rows.values_list("conflict__visitor_id", "login_user__user_id"):
        user_ids_by_visitor.setdefault(key, set()).add(user_id)
    return {key: frozenset(user_ids) for key, user_ids in user_ids_by_visitor.items()}


def count_parted(*, since: datetime, until: datetime | None = None, integration_id: int | None = None) -> int:
    """Return how many visitors, seen since then and before `until`, are linked to nobody because a person parted them
    from the user whose ID they carry; one query over decisions in force, of which people make few.
    """
    rows = _find_in_force().filter(
        conflict__visitor__state=VisitorState.ANONYMOUS,
        conflict__visitor__external_id=F("login_user__user_id"),
        conflict__visitor__last_seen_at__gte=since,
    )
    if until is not None:
        rows = rows.filter(conflict__visitor__last_seen_at__lt=until)
    if integration_id is not None:
        rows = rows.filter(conflict__visitor__integration_id=integration_id)
    return rows.values("conflict__visitor_id").distinct().count()


def note_claims(*, claims: Mapping[int, str], now: datetime) -> None:
    """Note on the conflicts that visitors (by key) still carry a user ID they are kept apart from."""
    if not claims:
        return
    rows = _find_in_force().filter(conflict__visitor__pk__any_of=claims)
    seen = [
        conflict
        for conflict, key, user_id in rows.values_list("conflict_id", "conflict__visitor_id", "login_user__user_id")
        if claims[key] == user_id
    ]
    Conflict.objects.filter(pk__any_of=seen).update(last_seen_at=now)


def move_conflicts(*, row: Visitor, other: Visitor) -> None:
    """Move the conflicts of `row`, which is given up, to `other`, which it was joined into.

    The same question twice becomes one, but what people decided, took or flagged stays.
    """
    known = set(Conflict.objects.filter(visitor=other).values_list("kind", "subject"))
    for conflict in Conflict.objects.filter(visitor=row):
        subject = conflict.subject
        if (conflict.kind, subject) in known:
            is_untouched = conflict.owner_id is None and conflict.flagged_at is None
            if is_untouched and not ConflictDecision.objects.filter(conflict=conflict).exists():
                continue
            subject = build_subject(subject, row.visitor_id)
        Conflict.objects.filter(pk=conflict.pk).update(visitor=other, subject=subject)


def _find_in_force() -> QuerySet[ConflictDecision]:
    return ConflictDecision.objects.filter(is_in_force=True, verdict=Decision.UNLINK).order_by()
