"""Moves everything sealed to the newest key while the product serves.

Each row moves by itself and only if nobody changed it since it was read, so a concurrent change is never overwritten.
What has moved stays moved: a run that was killed is simply started again.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from linking.core.secretbox import PREFIX, SealBroken
from linking.fields import key_ring
from linking.models import AuditEvent
from linking.models.fingerprint import replace_lost_fingerprint_key
from linking.sealing.places import COLUMNS, SealedColumn, SealedPart, walk_rows
from linking.sealing.standing import SealStanding, load_standing

BATCH = 200
# A row that was changed between reading and writing is read again by the next round.
ROUNDS_MAX = 5
BEGAN, MOVED = "seal.rewrap_began", "seal.rewrapped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrap:
    """What one run moved, by the name of the column, and what rests where afterwards."""

    moved: Mapping[str, int]
    standing: SealStanding


def rewrap_all(*, actor: str, now: datetime) -> Rewrap:
    """Move every value that does not rest under the newest key, and say so in the audit if there was any."""
    replace_lost_fingerprint_key()
    standing = load_standing()
    moved: Counter[str] = Counter()
    if not standing.to_move:
        return Rewrap(moved=moved, standing=standing)
    # Recorded before the first value moves: a run that is killed leaves this behind.
    _record(BEGAN, actor=actor, counts={one.column.name: one.to_move for one in standing.columns}, now=now)
    for _round in range(ROUNDS_MAX):
        for column in COLUMNS:
            moved[column.name] += rewrap_column(column)
        standing = load_standing()
        if not standing.to_move:
            break
    _record(MOVED, actor=actor, counts=moved, now=now)
    return Rewrap(moved={name: count for name, count in moved.items() if count}, standing=standing)


def rewrap_column(column: SealedColumn) -> int:
    """Move the values of one column and return how many moved; what changed meanwhile or cannot be opened stays."""
    moved = 0
    for row in walk_rows(column, batch=BATCH):
        parts = {part.path: sealed for part in column.list_parts(row) if (sealed := _seal_anew(part))}
        if parts and column.replace(row, parts):
            moved += len(parts)
    return moved


def _seal_anew(part: SealedPart) -> str:
    """Return the value under the newest key; "" where it rests there, or opens with no key of the ring."""
    ring = key_ring()
    if not part.text.startswith(PREFIX):
        return ring.seal(part.text, place=part.place)
    if ring.find_key(part.text) == 0:
        return ""
    try:
        return ring.seal(ring.unseal(part.text, place=part.place), place=part.place)
    except SealBroken:
        return ""


def _record(action: str, *, actor: str, counts: Mapping[str, int], now: datetime) -> None:
    fields = [f"{name}: {count}" for name, count in counts.items() if count]
    newest = key_ring().marks[0]
    AuditEvent.objects.create(at=now, actor=actor, action=action, target=newest, fields=fields)
