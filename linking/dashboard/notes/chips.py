"""Labels as chips."""

from collections.abc import Sequence
from dataclasses import dataclass

from linking.models import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChip:
    """A label; `is_put` is whether the player carries it."""

    key: int
    name: str
    colour: str
    is_put: bool = True


def build_chip(label: Label, *, is_put: bool = True) -> LabelChip:
    """Return a label as a chip."""
    return LabelChip(key=label.pk, name=label.name, colour=label.colour, is_put=is_put)


def build_chips(found: Sequence[Label]) -> tuple[LabelChip, ...]:
    """Return labels that a player carries as chips."""
    return tuple(build_chip(label) for label in found)
