"""Which player carries which label."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef

from linking.models import AuditEvent, Label, LoginUser, PlayerLabel
from linking.search import find


def find_labels(*, player_keys: Iterable[int]) -> Mapping[int, tuple[Label, ...]]:
    """Return the labels of players by their keys, each player's by name, in one query; none for no players."""
    found: dict[int, list[Label]] = defaultdict(list)
    rows = PlayerLabel.objects.filter(login_user__pk__any_of=set(player_keys)).select_related("label")
    for row in rows.order_by("label__low_name"):
        found[row.login_user_id].append(row.label)
    return {key: tuple(labels) for key, labels in found.items()}


def list_labels_of(*, players: Sequence[LoginUser]) -> list[tuple[Label, bool]]:
    """Return every label of the house, by name, and whether the person carries it, in one query.

    `players` are that person in several integrations.
    """
    carried = PlayerLabel.objects.filter(label=OuterRef("pk"), login_user__in=[player.pk for player in players])
    return [(label, label.is_put) for label in Label.objects.annotate(is_put=Exists(carried))]


@transaction.atomic
def put_label(*, player: LoginUser, label_key: int, by: AbstractBaseUser, now: datetime) -> Label:
    """Put a label on a player, and on the same person elsewhere; nothing happens where it is.

    `player` has its integration loaded. Raises: Label.DoesNotExist.
    """
    label = Label.objects.get(pk=label_key)
    is_new = not PlayerLabel.objects.filter(label=label, login_user=player).exists()
    rows = [PlayerLabel(login_user=one, label=label) for one in find.list_namesakes(player)]
    PlayerLabel.objects.bulk_create(rows, ignore_conflicts=True)
    if is_new:
        _record("label.put", label=label, player=player, by=by, now=now)
    return label


@transaction.atomic
def take_label(*, player: LoginUser, label_key: int, by: AbstractBaseUser, now: datetime) -> Label:
    """Take a label off a player, and off the same person elsewhere. Raises: Label.DoesNotExist."""
    label = Label.objects.get(pk=label_key)
    carried = PlayerLabel.objects.filter(label=label, login_user__in=find.list_namesakes(player))
    if carried.delete()[0]:
        _record("label.taken", label=label, player=player, by=by, now=now)
    return label


def _record(action: str, *, label: Label, player: LoginUser, by: AbstractBaseUser, now: datetime) -> None:
    AuditEvent.objects.create(
        at=now,
        actor=by.get_username(),
        actor_user=by,  # type: ignore[misc]
        action=action,
        target=f"{player.integration.slug} {find.make_stand_in(player)}",
        fields=[label.name],
    )
