"""Narrows a list of visitors, by conflict, new link or missing e-mail address, and counts some of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from linking.core.trust import Trust
from linking.models import Conflict, Label, LoginUser, PlayerLabel, Visitor, VisitorLink, VisitorState
from linking.search.find import Count, Row, UnknownFilter, count_up_to_cap

# Only of visitors whose record was read is it known that they have no e-mail address.
READ_STATES = (VisitorState.LINKED, VisitorState.ANONYMOUS)
# Trust depends on a link, its player and the conflicts, so no index finds it: only so many visitors are judged.
JUDGED_MAX = 10_000
# Up to so many visitors with a label are found by their keys.
LABELLED_FEW = 5_000


def keep_in_conflict(visitors: QuerySet[Visitor]) -> QuerySet[Visitor]:
    """Return those of `visitors` with an open conflict."""
    return visitors.filter(pk__in=Conflict.objects.open().order_by().values("visitor_id"))


def keep_linked_since(visitors: QuerySet[Visitor], *, since: datetime) -> QuerySet[Visitor]:
    """Return those of `visitors` whose open link was made at `since` or later."""
    # Keys of links grow with time, so the index of the keys finds the last link before `since` from its newest end.
    before = VisitorLink.objects.filter(first_seen_at__lt=since).order_by("-pk").values("pk")[:1]
    links = VisitorLink.objects.open().filter(pk__gt=Coalesce(Subquery(before), 0), first_seen_at__gte=since)
    return visitors.filter(pk__in=links.order_by().values("visitor_id"))


def keep_without_email(visitors: QuerySet[Visitor]) -> QuerySet[Visitor]:
    """Return those of `visitors` whose record has no e-mail address."""
    # Named by the states that are left out: SQLite would sort every visitor of the states named, and walks by time so.
    unread = set(VisitorState) - set(READ_STATES)
    return visitors.filter(email="").exclude(state__in=sorted(unread))


def keep_trust(visitors: QuerySet[Visitor], *, trust: Trust, among: QuerySet[Visitor]) -> QuerySet[Visitor]:
    """Return those of `visitors` whose link deserves this word of trust, as `judge_trust` has it.

    Disputed ones are found wherever they are; the others among the newest `JUDGED_MAX` of the visitors `among`.
    """
    links = VisitorLink.objects.open().filter(visitor_id=OuterRef("pk"))
    if trust is Trust.DISPUTED:
        return keep_in_conflict(visitors).filter(Exists(links))
    is_proven = Q(login_user__first_authenticated_at__lte=F("last_confirmed_at"))
    links = links.filter(is_proven) if trust is Trust.PROVEN else links.exclude(is_proven)
    visitors = visitors.filter(Exists(links), ~Exists(Conflict.objects.open().filter(visitor_id=OuterRef("pk"))))
    times = among.order_by("-last_seen_at", "-pk").values_list("last_seen_at", flat=True)
    oldest_at = next(iter(times[JUDGED_MAX - 1 : JUDGED_MAX]), None)
    return visitors.filter(last_seen_at__gte=oldest_at) if oldest_at else visitors


def keep_labelled(visitors: QuerySet[Visitor], *, label: str) -> QuerySet[Visitor]:
    """Return those of `visitors` whose player carries the label of this name. Raises: UnknownFilter."""
    labelled = {"login_user__player_labels__label": _find_label(label)}
    links = VisitorLink.objects.open().filter(**labelled).order_by()
    keys = list(links.values_list("visitor_id", flat=True)[: LABELLED_FEW + 1])
    if len(keys) <= LABELLED_FEW:
        return visitors.filter(pk__any_of=keys)
    # A page of so many is soon found by walking the list in its own order.
    return visitors.filter(Exists(links.filter(visitor_id=OuterRef("pk"))))


def keep_labelled_users(users: QuerySet[LoginUser], *, label: str) -> QuerySet[LoginUser]:
    """Return those of `users` who carry the label of this name. Raises: UnknownFilter."""
    return users.filter(pk__in=PlayerLabel.objects.filter(label=_find_label(label)).order_by().values("login_user_id"))


def _find_label(label: str) -> int:
    names = dict(Label.objects.values_list("low_name", "pk"))
    if label not in names:
        sentence = _("There is no label of this name. The labels are: %(names)s.")
        raise UnknownFilter(name="label", message=sentence % {"names": ", ".join(names)})
    return names[label]


def keep_keys(rows: QuerySet[Row], *, keys: Iterable[int]) -> QuerySet[Row]:
    """Return those of `rows` with one of `keys`, in no order."""
    return rows.order_by().filter(pk__in=list(keys))


def list_visitor_keys_of(players: Iterable[int]) -> QuerySet[Any, Any]:
    """Return the keys of visitors that are linked to the players with these keys, as a condition takes them."""
    return VisitorLink.objects.open().filter(login_user__in=list(players)).order_by().values("visitor_id")


def list_users(*, keys: Iterable[int]) -> list[LoginUser]:
    """Return the Login users with `keys`, each with its integration, in no order."""
    return list(keep_keys(LoginUser.objects.select_related("integration"), keys=keys))


def drop_details(rows: QuerySet[Any], *, ordering: str, since: datetime) -> QuerySet[Any]:
    """Return `rows` with their keys and the column of `ordering` alone, for counting those newer than `since`."""
    field = ordering.removeprefix("-")
    rows = rows.select_related(None).prefetch_related(None).only("pk", field)
    # A visitor first seen since then was also last seen since then, for which there is an index.
    return rows.filter(last_seen_at__gte=since) if field == "first_seen_at" else rows


def count_in_conflict(*, cap: int) -> Count:
    """Return how many visitors have an open conflict, counting no further than `cap`."""
    return count_up_to_cap(keep_in_conflict(Visitor.objects.all()), cap=cap)


def count_linked_since(*, since: datetime, cap: int) -> Count:
    """Return how many open links were made at `since` or later, counting no further than `cap`."""
    # The newest links by key: as fast on a day without one as on a day with a million.
    newest = VisitorLink.objects.order_by("-pk").values_list("first_seen_at", "ended_at")[: cap + 1]
    number = sum(made_at >= since and ended_at is None for made_at, ended_at in newest)
    return Count(number=min(number, cap), is_capped=number > cap)
