"""The labels of the house: a small list that leads keep, twenty at most."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import IntegerField
from django.db.models.expressions import RawSQL

from linking.core.text import clean_line
from linking.models import LABEL_MAX_CHARACTERS, LABELS_MAX, AuditEvent, Label, LabelColour, PlayerLabel

# Counted no further, so that a label of half a million players costs no more than one of a thousand.
PLAYERS_CAP = 1_000
_COUNT_PLAYERS = (
    f"SELECT count(*) FROM (SELECT 1 FROM {PlayerLabel._meta.db_table} carried"  # noqa: S608, SLF001
    f" WHERE carried.label_id = {Label._meta.db_table}.id LIMIT {PLAYERS_CAP + 1}) few"  # noqa: SLF001
)


class BadLabel(ValueError):
    """The name is empty or too long, or the colour is unknown."""


class LabelNameTaken(Exception):
    """Another label has this name, but for upper and lower case."""


class TooManyLabels(Exception):
    """The house has `LABELS_MAX` labels already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLabel:
    """A label and how many players carry it; when `is_capped`, more than `players`."""

    label: Label
    players: int
    is_capped: bool


def list_labels() -> list[Label]:
    """Return all labels, by name."""
    return list(Label.objects.all())


def list_counted() -> list[CountedLabel]:
    """Return all labels, by name, with their numbers of players, in one query."""
    counted = Label.objects.annotate(players=RawSQL(_COUNT_PLAYERS, [], output_field=IntegerField()))  # noqa: S611
    return [
        CountedLabel(label=label, players=min(label.players, PLAYERS_CAP), is_capped=label.players > PLAYERS_CAP)
        for label in counted
    ]


@transaction.atomic
def add_label(*, name: str, colour: str, by: AbstractBaseUser, now: datetime) -> Label:
    """Add a label. Raises: BadLabel, LabelNameTaken, TooManyLabels."""
    cleaned, colour = _read(name=name, colour=colour)
    label = None
    while label is None:
        if Label.objects.filter(low_name=cleaned.lower()).exists():
            raise LabelNameTaken
        place = _find_free_place()
        try:
            with transaction.atomic():
                label = Label.objects.create(name=cleaned, low_name=cleaned.lower(), colour=colour, place=place)
        except IntegrityError:
            # Another person took the place or the name in this moment; the next round sees which.
            continue
    _record("label.added", label=label, by=by, now=now)
    return label


@transaction.atomic
def change_label(*, key: int, name: str, colour: str, by: AbstractBaseUser, now: datetime) -> None:
    """Give a label another name and colour. Raises: Label.DoesNotExist, BadLabel, LabelNameTaken."""
    cleaned, colour = _read(name=name, colour=colour)
    label = Label.objects.select_for_update().get(pk=key)
    if (label.name, label.colour) == (cleaned, colour):
        return
    label.name, label.low_name, label.colour = cleaned, cleaned.lower(), colour
    try:
        with transaction.atomic():
            label.save(update_fields=["name", "low_name", "colour"])
    except IntegrityError as error:
        raise LabelNameTaken from error
    _record("label.changed", label=label, by=by, now=now)


@transaction.atomic
def remove_label(*, key: int, by: AbstractBaseUser, now: datetime) -> str:
    """Remove a label from the house and from all players; return its name. Raises: Label.DoesNotExist."""
    label = Label.objects.get(pk=key)
    _record("label.removed", label=label, by=by, now=now)
    label.delete()
    return label.name


def _find_free_place() -> int:
    taken = set(Label.objects.values_list("place", flat=True))
    place = next((place for place in range(1, LABELS_MAX + 1) if place not in taken), None)
    if place is None:
        raise TooManyLabels
    return place


def _read(*, name: str, colour: str) -> tuple[str, str]:
    cleaned = " ".join(clean_line(name, max_characters=LABEL_MAX_CHARACTERS + 1).split())
    if not cleaned or len(cleaned) > LABEL_MAX_CHARACTERS or colour not in tuple(LabelColour):
        raise BadLabel
    return cleaned, colour


def _record(action: str, *, label: Label, by: AbstractBaseUser, now: datetime) -> None:
    AuditEvent.objects.create(
        at=now,
        actor=by.get_username(),
        actor_user=by,  # type: ignore[misc]
        action=action,
        target=label.name,
        fields=[],
    )
