"""What the tables know of players, as the facts of `walk`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from linking.core.trust import Trust
from linking.doctor.walk import PlayerFacts, WalkStep, build_walk
from linking.models import AwaitedUser, BlockedUser, Integration, LoginUser, Visitor, VisitorLink, ZendeskProduct
from linking.monitoring import status


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerWalk:
    """The walk of a player in one integration."""

    player: LoginUser
    is_linked: bool
    steps: tuple[WalkStep, ...]


def explain_players(
    *, players: Sequence[LoginUser], links: Sequence[VisitorLink], now: datetime
) -> tuple[PlayerWalk, ...]:
    """Return why each of `players` is linked or not, in a query each for syncs, blocks, waits and Chat integrations.

    Args:
        players: with their `integration` and `trust`, as `search.find.list_namesakes` returns them.
        links: the newest of theirs, as `search.history.list_links` returns them.
    """
    integrations = {row.pk: row for row in status.list_progress(now=now)}
    blocked = set(
        BlockedUser.objects.filter(user_id__in={player.user_id for player in players}).values_list(
            "integration_id", "user_id"
        )
    )
    awaited = {row.login_user_id: row for row in AwaitedUser.objects.filter(login_user__in=players)}
    waiting = _find_with_lookups_left(players)
    walks = []
    for player in players:
        facts = _build_facts(
            player,
            integration=integrations[player.integration_id],
            links=[link for link in links if link.login_user_id == player.pk],
            is_blocked=(player.integration_id, player.user_id) in blocked,
            awaited=awaited.get(player.pk),
            has_lookups_left=player.integration_id in waiting,
            now=now,
        )
        walks.append(PlayerWalk(player=player, is_linked=facts.linked_at is not None, steps=build_walk(facts)))
    return tuple(walks)


def _find_with_lookups_left(players: Sequence[LoginUser]) -> frozenset[int]:
    keys = [player.integration_id for player in players if player.integration.zendesk_product == ZendeskProduct.CHAT]
    return frozenset(key for key in keys if Visitor.objects.waiting().filter(integration_id=key).exists())


def _build_facts(
    player: LoginUser,
    *,
    integration: Integration,
    links: Sequence[VisitorLink],
    is_blocked: bool,
    awaited: AwaitedUser | None,
    has_lookups_left: bool,
    now: datetime,
) -> PlayerFacts:
    open_link = next((link for link in links if link.ended_at is None), None)
    ended = max((link for link in links if link.ended_at), key=lambda link: (link.ended_at, link.pk), default=None)
    return PlayerFacts(
        product=integration.zendesk_product,
        standing=status.find_standing(integration, now=now),
        is_blocked=is_blocked,
        tokens_issued=player.tokens_issued,
        last_token_at=player.last_authenticated_at,
        last_sync_at=integration.last_success_at,
        asks=awaited.asks if awaited else 0,
        next_ask_at=awaited.due_at if awaited else None,
        linked_at=open_link.first_seen_at if open_link else None,
        is_proven=player.trust == Trust.PROVEN,
        ended_at=ended.ended_at if ended else None,
        end_reason=ended.end_reason if ended else "",
        has_lookups_left=has_lookups_left,
    )
