"""The page of one player: a person's ID in every integration of the Login project."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from linking import doctor
from linking.accounts import roles
from linking.core.trust import Trust
from linking.dashboard.notes.panels import build_record_notes
from linking.dashboard.records import unknown_player
from linking.dashboard.records.being_seen import build_personal_data, note_view
from linking.dashboard.records.chat_weeks_plot import load_chat_weeks_plot
from linking.dashboard.records.copying import build_copies
from linking.dashboard.records.events import (
    list_block_events,
    list_conflict_events,
    list_link_events,
    list_refusal_events,
    list_token_events,
)
from linking.dashboard.records.history import build_conflict_row, build_link_row
from linking.dashboard.records.refusals import RefusalsPanel, load_refusals
from linking.dashboard.records.timeline import Timeline, load_timeline
from linking.dashboard.records.user_card import build_user_card
from linking.dashboard.records.walk import build_walk_panels
from linking.dashboard.records.why import describe_sign_in, explain_user_trust
from linking.dashboard.shell.access import page
from linking.dashboard.shell.parts import BLOCKED
from linking.dashboard.shell.rows import Reader, build_user_url, choose_user_state, find_reader
from linking.dashboard.shell.sources import describe_waiting_list, find_words
from linking.models import BlockedUser, Conflict, ConflictDecision, ConflictState, LoginUser, TokenDay, VisitorLink
from linking.search import UnknownFilter, find, history

COPIED_MOST = 5  # visitor IDs of a player that *Copy all* takes along
# A person's word of trust, where visitors of several integrations have their own.
_TRUST_ORDER = (Trust.DISPUTED, Trust.PROVEN, Trust.CLAIMED, Trust.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerPast:
    """What is stored about a person; `players` are the same one in several integrations, the page's own first."""

    players: list[LoginUser]
    links: list[VisitorLink]
    open_links: list[VisitorLink]
    conflicts: list[Conflict]
    decisions: list[ConflictDecision]
    blocks: list[BlockedUser]
    refusals: RefusalsPanel
    token_days: list[TokenDay]


@page
@require_safe
def show_player(request: HttpRequest, user_id: str) -> HttpResponse:
    """Show one player with all visitors linked now and before."""
    try:
        slug = request.GET.get("integration", "")
        user = find.find_login_user(user_id=user_id, integration=slug, with_visitors=False)
    except UnknownFilter as error:
        raise Http404(str(error)) from error
    if user is None:
        return unknown_player.show_refusals(request, user_id=user_id)
    reader = find_reader(request)
    user_key = reader.find_user_key(user)
    own_url = build_user_url(user_id=user_key, integration=user.integration.slug)
    if user_key != user_id:
        return redirect(own_url)
    note_view(request, target=f"{user.integration.slug} {user.user_id}")
    context = _build_context(request, user, reader=reader, own_url=own_url, now=timezone.now())
    return render(request, "dashboard/records/user.html", context)


def _build_context(
    request: HttpRequest, user: LoginUser, *, reader: Reader, own_url: str, now: datetime
) -> dict[str, Any]:
    past = _load_past(user)
    card = build_user_card(user, reader=reader)
    own_name = card.name or card.email
    name = own_name or _find_name_of_visitor(past.open_links, reader=reader)
    return {
        **_build_trust_context(user, players=past.players, is_blocked=bool(past.blocks)),
        **_build_links_context(past, reader=reader),
        **build_record_notes(past.players, request=request, back=own_url),
        "card": card,
        "name": name,
        "is_name_of_visitor": bool(name) and not own_name,
        "is_masked": not reader.sees_contact,
        "copies": build_copies(
            request,
            own_url=own_url,
            name=name,
            email=card.email,
            user_id=card.user.text,
            visitor_ids=[link.visitor.visitor_id for link in past.open_links[:COPIED_MOST]],
        ),
        "integrations": [player.integration.name for player in past.players],
        "walks": build_walk_panels(doctor.explain_players(players=past.players, links=past.links, now=now)),
        "chat_weeks": load_chat_weeks_plot(past.players, now=now),
        "refusals": past.refusals,
        "timeline": _load_timeline(request, past, reader=reader, own_url=own_url, now=now),
        "may_decide": roles.can_decide(request.user),
        "personal_data": build_personal_data(request, kind="user", value=user.user_id, slug=user.integration.slug),
        "record_key": f"u{user.pk}",
    }


def _load_past(user: LoginUser) -> PlayerPast:
    players = find.list_namesakes(user)
    links = history.list_links(players)
    conflicts = history.list_conflicts(players)
    return PlayerPast(
        players=players,
        links=links,
        open_links=[link for link in links if link.ended_at is None],
        conflicts=conflicts,
        decisions=history.list_decisions(conflicts),
        blocks=history.list_blocks(players),
        token_days=history.list_token_days(players),
        refusals=load_refusals([(player.integration_id, player.user_id) for player in players]),
    )


def _find_name_of_visitor(links: Sequence[VisitorLink], *, reader: Reader) -> str:
    return next(filter(None, (reader.mask_words(link.visitor.name) for link in links)), "")


def _build_trust_context(user: LoginUser, *, players: Sequence[LoginUser], is_blocked: bool) -> dict[str, Any]:
    foremost = min(players, key=lambda player: _TRUST_ORDER.index(player.trust))
    first_times = [player.first_authenticated_at for player in players if player.first_authenticated_at]
    last_times = [player.last_authenticated_at for player in players if player.last_authenticated_at]
    busiest = max(players, key=lambda player: player.tokens_issued)
    state = choose_user_state(foremost)
    is_waiting = user.is_verified and not user.is_seen_in_chat
    return {
        "state": state,
        "tone": BLOCKED.tone if is_blocked else state.tone,
        "blocked": BLOCKED if is_blocked else None,
        "sentence": explain_user_trust(user=foremost),
        "sign_in_sentence": describe_sign_in(user=busiest),
        "tokens_issued": sum(player.tokens_issued for player in players),
        "first_authenticated_at": min(first_times, default=None),
        "last_authenticated_at": max(last_times, default=None),
        "waiting_list": describe_waiting_list()[0] if is_waiting else "",
    }


def _build_links_context(past: PlayerPast, *, reader: Reader) -> dict[str, Any]:
    ended = [link for link in past.links if link.ended_at is not None]
    open_conflicts = [conflict for conflict in past.conflicts if conflict.state == ConflictState.OPEN]
    last_chat = history.find_last_chat(visitor_keys=_list_visitor_keys(past)) if past.open_links else None
    return {
        "open_links": [build_link_row(link, reader=reader) for link in past.open_links],
        "ended_links": [build_link_row(link, reader=reader) for link in ended],
        "open_conflicts": [build_conflict_row(conflict, reader=reader) for conflict in open_conflicts],
        "zendesk_url": _build_zendesk_url(past.open_links),
        "last_chat_at": last_chat.started_at if last_chat else None,
    }


def _build_zendesk_url(links: Sequence[VisitorLink]) -> str:
    """Return where Zendesk shows the visitor who was seen last; "" without links."""
    visitor = max((link.visitor for link in links), key=lambda visitor: visitor.last_seen_at, default=None)
    if visitor is None:
        return ""
    words = find_words(visitor.integration.zendesk_product)
    return words.build_address(subdomain=visitor.integration.zendesk_subdomain, visitor_id=visitor.visitor_id)


def _load_timeline(request: HttpRequest, past: PlayerPast, *, reader: Reader, own_url: str, now: datetime) -> Timeline:
    return load_timeline(
        request,
        visitor_keys=_list_visitor_keys(past),
        events=[
            *list_token_events(past.players, days=past.token_days),
            *list_refusal_events(past.refusals),
            *list_block_events(past.blocks),
            *list_link_events(past.links, reader=reader, of_visitor=False),
            *list_conflict_events(past.conflicts, decisions=past.decisions),
        ],
        reader=reader,
        own_url=own_url,
        now=now,
        with_visitor=True,
    )


def _list_visitor_keys(past: PlayerPast) -> list[int]:
    return [link.visitor_id for link in past.open_links]
