"""The pages of one visitor and of one player."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from linking import doctor
from linking.accounts import roles
from linking.conflicts import decisions
from linking.core.trust import Trust
from linking.dashboard.conflicts.detail_page import describe_effect
from linking.dashboard.notes.panels import build_record_notes
from linking.dashboard.records import refresh_state, unknown_player, unknown_visitor
from linking.dashboard.records.chat_weeks_plot import load_chat_weeks_plot
from linking.dashboard.records.copying import build_copy_text, build_link
from linking.dashboard.records.events import (
    build_chat_event,
    list_block_events,
    list_conflict_events,
    list_link_events,
    list_record_events,
    list_refusal_events,
    list_token_events,
)
from linking.dashboard.records.history import build_conflict_row, build_link_row
from linking.dashboard.records.refusals import RefusalsPanel, load_refusals
from linking.dashboard.records.timeline import SECTION, load_timeline
from linking.dashboard.records.walk import build_walk_panels
from linking.dashboard.records.why import describe_sign_in, explain_link, explain_no_link, explain_user_trust
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.links_out import build_publisher_address
from linking.dashboard.shell.parts import BLOCKED, IDText, choose_states, find_worst_tone, split_id
from linking.dashboard.shell.rows import Reader, build_user_url, build_visitor_url, choose_user_state, find_reader
from linking.dashboard.shell.sources import describe_waiting_list, find_words
from linking.models import ConflictState, Decision, Integration, LoginUser, Visitor, VisitorLink
from linking.search import UnknownFilter, find, history
from linking.sync import parted_links

# A person's word of trust, where visitors of several integrations have their own.
COPIED_MOST = 5  # visitor IDs of a player that *Copy all* takes along
_TRUST_ORDER = (Trust.DISPUTED, Trust.PROVEN, Trust.CLAIMED, Trust.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCard:
    """The player on a visitor's page."""

    name: str
    email: str
    user: IDText
    url: str
    publisher_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinking:
    """What unlinking the visitor from its player changes, in sentences; `link` is what the form sends."""

    link: int
    name: str
    effects: tuple[str, ...]


def find_visitor(request: HttpRequest, *, visitor_id: str) -> Visitor | None:
    """Return the visitor that the address names, None if it is unknown.

    Raises: Http404 for an unknown integration.
    """
    try:
        return find.find_visitor(visitor_id=visitor_id, integration=request.GET.get("integration", ""))
    except UnknownFilter as error:
        raise Http404(str(error)) from error


def get_visitor_or_404(request: HttpRequest, *, visitor_id: str) -> Visitor:
    """Return the visitor that the address names.

    Raises: Http404.
    """
    visitor = find_visitor(request, visitor_id=visitor_id)
    if visitor is None:
        raise Http404("no such visitor")
    return visitor


@page
@require_safe
def show_visitor(request: HttpRequest, visitor_id: str) -> HttpResponse:
    """Show one visitor; an alias of the ID redirects to the visitor, and an unknown ID is looked up in Zendesk."""
    if request.htmx and unknown_visitor.POLL in request.GET:  # type: ignore[attr-defined]
        return unknown_visitor.look_again(request, visitor_id=visitor_id)
    visitor = find_visitor(request, visitor_id=visitor_id)
    if visitor is None:
        return unknown_visitor.ask_zendesk(request, visitor_id=visitor_id)
    own_url = build_visitor_url(visitor_id=visitor.visitor_id, integration=visitor.integration.slug)
    if visitor.visitor_id != visitor_id:
        return redirect(own_url)
    now, may_refresh = timezone.now(), roles.can_refresh(request.user)
    state = refresh_state.find_state(session=request.session, visitor=visitor, now=now)
    if request.htmx and request.htmx.target != SECTION:  # type: ignore[attr-defined]
        answer = render(request, "dashboard/records/_refreshing.html", {"refreshing": state, "self_url": own_url})
        if not state.is_under_way:
            # The whole page reloads, and then shows what has changed.
            answer["HX-Refresh"] = "true"
        return answer
    if state.notice:
        refresh_state.forget(session=request.session, visitor=visitor)
    elif may_refresh and refresh_state.can_be_asked_for(visitor=visitor):
        # A person who opens the page of a visitor that waits for lookup has a customer waiting.
        refresh_state.ask(session=request.session, person=str(request.user.pk), visitor=visitor, now=now)
        state = refresh_state.find_state(session=request.session, visitor=visitor, now=now)
    reader = find_reader(request)
    context = _build_visitor_context(visitor, reader=reader)
    refresh_url = own_url.replace("/?", "/refresh/?", 1)
    link = build_link(request, own_url=own_url)
    extra = {
        "unlink_url": own_url.replace("/?", "/unlink/?", 1),
        "timeline": load_timeline(
            request,
            visitor_keys=[visitor.pk],
            build_events=context.pop("build_events"),
            reader=reader,
            own_url=own_url,
            now=now,
        ),
        "copy_link": link,
        "copy_text": build_copy_text(
            name=context["name"],
            email=context["email"],
            user_id=context["user_card"].user.text if context["user_card"] else "",
            visitor_ids=[visitor.visitor_id],
            link=link,
        ),
        "refreshing": state,
        "self_url": own_url,
        "refresh_url": refresh_url,
        "may_refresh": may_refresh,
        "may_decide": roles.can_decide(request.user),
        "record_key": f"v{visitor.pk}",
        **build_record_notes(context.pop("players"), request=request, back=own_url),
    }
    return render(request, "dashboard/records/visitor.html", context | extra)


@page
@require_safe
def show_user(request: HttpRequest, user_id: str) -> HttpResponse:
    """Show one player with all visitors linked now and before."""
    try:
        slug = request.GET.get("integration", "")
        user = find.find_login_user(user_id=user_id, integration=slug, with_visitors=False)
    except UnknownFilter as error:
        raise Http404(str(error)) from error
    if user is None:
        return unknown_player.show_refusals(request, user_id=user_id)
    reader = find_reader(request)
    own_url = build_user_url(user_id=reader.find_user_key(user), integration=user.integration.slug)
    if reader.find_user_key(user) != user_id:
        return redirect(own_url)
    now = timezone.now()
    players = find.list_namesakes(user)
    refusals = load_refusals([(player.integration_id, player.user_id) for player in players])
    context = _build_user_context(user, players=players, reader=reader, refusals=refusals, now=now)
    link = build_link(request, own_url=own_url)
    extra = {
        "timeline": load_timeline(
            request,
            visitor_keys=context.pop("visitor_keys"),
            build_events=context.pop("build_events"),
            reader=reader,
            own_url=own_url,
            now=now,
            with_visitor=True,
        ),
        "may_decide": roles.can_decide(request.user),
        "chat_weeks": load_chat_weeks_plot(players, now=now),
        **build_record_notes(players, request=request, back=own_url),
        "refusals": refusals,
        "copy_link": link,
        "copy_text": build_copy_text(
            name=context["name"],
            email=context["card"].email,
            user_id=context["card"].user.text,
            visitor_ids=[row.visitor.text for row in context["open_links"][:COPIED_MOST]],
            link=link,
        ),
        "record_key": f"u{user.pk}",
    }
    return render(request, "dashboard/records/user.html", context | extra)


def _build_visitor_context(visitor: Visitor, *, reader: Reader) -> dict[str, Any]:
    integration = visitor.integration
    words = find_words(integration.zendesk_product)
    ban = words.ban if visitor.is_banned else None
    links = history.list_links(visitor)
    conflicts = history.list_conflicts(visitor)
    open_link = next((link for link in links if link.ended_at is None), None)
    trust = open_link.trust if open_link else Trust.NONE
    is_in_conflict = any(conflict.state == ConflictState.OPEN for conflict in conflicts)
    states = choose_states(trust=trust, state=visitor.state, has_open_conflict=is_in_conflict)
    external_id = reader.mask_id(visitor.external_id)
    rows = [build_conflict_row(conflict, reader=reader) for conflict in conflicts]
    decided = history.list_decisions(conflicts)
    last_refresh = refresh_state.find_last_refresh(visitor=visitor)
    return {
        **_build_contact(visitor, reader=reader),
        "players": find.list_namesakes(open_link.login_user) if open_link else [],
        "is_masked": not reader.sees_contact,
        "words": words,
        "ban": ban,
        "states": states,
        "icon": states[0].icon,
        "tone": find_worst_tone((*states, ban) if ban else states),
        "visitor": split_id(visitor.visitor_id),
        "external_id": "" if open_link else external_id,
        "integration": integration.name,
        "checked_at": visitor.checked_at,
        "last_refresh": last_refresh,
        "has_chat": bool(visitor.last_chat_id),
        "first_seen_at": visitor.first_seen_at,
        "last_seen_at": visitor.last_seen_at,
        **_build_link_context(visitor, link=open_link, external_id=external_id, reader=reader),
        "zendesk_url": words.build_address(subdomain=integration.zendesk_subdomain, visitor_id=visitor.visitor_id),
        "links": [build_link_row(link, reader=reader) for link in links],
        "open_conflicts": [row for row in rows if row.is_open],
        "aliases": history.list_aliases(visitor),
        "build_events": lambda has_chats: [
            *list_record_events(visitor, has_chats=has_chats, refresh=last_refresh),
            *list_link_events(links, reader=reader, of_visitor=True),
            *list_conflict_events(conflicts, decisions=decided),
        ],
    }


def _build_link_context(
    visitor: Visitor, *, link: VisitorLink | None, external_id: str, reader: Reader
) -> dict[str, Any]:
    if link is None:
        why = explain_no_link(visitor=visitor, external_id=external_id, is_parted=_is_parted(visitor))
        return {"why": why, "user_card": None, "unlinking": None}
    return {
        "why": explain_link(link=link),
        "user_card": _build_user_card(link.login_user, integration=visitor.integration, reader=reader),
        "unlinking": _build_unlinking(link, reader=reader),
    }


def _build_contact(visitor: Visitor, *, reader: Reader) -> dict[str, str]:
    return {
        "name": reader.mask_words(visitor.name),
        "email": reader.mask_email(visitor.email),
        "phone": reader.mask_phone(visitor.phone),
        "notes": reader.mask_words(visitor.notes),
    }


def _build_unlinking(link: VisitorLink, *, reader: Reader) -> Unlinking:
    effect = decisions.preview_part(link=link)
    name = reader.mask_words(link.login_user.name) or link.login_user.user_id
    return Unlinking(link=link.pk, name=name, effects=describe_effect(effect, verdict=Decision.UNLINK))


def _is_parted(visitor: Visitor) -> bool:
    return bool(visitor.external_id) and visitor.external_id in parted_links.find_parted_user_ids(
        visitor_keys=[visitor.pk]
    ).get(visitor.pk, ())


def _build_user_card(person: LoginUser, *, integration: Integration, reader: Reader) -> UserCard:
    # Publisher Account's address would show the ID.
    is_hidden = reader.mask_id(person.user_id) != person.user_id
    return UserCard(
        name=reader.mask_words(person.name),
        email=reader.mask_email(person.email),
        user=split_id(reader.mask_id(person.user_id)),
        url=build_user_url(user_id=reader.find_user_key(person), integration=integration.slug),
        publisher_url=""
        if is_hidden
        else build_publisher_address(
            template=integration.publisher_account_url_template,
            merchant_id=integration.merchant_id,
            project_id=integration.publisher_project_id,
            login_project_id=integration.login_project_id,
            user_id=person.user_id,
        ),
    )


def _build_user_context(
    user: LoginUser, *, players: Sequence[LoginUser], reader: Reader, refusals: RefusalsPanel, now: datetime
) -> dict[str, Any]:
    links = history.list_links(players)
    conflicts = history.list_conflicts(players)
    rows = [build_link_row(link, reader=reader) for link in links]
    card = _build_user_card(user, integration=user.integration, reader=reader)
    open_links = [link for link in links if link.ended_at is None]
    visitor_keys = [link.visitor_id for link in open_links]
    conflict_rows = [build_conflict_row(conflict, reader=reader) for conflict in conflicts]
    decided, blocks = history.list_decisions(conflicts), history.list_blocks(players)
    return {
        "card": card,
        "is_masked": not reader.sees_contact,
        **_build_trust_context(user, players=players, is_blocked=bool(blocks)),
        **_build_presence(open_links, reader=reader),
        **_name_user(card, links=open_links, reader=reader),
        "visitor_keys": visitor_keys,
        "walks": build_walk_panels(doctor.explain_players(players=players, links=links, now=now)),
        "integrations": [player.integration.name for player in players],
        "open_links": [row for row in rows if row.ended_at is None],
        "ended_links": [row for row in rows if row.ended_at is not None],
        "open_conflicts": [row for row in conflict_rows if row.is_open],
        "build_events": lambda _has_chats: [
            *list_token_events(players),
            *list_refusal_events(refusals),
            *list_block_events(blocks),
            *list_link_events(links, reader=reader, of_visitor=False),
            *list_conflict_events(conflicts, decisions=decided),
        ],
    }


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


def _build_presence(links: Sequence[VisitorLink], *, reader: Reader) -> dict[str, Any]:
    """Return where the player was last: the visitor seen last, its page in Zendesk, and the newest chat."""
    if not links:
        return {"zendesk_url": "", "last_chat": None}
    visitor = max((link.visitor for link in links), key=lambda visitor: visitor.last_seen_at)
    words = find_words(visitor.integration.zendesk_product)
    chat = history.find_last_chat(visitor_keys=[link.visitor_id for link in links])
    return {
        "zendesk_url": words.build_address(
            subdomain=visitor.integration.zendesk_subdomain, visitor_id=visitor.visitor_id
        ),
        "last_chat": build_chat_event(chat, reader=reader, with_visitor=True) if chat else None,
    }


def _name_user(card: UserCard, *, links: Sequence[VisitorLink], reader: Reader) -> dict[str, Any]:
    """Return the player's name and whether it is only what a linked visitor is called in Zendesk."""
    if card.name or card.email:
        return {"name": card.name or card.email, "is_name_of_visitor": False}
    names = (reader.mask_words(link.visitor.name) for link in links)
    name = next((name for name in names if name), "")
    return {"name": name, "is_name_of_visitor": bool(name)}


@page
@require_POST
def refresh_visitor(request: HttpRequest, visitor_id: str) -> HttpResponse:
    """Queue a refresh of one visitor from Zendesk, and redirect to its page, which shows the progress."""
    require(roles.can_refresh(request.user))
    visitor = find_visitor(request, visitor_id=visitor_id)
    if visitor is None:
        return unknown_visitor.ask_zendesk(request, visitor_id=visitor_id)
    refusal = refresh_state.ask(
        session=request.session, person=str(request.user.pk), visitor=visitor, now=timezone.now()
    )
    if refusal:
        messages.error(request, refusal)
    return redirect(build_visitor_url(visitor_id=visitor.visitor_id, integration=visitor.integration.slug))
