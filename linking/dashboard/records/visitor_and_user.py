"""The pages of one visitor and of one Login user."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from linking.accounts import roles
from linking.conflicts import decisions
from linking.core.trust import Trust
from linking.dashboard.conflicts.detail_page import effect_sentences
from linking.dashboard.records import refresh_state, unknown_visitor
from linking.dashboard.records.history import conflict_row, link_row, user_events, visitor_events
from linking.dashboard.records.timeline import PARAMETER, timeline
from linking.dashboard.records.why import sign_in_sentence, user_sentence, why_linked, why_not_linked
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.links_out import publisher_address, zendesk_address
from linking.dashboard.shell.parts import BANNED, IDText, choose_states, find_worst_tone, id_text
from linking.dashboard.shell.rows import ContactVisibility, choose_user_state, user_url, visitor_url
from linking.models import ConflictState, Decision, Integration, LoginUser, Visitor, VisitorLink
from linking.search import UnknownFilter, find, history
from linking.sync import blocked_links


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCard:
    """The Login user on a visitor's page."""

    name: str
    email: str
    user: IDText
    url: str
    publisher_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """What parting the visitor from its user changes, in sentences; `link` is what the form sends."""

    link: int
    name: str
    effects: tuple[str, ...]


def find_visitor(request: HttpRequest, *, visitor_id: str) -> Visitor | None:
    """Return the visitor that the address names, None where it is not known here.

    Raises: Http404 for an integration that is none.
    """
    try:
        return find.find_visitor(visitor_id=visitor_id, integration=request.GET.get("integration", ""))
    except UnknownFilter as error:
        raise Http404(str(error)) from error


def visitor_or_404(request: HttpRequest, *, visitor_id: str) -> Visitor:
    """Return the visitor that the address names.

    Raises: Http404.
    """
    found = find_visitor(request, visitor_id=visitor_id)
    if found is None:
        raise Http404("no such visitor")
    return found


@page
@require_safe
def visitor(request: HttpRequest, visitor_id: str) -> HttpResponse:
    """Show one visitor; another form or an alias of the ID leads to the canonical one, an unknown ID to Zendesk."""
    if request.htmx and unknown_visitor.POLL in request.GET:  # type: ignore[attr-defined]
        return unknown_visitor.look_again(request, visitor_id=visitor_id)
    found = find_visitor(request, visitor_id=visitor_id)
    if found is None:
        return unknown_visitor.ask_zendesk(request, visitor_id=visitor_id)
    own_url = visitor_url(visitor_id=found.visitor_id, integration=found.integration.slug)
    if found.visitor_id != visitor_id:
        return redirect(own_url)
    now, may_refresh = timezone.now(), roles.can_refresh(request.user)
    state = refresh_state.look(session=request.session, visitor=found, now=now)
    if request.htmx:  # type: ignore[attr-defined]
        answer = render(request, "dashboard/records/_refreshing.html", {"refreshing": state, "self_url": own_url})
        if not state.is_under_way:
            # The whole page is loaded again, which then says what has changed.
            answer["HX-Refresh"] = "true"
        return answer
    if state.notice:
        refresh_state.forget(session=request.session, visitor=found)
    elif may_refresh and refresh_state.can_be_asked_for(visitor=found):
        # Whoever opens the page of a visitor that waits for its turn has a player waiting.
        refresh_state.ask(session=request.session, person=str(request.user.pk), visitor=found, now=now)
        state = refresh_state.look(session=request.session, visitor=found, now=now)
    context = _visitor_context(found, eyes=ContactVisibility(sees_contact=roles.can_see_contact(request.user)))
    refresh_url = own_url.replace("/?", "/refresh/?", 1)
    extra = {
        "unlink_url": own_url.replace("/?", "/unlink/?", 1),
        "timeline": timeline(context.pop("events"), asked=request.GET.get(PARAMETER, ""), own_url=own_url),
        "refreshing": state,
        "self_url": own_url,
        "refresh_url": refresh_url,
        "may_refresh": may_refresh,
        "may_decide": roles.can_decide(request.user),
    }
    return render(request, "dashboard/records/visitor.html", context | extra)


@page
@require_safe
def user(request: HttpRequest, user_id: str) -> HttpResponse:
    """Show one Login user with all visitors linked to it, now and before."""
    try:
        asked = request.GET.get("integration", "")
        found = find.find_login_user(user_id=user_id, integration=asked, with_visitors=False)
    except UnknownFilter as error:
        raise Http404(str(error)) from error
    if found is None:
        raise Http404("no such Login user")
    eyes = ContactVisibility(sees_contact=roles.can_see_contact(request.user))
    own_url = user_url(user_id=eyes.user_key(found), integration=found.integration.slug)
    if eyes.user_key(found) != user_id:
        return redirect(own_url)
    context = _user_context(found, eyes=eyes)
    extra = {
        "timeline": timeline(context.pop("events"), asked=request.GET.get(PARAMETER, ""), own_url=own_url),
        "may_decide": roles.can_decide(request.user),
    }
    return render(request, "dashboard/records/user.html", context | extra)


def _visitor_context(found: Visitor, *, eyes: ContactVisibility) -> dict[str, Any]:
    integration = found.integration
    links = history.list_links(found)
    conflicts = history.list_conflicts(found)
    open_link = next((link for link in links if link.ended_at is None), None)
    trust = open_link.trust if open_link else Trust.NONE
    is_in_conflict = any(one.state == ConflictState.OPEN for one in conflicts)
    states = choose_states(trust=trust, state=found.state, has_open_conflict=is_in_conflict)
    external_id = eyes.id(found.external_id)
    return {
        "name": eyes.words(found.name),
        "email": eyes.email(found.email),
        "phone": eyes.phone(found.phone),
        "notes": eyes.words(found.notes),
        "is_masked": not eyes.sees_contact,
        "is_banned": found.is_banned,
        "states": states,
        "icon": states[0].icon,
        "tone": find_worst_tone((*states, BANNED) if found.is_banned else states),
        "visitor": id_text(found.visitor_id),
        "external_id": "" if open_link else external_id,
        "integration": integration.name,
        "checked_at": found.checked_at,
        "last_refresh": refresh_state.last_refresh(visitor=found),
        "has_chat": bool(found.last_chat_id),
        "first_seen_at": found.first_seen_at,
        "last_seen_at": found.last_seen_at,
        "why": (
            why_linked(link=open_link)
            if open_link
            else why_not_linked(visitor=found, external_id=external_id, is_parted=_is_parted(found))
        ),
        "user_card": _user_card(open_link.login_user, integration=integration, eyes=eyes) if open_link else None,
        "zendesk_url": zendesk_address(subdomain=integration.zendesk_subdomain, visitor_id=found.visitor_id),
        "links": [link_row(link, slug=integration.slug, eyes=eyes) for link in links],
        "conflicts": [conflict_row(one, eyes=eyes) for one in conflicts],
        "parting": _parting(open_link, eyes=eyes) if open_link else None,
        "aliases": history.list_aliases(found),
        "events": visitor_events(visitor=found, links=links, conflicts=conflicts, eyes=eyes),
    }


def _parting(link: VisitorLink, *, eyes: ContactVisibility) -> Parting:
    effect = decisions.preview_part(link=link)
    name = eyes.words(link.login_user.name) or link.login_user.user_id
    return Parting(link=link.pk, name=name, effects=effect_sentences(effect, verdict=Decision.UNLINK))


def _is_parted(found: Visitor) -> bool:
    return bool(found.external_id) and found.external_id in blocked_links.find_blocked_user_ids(
        visitor_keys=[found.pk]
    ).get(found.pk, ())


def _user_card(person: LoginUser, *, integration: Integration, eyes: ContactVisibility) -> UserCard:
    # Publisher Account's address would show the ID.
    is_hidden = eyes.id(person.user_id) != person.user_id
    return UserCard(
        name=eyes.words(person.name),
        email=eyes.email(person.email),
        user=id_text(eyes.id(person.user_id)),
        url=user_url(user_id=eyes.user_key(person), integration=integration.slug),
        publisher_url=""
        if is_hidden
        else publisher_address(
            template=integration.publisher_account_url_template,
            merchant_id=integration.merchant_id,
            project_id=integration.publisher_project_id,
            login_project_id=integration.login_project_id,
            user_id=person.user_id,
        ),
    )


def _user_context(found: LoginUser, *, eyes: ContactVisibility) -> dict[str, Any]:
    integration = found.integration
    links = history.list_links(found)
    conflicts = history.list_conflicts(found)
    rows = [link_row(link, slug=integration.slug, eyes=eyes) for link in links]
    return {
        "card": _user_card(found, integration=integration, eyes=eyes),
        "is_masked": not eyes.sees_contact,
        "state": choose_user_state(found),
        "sentence": user_sentence(user=found),
        "sign_in_sentence": sign_in_sentence(user=found),
        "is_waiting": found.is_verified and not found.is_seen_in_chat,
        "integration": integration.name,
        "tokens_issued": found.tokens_issued,
        "first_authenticated_at": found.first_authenticated_at,
        "last_authenticated_at": found.last_authenticated_at,
        "open_links": [row for row in rows if row.ended_at is None],
        "ended_links": [row for row in rows if row.ended_at is not None],
        "conflicts": [conflict_row(one, eyes=eyes) for one in conflicts],
        "events": user_events(user=found, links=links, conflicts=conflicts),
    }


@page
@require_POST
def refresh_visitor(request: HttpRequest, visitor_id: str) -> HttpResponse:
    """Have one visitor read again from Zendesk, and lead back to its page, which says how that goes."""
    require(roles.can_refresh(request.user))
    found = find_visitor(request, visitor_id=visitor_id)
    if found is None:
        return unknown_visitor.ask_zendesk(request, visitor_id=visitor_id)
    refused = refresh_state.ask(session=request.session, person=str(request.user.pk), visitor=found, now=timezone.now())
    if refused:
        messages.error(request, refused)
    return redirect(visitor_url(visitor_id=found.visitor_id, integration=found.integration.slug))
