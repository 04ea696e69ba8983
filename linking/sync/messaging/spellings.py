"""One user ID in several spellings: Zendesk Support compares external IDs without regard to case, so it is one user.

The spelling that counts is the one this integration issued a token for, the newest where there are several, else the
one that Zendesk writes.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from linking.models import Conflict, ConflictDecision, LoginUser, PlayerLabel, PlayerNote, Visitor, VisitorLink
from linking.sync.store import leases

USERS_AT_ONCE = 500


def find_issued(*, integration_id: int, user_ids: Collection[str]) -> dict[str, str]:
    """Return the spelling that we issued last, by the lower case of each of `user_ids` that we issued a token for."""
    users = LoginUser.objects.filter(integration_id=integration_id).issued().in_any_case(user_ids=user_ids)
    return {
        user_id.lower(): user_id
        for user_id in users.order_by("last_authenticated_at", "pk").values_list("user_id", flat=True)
    }


def unify_spellings(*, integration_id: int, spellings: Iterable[str]) -> None:
    """Let each user be known by the spelling given, with the links kept so far; in the caller's transaction.

    Nothing of it is history: no link ends or begins. A user who got tokens under another spelling stays as it is, so
    that the tokens are still counted, but has no links and is not waited for any more.
    """
    by_low = {spelling.lower(): spelling for spelling in spellings}
    users = LoginUser.objects.filter(integration_id=integration_id).in_any_case(user_ids=by_low.values())
    groups: dict[str, list[LoginUser]] = {}
    for user in users.order_by("pk"):
        groups.setdefault(user.user_id.lower(), []).append(user)
    for low, group in groups.items():
        if low in by_low and any(user.user_id != by_low[low] for user in group):
            _unify(group, spelling=by_low[low])


def unify_issued(*, held: leases.Held, integration_id: int, since: datetime | None) -> None:
    """Do `unify_spellings` for users who got a token since, and are known in another spelling too.

    Raises: leases.LeaseLost.
    """
    for user_ids in _list_doubled(integration_id=integration_id, since=since):
        with transaction.atomic():
            leases.renew(held=held)
            issued = find_issued(integration_id=integration_id, user_ids=user_ids)
            unify_spellings(integration_id=integration_id, spellings=issued.values())


def _list_doubled(*, integration_id: int, since: datetime | None) -> Iterator[list[str]]:
    mine = LoginUser.objects.filter(integration_id=integration_id)
    others = mine.alias(low_id=Lower("user_id")).filter(low_id=OuterRef("low_id")).exclude(pk=OuterRef("pk"))
    # Another spelling that is not settled yet: it carries links, or waits for one.
    unsettled = others.filter(Q(first_authenticated_at__isnull=True) | Q(is_seen_in_chat=False) | Exists(
        VisitorLink.objects.filter(login_user=OuterRef("pk"))
    )).order_by()  # fmt: skip
    recent = Q(last_authenticated_at__isnull=False) if since is None else Q(last_authenticated_at__gte=since)
    doubled = mine.filter(recent).alias(low_id=Lower("user_id")).filter(Exists(unsettled)).order_by("pk")
    last = 0
    while found := list(doubled.filter(pk__gt=last).values_list("pk", "user_id")[:USERS_AT_ONCE]):
        yield [user_id for _key, user_id in found]
        last = found[-1][0]


def _unify(group: list[LoginUser], *, spelling: str) -> None:
    kept = next((user for user in group if user.user_id == spelling), None)
    if kept is None:
        # Nobody is known by it: whoever carries the links takes the name, unless tokens were issued under the old one.
        kept = next((user for user in group if user.first_authenticated_at is None), None)
        if kept is None:
            return
        LoginUser.objects.filter(pk=kept.pk).update(user_id=spelling)
    others = [user.pk for user in group if user.pk != kept.pk]
    links = VisitorLink.objects.filter(login_user__in=others)
    Visitor.objects.filter(links__in=links.open()).update(external_id=spelling)
    links.update(login_user=kept)
    for model, name in ((Conflict, "login_user"), (Conflict, "other_user"), (ConflictDecision, "login_user")):
        model.objects.filter(**{f"{name}__in": others}).update(**{name: kept})
    _move_notes(others, kept=kept)
    is_seen = any(user.is_seen_in_chat for user in group)
    LoginUser.objects.filter(pk=kept.pk).update(is_seen_in_chat=is_seen)
    LoginUser.objects.filter(pk__in=others).update(is_seen_in_chat=True)
    LoginUser.objects.filter(pk__in=others, first_authenticated_at__isnull=True).delete()


def _move_notes(others: list[int], *, kept: LoginUser) -> None:
    PlayerNote.objects.filter(login_user__in=others).update(login_user=kept)
    carried = PlayerLabel.objects.filter(login_user__in=others)
    labels = set(carried.values_list("label_id", flat=True))
    PlayerLabel.objects.bulk_create(
        [PlayerLabel(login_user=kept, label_id=label) for label in labels], ignore_conflicts=True
    )
    carried.delete()
