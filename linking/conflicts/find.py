"""Reading conflicts: the list, one conflict with its decisions and links, and which visitors have an open one."""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from linking.models import Conflict, ConflictDecision, ConflictState, Integration, LoginUser, Visitor, VisitorLink

LINKS_SHOWN = 20
_JOINED = ("integration", "visitor", "login_user", "other_user", "decided_by", "owner")


def find_conflict(*, conflict_id: int) -> Conflict:
    """Return a conflict with its integration, visitor and users. Raises: Conflict.DoesNotExist."""
    return Conflict.objects.select_related(*_JOINED).get(pk=conflict_id)


def list_open() -> QuerySet[Conflict]:
    """Return the open conflicts, unordered, to be counted."""
    return Conflict.objects.open().order_by()


def list_integrations() -> list[tuple[str, str]]:
    """Return slug and name of every integration, by name."""
    return list(Integration.objects.order_by("name", "pk").values_list("slug", "name"))


def is_open(*, conflict_id: int) -> bool:
    """Return whether a conflict waits for a decision."""
    return Conflict.objects.filter(pk=conflict_id, state=ConflictState.OPEN).exists()


def list_decisions(*, conflict_id: int) -> list[ConflictDecision]:
    """Return the decisions about a conflict with their users, newest first."""
    return list(ConflictDecision.objects.filter(conflict_id=conflict_id).select_related("login_user"))


def list_links(*, visitor: Visitor, users: Sequence[LoginUser]) -> list[VisitorLink]:
    """Return the newest `LINKS_SHOWN` links between a visitor and `users`, with whether each is disputed."""
    links = VisitorLink.objects.with_disputes().filter(visitor=visitor, login_user__in=users)
    return list(links.select_related("login_user", "evidence_run", "visitor__integration")[:LINKS_SHOWN])


def find_link(*, visitor: Visitor, link_id: int) -> VisitorLink:
    """Return one link of a visitor. Raises: VisitorLink.DoesNotExist."""
    return VisitorLink.objects.get(visitor=visitor, pk=link_id)


def find_in_conflict(*, visitors: Iterable[Visitor]) -> frozenset[int]:
    """Return the keys of those of `visitors`, a page of them, with an open conflict; one query."""
    conflicts = Conflict.objects.open().filter(visitor_id__in=[visitor.pk for visitor in visitors]).order_by()
    return frozenset(conflicts.values_list("visitor_id", flat=True).distinct())
