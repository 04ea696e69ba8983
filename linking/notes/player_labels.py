"""Which player carries which label."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from linking.models import AuditEvent, Integration, Label, LoginUser, PlayerLabel, ZendeskProduct
from linking.search import find

SPREAD_AT_ONCE = 200


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


@transaction.atomic
def spread_labels() -> None:
    """Put labels on players that are the same person as one who carries them.

    A person whom another integration of the Login project meets later is a row of its own, made in a batch.
    """
    for carried in _find_unspread()[:SPREAD_AT_ONCE]:
        players = find.list_namesakes(carried.login_user)
        rows = [PlayerLabel(login_user=player, label_id=carried.label_id) for player in players]
        PlayerLabel.objects.bulk_create(rows, ignore_conflicts=True)


def _find_unspread() -> QuerySet[PlayerLabel]:
    shared = Integration.objects.order_by().values("login_project_id").annotate(number=Count("pk"))
    among = PlayerLabel.objects.filter(
        login_user__integration__login_project_id__in=shared.filter(number__gt=1).values("login_project_id")
    )
    has_it = PlayerLabel.objects.filter(login_user=OuterRef("pk"), label=OuterRef(OuterRef("label")))
    namesakes = LoginUser.objects.alias(low_id=Lower("user_id")).filter(
        ~Exists(has_it),
        integration__login_project_id=OuterRef("login_user__integration__login_project_id"),
        low_id=Lower(OuterRef("login_user__user_id")),
    )
    # Accounts on Messaging do not tell upper from lower case, as `find.list_namesakes` knows.
    is_same = Q(user_id=OuterRef("login_user__user_id")) | Q(integration__zendesk_product=ZendeskProduct.MESSAGING)
    is_case_blind = Q(login_user__integration__zendesk_product=ZendeskProduct.MESSAGING)
    found = among.filter(Exists(namesakes.filter(is_same)) | (is_case_blind & Exists(namesakes)))
    return found.select_related("login_user__integration").order_by("pk")


def _record(action: str, *, label: Label, player: LoginUser, by: AbstractBaseUser, now: datetime) -> None:
    AuditEvent.objects.create(
        at=now,
        actor=by.get_username(),
        actor_user=by,  # type: ignore[misc]
        action=action,
        target=f"{player.integration.slug} {find.make_stand_in(player)}",
        fields=[label.name],
    )
