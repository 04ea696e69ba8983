"""Flags: a person who may not decide a conflict asks those who may to look at it, with a short reason."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from linking.core.text import clean_line
from linking.models import FLAG_REASON_MAX_CHARACTERS, AuditEvent, Conflict, ConflictFlag, ConflictState


class NotOpen(Exception):
    """The conflict is decided, so nobody needs to look at it."""


class NoReason(ValueError):
    """A flag without a reason helps nobody."""


@transaction.atomic
def flag(*, conflict_id: int, reason: str, by: Any, now: datetime) -> ConflictFlag:
    """Flag an open conflict; a person's second flag on it replaces the first.

    Raises: Conflict.DoesNotExist, NotOpen, NoReason.
    """
    line = clean_line(reason, max_characters=FLAG_REASON_MAX_CHARACTERS)
    if not line:
        raise NoReason
    conflict = Conflict.objects.select_for_update().get(pk=conflict_id)
    if conflict.state != ConflictState.OPEN:
        raise NotOpen
    ConflictFlag.objects.filter(conflict=conflict, by=by).delete()
    made = ConflictFlag.objects.create(conflict=conflict, by=by, by_name=by.get_username(), reason=line, at=now)
    Conflict.objects.filter(pk=conflict_id).update(flagged_at=now)
    _record("flag_conflict", conflict_id=conflict_id, by=by, now=now)
    return made


@transaction.atomic
def remove(*, flag_id: int, by: Any, may_remove_any: bool, now: datetime) -> int:
    """Remove a flag and return the conflict's key; one's own, or with `may_remove_any` anybody's.

    Raises: ConflictFlag.DoesNotExist.
    """
    mine = ConflictFlag.objects.all() if may_remove_any else ConflictFlag.objects.filter(by=by)
    one = mine.get(pk=flag_id)
    Conflict.objects.select_for_update().filter(pk=one.conflict_id).first()
    one.delete()
    newest = ConflictFlag.objects.filter(conflict=one.conflict_id).aggregate(at=Max("at"))["at"]
    Conflict.objects.filter(pk=one.conflict_id).update(flagged_at=newest)
    _record("unflag_conflict", conflict_id=one.conflict_id, by=by, now=now)
    return one.conflict_id


def list_flags(*, conflict_id: int) -> list[ConflictFlag]:
    """Return the flags on a conflict, newest first."""
    return list(ConflictFlag.objects.filter(conflict=conflict_id))


def _record(action: str, *, conflict_id: int, by: Any, now: datetime) -> None:
    # The reason may name a player, so the audit does not hold it.
    AuditEvent.objects.create(
        at=now, actor=by.get_username(), actor_user=by, action=action, target=f"conflict {conflict_id}"
    )
