"""Which visitors people decided to keep apart from which Login users."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db.models import QuerySet

from linking.models import Conflict, ConflictDecision, Verdict


def kept_apart(*, visitor_keys: Collection[int]) -> dict[int, frozenset[str]]:
    """Return the user IDs that must not be linked to a visitor, by the visitor's key; one query."""
    found: dict[int, set[str]] = {}
    rows = _in_force().filter(conflict__visitor_id__in=visitor_keys)
    for key, user_id in rows.values_list("conflict__visitor_id", "login_user__user_id"):
        found.setdefault(key, set()).add(user_id)
    return {key: frozenset(user_ids) for key, user_ids in found.items()}


def note_claims(*, claims: Mapping[int, str], now: datetime) -> None:
    """Note on the conflicts that visitors (by key) still carry a user ID they are kept apart from."""
    if not claims:
        return
    rows = _in_force().filter(conflict__visitor_id__in=claims)
    seen = [
        conflict
        for conflict, key, user_id in rows.values_list("conflict_id", "conflict__visitor_id", "login_user__user_id")
        if claims[key] == user_id
    ]
    Conflict.objects.filter(pk__in=seen).update(last_seen_at=now)


def with_decisions(*, conflict_keys: Iterable[int]) -> frozenset[int]:
    """Return those of the conflicts that somebody ever decided something about."""
    decided = ConflictDecision.objects.filter(conflict_id__in=conflict_keys)
    return frozenset(decided.order_by().values_list("conflict_id", flat=True))


def _in_force() -> QuerySet[ConflictDecision]:
    return ConflictDecision.objects.filter(is_in_force=True, verdict=Verdict.UNLINK).order_by()
