"""Counts what rests under which seal key."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from linking.core.secretbox import PREFIX, SealBroken
from linking.fields import key_ring
from linking.sealing.places import COLUMNS, SealedColumn, SealedPart, walk_rows

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnStanding:
    """How many values of one column rest under each key: `by_key` by the key's place in the ring, 0 for the newest.

    `unsealed` values were stored before their column was sealed; `lost` ones open with no key of the ring.
    """

    column: SealedColumn
    by_key: Mapping[int, int]
    unsealed: int
    lost: int

    @property
    def under_newest(self) -> int:
        """The values that rest where they belong."""
        return self.by_key.get(0, 0)

    @property
    def to_move(self) -> int:
        """The values that `rewrap` moves."""
        return self.unsealed + sum(count for number, count in self.by_key.items() if number)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealStanding:
    """What rests where. `marks` tell the keys of the ring apart, the newest first."""

    columns: tuple[ColumnStanding, ...]
    marks: tuple[str, ...]

    @property
    def to_move(self) -> int:
        """How many values do not rest under the newest key although they could."""
        return sum(column.to_move for column in self.columns)

    @property
    def lost(self) -> int:
        """How many values no key of the ring opens."""
        return sum(column.lost for column in self.columns)

    @property
    def is_settled(self) -> bool:
        """Whether every value rests under the newest key, so that the older keys can be taken out."""
        return not (self.to_move or self.lost)

    def count_under(self, number: int) -> int:
        """Return how many values rest under the key at this place in the ring."""
        return sum(column.by_key.get(number, 0) for column in self.columns)


def load_standing() -> SealStanding:
    """Read everything sealed and return what rests under which key.

    Raises: django.db.DatabaseError.
    """
    return SealStanding(columns=tuple(_count(column) for column in COLUMNS), marks=key_ring().marks)


def count_to_move() -> int:
    """Return how many values `seal rewrap` would move: what a metric or an alarm asks for.

    Raises: django.db.DatabaseError.
    """
    return load_standing().to_move


def _count(column: SealedColumn) -> ColumnStanding:
    counts: Counter[int | None] = Counter()
    unsealed = 0
    for row in walk_rows(column, batch=BATCH):
        for part in column.list_parts(row):
            if part.text.startswith(PREFIX):
                counts[_find_key(part)] += 1
            else:
                unsealed += 1
    lost = counts.pop(None, 0)
    by_key = {number: count for number, count in counts.items() if number is not None}
    return ColumnStanding(column=column, by_key=by_key, unsealed=unsealed, lost=lost)


def _find_key(part: SealedPart) -> int | None:
    """Return the place in the ring of the key that opens the value where it belongs, None where no key does."""
    try:
        key_ring().unseal(part.text, place=part.place)
    except SealBroken:
        return None
    return key_ring().find_key(part.text)
