"""What a record's page shows below its head: chats, links, conflicts, decisions and former IDs, newest first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import Q, QuerySet

from linking.models import (
    BlockedUser,
    Conflict,
    ConflictDecision,
    ConflictKind,
    LoginUser,
    TokenDay,
    Visitor,
    VisitorChat,
    VisitorLink,
)
from linking.search.find import Count, count_up_to_cap

HISTORY_LIMIT = 100
# A pill says "500+" rather than have a page count the chats of a bot.
CHATS_COUNTED_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPlace:
    """Where a page of chats begins: below the chat `key` that began at `at`, or without a key with all of that time."""

    at: datetime
    key: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSum:
    """How many chats of one visitor are stored, and when the last one began."""

    number: int
    last_at: datetime


def list_chats(*, visitor_keys: Iterable[int], below: ChatPlace | None = None, limit: int) -> list[VisitorChat]:
    """Return the newest chats of some visitors, each with its visitor and integration.

    `below`: only those after this place in the order. Those of one visitor are read in the index's order, however many
    there are; those of several are all sorted.
    """
    chats = _find_chats(visitor_keys)
    if below is not None:
        chats = chats.filter(started_at__lte=below.at)
    if below is not None and below.key is not None:
        chats = chats.exclude(started_at=below.at, pk__gte=below.key)
    return list(chats.select_related("visitor__integration").order_by("-started_at", "-pk")[:limit])


def find_last_chat(*, visitor_keys: Iterable[int]) -> VisitorChat | None:
    """Return the newest chat of some visitors, with its visitor and integration; None without one."""
    return next(iter(list_chats(visitor_keys=visitor_keys, limit=1)), None)


def count_chats(*, visitor_keys: Iterable[int]) -> Count:
    """Return how many chats of some visitors are stored, counting no further than `CHATS_COUNTED_MOST`."""
    return count_up_to_cap(_find_chats(visitor_keys), cap=CHATS_COUNTED_MOST)


def sum_up_chats(*, visitor_keys: Iterable[int]) -> dict[int, ChatSum]:
    """Return the chats of some visitors by the visitors' keys; who has none is left out. One query, by index alone."""
    chats = VisitorChat.objects.filter(visitor__pk__any_of=sorted(visitor_keys)).order_by()
    rows = chats.values_list("visitor_id").annotate(number=models.Count("pk"), last_at=models.Max("started_at"))
    return {key: ChatSum(number=number, last_at=last_at) for key, number, last_at in rows}


def _find_chats(visitor_keys: Iterable[int]) -> QuerySet[VisitorChat]:
    keys = sorted(visitor_keys)
    # A list of one key would be sorted like any other list.
    condition = Q(visitor=keys[0]) if len(keys) == 1 else Q(visitor__pk__any_of=keys)
    return VisitorChat.objects.filter(condition)


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


def list_decisions(conflicts: Sequence[Conflict]) -> list[ConflictDecision]:
    """Return the newest decisions about some conflicts, undone ones too."""
    keys = [conflict.pk for conflict in conflicts]
    return list(ConflictDecision.objects.filter(conflict__in=keys).order_by("-pk")[:HISTORY_LIMIT])


def list_blocks(players: Sequence[LoginUser]) -> list[BlockedUser]:
    """Return the blocks of a player, with their integrations; `players` are the same person in several of these."""
    mine = Q()
    for player in players:
        mine |= Q(integration=player.integration_id, user_id=player.user_id)
    return list(BlockedUser.objects.filter(mine).select_related("integration")[:HISTORY_LIMIT])


def list_token_days(players: Sequence[LoginUser]) -> list[TokenDay]:
    """Return the tokens of a player by day, newest first; `players` are the same person in several integrations."""
    return list(TokenDay.objects.filter(login_user__in=players).order_by("-day", "-pk")[:HISTORY_LIMIT])


def list_aliases(visitor: Visitor) -> list[str]:
    """Return the other IDs of a visitor, the first seen first."""
    aliases = visitor.aliases.order_by("first_seen_at", "pk").values_list("alias_id", flat=True)
    return list(aliases[:HISTORY_LIMIT])
