"""What a record's page shows below its essentials: links, conflicts and former IDs, newest first."""

from collections.abc import Sequence

from django.db.models import Q

from linking.models import Conflict, ConflictKind, LoginUser, Visitor, VisitorLink

HISTORY_LIMIT = 100


def list_links(of: Visitor | Sequence[LoginUser]) -> list[VisitorLink]:
    """Return the newest links of a visitor or users, each with user, visitor, integration, evidence run and trust."""
    links = (
        VisitorLink.objects.filter(visitor=of)
        if isinstance(of, Visitor)
        else VisitorLink.objects.filter(login_user__in=of)
    )
    joined = ("login_user__integration", "evidence_run", "visitor__integration")
    return list(links.with_disputes().select_related(*joined)[:HISTORY_LIMIT])


def list_conflicts(of: Visitor | Sequence[LoginUser]) -> list[Conflict]:
    """Return the newest conflicts of a visitor or of users, each with integration, visitor, users and decider.

    Those of users are also those about a shared device that they were ever linked to: such a conflict names two users,
    and the device may have been in more hands.
    """
    if isinstance(of, Visitor):
        condition = Q(visitor=of)
    else:
        visitors = VisitorLink.objects.filter(login_user__in=of).values("visitor")
        on_device = Q(kind=ConflictKind.SHARED_DEVICE, visitor__in=visitors)
        condition = Q(login_user__in=of) | Q(other_user__in=of) | on_device
    joined = ("integration", "visitor", "login_user", "other_user", "decided_by")
    return list(Conflict.objects.filter(condition).select_related(*joined)[:HISTORY_LIMIT])


def list_aliases(visitor: Visitor) -> list[str]:
    """Return the other IDs of a visitor, the first seen first."""
    aliases = visitor.aliases.order_by("first_seen_at", "pk").values_list("alias_id", flat=True)
    return list(aliases[:HISTORY_LIMIT])
