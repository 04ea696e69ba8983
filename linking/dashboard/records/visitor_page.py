"""The page of one visitor, and the refresh that a person asks for on it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from linking.accounts import roles
from linking.conflicts import decisions
from linking.core.trust import Trust
from linking.dashboard.conflicts.detail_page import describe_effect
from linking.dashboard.notes.panels import build_record_notes
from linking.dashboard.records import refresh_state, unknown_visitor
from linking.dashboard.records.being_seen import build_personal_data, note_view
from linking.dashboard.records.copying import build_copies
from linking.dashboard.records.events import (
    list_conflict_events,
    list_link_events,
    list_record_events,
    list_seen_events,
)
from linking.dashboard.records.history import build_conflict_row, build_link_row
from linking.dashboard.records.refresh_state import LastRefresh, Refreshing
from linking.dashboard.records.timeline import SECTION, Timeline, load_timeline
from linking.dashboard.records.user_card import build_user_card
from linking.dashboard.records.why import explain_link, explain_no_link
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.parts import choose_states, find_worst_tone, split_id
from linking.dashboard.shell.rows import Reader, build_visitor_url, find_reader
from linking.dashboard.shell.sources import find_words
from linking.models import Conflict, ConflictDecision, ConflictState, Decision, Visitor, VisitorLink
from linking.search import UnknownFilter, find, history
from linking.sync import parted_links


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorPast:
    """What is stored about a visitor beside its own row; `open_link` is one of `links`, None without one."""

    links: list[VisitorLink]
    open_link: VisitorLink | None
    conflicts: list[Conflict]
    decisions: list[ConflictDecision]
    last_refresh: LastRefresh | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinking:
    """What unlinking the visitor from its player changes, in sentences; `link` is what the form sends."""

    link: int
    name: str
    effects: tuple[str, ...]


@page
@require_safe
def show_visitor(request: HttpRequest, visitor_id: str) -> HttpResponse:
    """Show one visitor; an alias of the ID redirects to the visitor, and an unknown ID is looked up in Zendesk."""
    if request.htmx and unknown_visitor.POLL in request.GET:  # type: ignore[attr-defined]
        return unknown_visitor.look_again(request, visitor_id=visitor_id)
    visitor = _find_visitor(request, visitor_id=visitor_id)
    if visitor is None:
        return unknown_visitor.ask_zendesk(request, visitor_id=visitor_id)
    own_url = build_visitor_url(visitor_id=visitor.visitor_id, integration=visitor.integration.slug)
    if visitor.visitor_id != visitor_id:
        return redirect(own_url)
    now = timezone.now()
    state = refresh_state.find_state(session=request.session, visitor=visitor, now=now)
    if request.htmx and request.htmx.target != SECTION:  # type: ignore[attr-defined]
        return _answer_poll(request, refreshing=state, own_url=own_url)
    if state.notice:
        refresh_state.forget(session=request.session, visitor=visitor)
    elif roles.can_refresh(request.user) and refresh_state.can_be_asked_for(visitor=visitor):
        # A person who opens the page of a visitor that waits for lookup has a customer waiting.
        refresh_state.ask(session=request.session, person=str(request.user.pk), visitor=visitor, now=now)
        state = refresh_state.find_state(session=request.session, visitor=visitor, now=now)
    note_view(request, target=f"{visitor.integration.slug} {visitor.visitor_id}")
    context = _build_context(request, visitor, refreshing=state, own_url=own_url, now=now)
    return render(request, "dashboard/records/visitor.html", context)


@page
@require_POST
def refresh_visitor(request: HttpRequest, visitor_id: str) -> HttpResponse:
    """Queue a refresh of one visitor from Zendesk, and redirect to its page, which shows the progress."""
    require(roles.can_refresh(request.user))
    visitor = _find_visitor(request, visitor_id=visitor_id)
    if visitor is None:
        return unknown_visitor.ask_zendesk(request, visitor_id=visitor_id)
    refusal = refresh_state.ask(
        session=request.session, person=str(request.user.pk), visitor=visitor, now=timezone.now()
    )
    if refusal:
        messages.error(request, refusal)
    return redirect(build_visitor_url(visitor_id=visitor.visitor_id, integration=visitor.integration.slug))


def get_visitor_or_404(request: HttpRequest, *, visitor_id: str) -> Visitor:
    """Return the visitor that the address names.

    Raises: Http404.
    """
    visitor = _find_visitor(request, visitor_id=visitor_id)
    if visitor is None:
        raise Http404("no such visitor")
    return visitor


def _find_visitor(request: HttpRequest, *, visitor_id: str) -> Visitor | None:
    try:
        return find.find_visitor(visitor_id=visitor_id, integration=request.GET.get("integration", ""))
    except UnknownFilter as error:
        raise Http404(str(error)) from error


def _answer_poll(request: HttpRequest, *, refreshing: Refreshing, own_url: str) -> HttpResponse:
    context = {"refreshing": refreshing, "self_url": own_url}
    answer = render(request, "dashboard/records/_refreshing.html", context)
    if not refreshing.is_under_way:
        # The whole page reloads, and then shows what has changed.
        answer["HX-Refresh"] = "true"
    return answer


def _build_context(
    request: HttpRequest, visitor: Visitor, *, refreshing: Refreshing, own_url: str, now: datetime
) -> dict[str, Any]:
    reader = find_reader(request)
    past = _load_past(visitor)
    name, email = reader.mask_words(visitor.name), reader.mask_email(visitor.email)
    user = past.open_link.login_user if past.open_link else None
    card = build_user_card(user, reader=reader) if user else None
    return {
        **_build_facts(visitor, past=past, reader=reader),
        **_build_link_context(visitor, link=past.open_link, reader=reader),
        **build_record_notes(find.list_namesakes(user) if user else [], request=request, back=own_url),
        "name": name,
        "email": email,
        "user_card": card,
        "copies": build_copies(
            request,
            own_url=own_url,
            name=name,
            email=email,
            user_id=card.user.text if card else "",
            visitor_ids=[visitor.visitor_id],
        ),
        "timeline": _load_timeline(request, visitor, past=past, reader=reader, own_url=own_url, now=now),
        "refreshing": refreshing,
        "self_url": own_url,
        "refresh_url": own_url.replace("/?", "/refresh/?", 1),
        "unlink_url": own_url.replace("/?", "/unlink/?", 1),
        "may_refresh": roles.can_refresh(request.user),
        "may_decide": roles.can_decide(request.user),
        "personal_data": build_personal_data(
            request, kind="visitor", value=visitor.visitor_id, slug=visitor.integration.slug
        ),
        "record_key": f"v{visitor.pk}",
    }


def _load_past(visitor: Visitor) -> VisitorPast:
    links = history.list_links(visitor)
    conflicts = history.list_conflicts(visitor)
    return VisitorPast(
        links=links,
        open_link=next((link for link in links if link.ended_at is None), None),
        conflicts=conflicts,
        decisions=history.list_decisions(conflicts),
        last_refresh=refresh_state.find_last_refresh(visitor=visitor),
    )


def _build_facts(visitor: Visitor, *, past: VisitorPast, reader: Reader) -> dict[str, Any]:
    integration = visitor.integration
    words = find_words(integration.zendesk_product)
    ban = words.ban if visitor.is_banned else None
    open_conflicts = [conflict for conflict in past.conflicts if conflict.state == ConflictState.OPEN]
    trust = past.open_link.trust if past.open_link else Trust.NONE
    states = choose_states(trust=trust, state=visitor.state, has_open_conflict=bool(open_conflicts))
    return {
        "words": words,
        "ban": ban,
        "states": states,
        "icon": states[0].icon,
        "tone": find_worst_tone((*states, ban) if ban else states),
        "visitor": split_id(visitor.visitor_id),
        "phone": reader.mask_phone(visitor.phone),
        "notes": reader.mask_words(visitor.notes),
        "is_masked": not reader.sees_contact,
        "integration": integration.name,
        "checked_at": visitor.checked_at,
        "last_refresh": past.last_refresh,
        "has_chat": bool(visitor.last_chat_id),
        "first_seen_at": visitor.first_seen_at,
        "last_seen_at": visitor.last_seen_at,
        "zendesk_url": words.build_address(subdomain=integration.zendesk_subdomain, visitor_id=visitor.visitor_id),
        "links": [build_link_row(link, reader=reader) for link in past.links],
        "open_conflicts": [build_conflict_row(conflict, reader=reader) for conflict in open_conflicts],
        "aliases": history.list_aliases(visitor),
    }


def _build_link_context(visitor: Visitor, *, link: VisitorLink | None, reader: Reader) -> dict[str, Any]:
    if link is not None:
        return {"why": explain_link(link=link), "unlinking": _build_unlinking(link, reader=reader)}
    external_id = reader.mask_id(visitor.external_id)
    why = explain_no_link(visitor=visitor, external_id=external_id, is_parted=_is_parted(visitor))
    return {"why": why, "external_id": external_id}


def _build_unlinking(link: VisitorLink, *, reader: Reader) -> Unlinking:
    effect = decisions.preview_part(link=link)
    name = reader.mask_words(link.login_user.name) or link.login_user.user_id
    return Unlinking(link=link.pk, name=name, effects=describe_effect(effect, verdict=Decision.UNLINK))


def _is_parted(visitor: Visitor) -> bool:
    return bool(visitor.external_id) and visitor.external_id in parted_links.find_parted_user_ids(
        visitor_keys=[visitor.pk]
    ).get(visitor.pk, ())


def _load_timeline(
    request: HttpRequest, visitor: Visitor, *, past: VisitorPast, reader: Reader, own_url: str, now: datetime
) -> Timeline:
    return load_timeline(
        request,
        visitor_keys=[visitor.pk],
        events=[
            *list_record_events(visitor, refresh=past.last_refresh),
            *list_link_events(past.links, reader=reader, of_visitor=True),
            *list_conflict_events(past.conflicts, decisions=past.decisions),
        ],
        in_place_of_chats=list_seen_events(visitor),
        reader=reader,
        own_url=own_url,
        now=now,
    )
