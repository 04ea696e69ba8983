"""The page of people: who may sign in, with which role, when they were last here; and what admins do about them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from linking.accounts import people, roles
from linking.dashboard.people.invitation_mail import send_invitation
from linking.dashboard.shell.access import page, require_admin
from linking.dashboard.shell.parts import Badge

# The values of the select, each with the word that pages use; a person has at most one of these groups.
ROLES: Mapping[str, Any] = {
    "": gettext_lazy("No records"),
    roles.AGENTS: gettext_lazy("Agent"),
    roles.LEADS: gettext_lazy("Lead"),
    roles.ADMINS: gettext_lazy("Administrator"),
}
_OFF = Badge(word=gettext_lazy("Switched off"), icon="ban", tone="bad")
_INVITED = Badge(word=gettext_lazy("Invited"), icon="mail", tone="accent")
_NO_PASSWORD = Badge(word=gettext_lazy("No password"), icon="key", tone="warn")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """One account as the page shows it; `state` is None for one that can sign in."""

    pk: int
    username: str
    email: str
    role: str
    is_developer: bool
    is_superuser: bool
    is_active: bool
    is_self: bool
    has_factor: bool
    state: Badge | None
    last_seen_at: datetime | None


@page
@require_safe
def show_people(request: HttpRequest) -> HttpResponse:
    """Show every account, and the form for a new one."""
    require_admin(request)
    return _show(request)


@page
@require_POST
def invite_person(request: HttpRequest) -> HttpResponse:
    """Make an account and show the link with which its owner chooses a password, this once."""
    require_admin(request)
    email = request.POST.get("email", "")
    try:
        invitation = people.invite(
            username=request.POST.get("username", ""),
            email=email,
            groups=_read_groups(request),
            by=request.user,
            now=timezone.now(),
        )
    except people.PersonRefused as refusal:
        # What was typed stays in the form.
        return _show(request, refusal=str(refusal), status=422)
    return _show_link(request, invitation)


@page
@require_POST
def make_link(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show a new link for somebody who lost the password or whose invitation ended, this once."""
    require_admin(request)
    user = _require_account(user_id)
    try:
        return _show_link(request, people.make_link(user=user, by=request.user, now=timezone.now()))
    except people.PersonRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("people")


@never_cache
@require_POST
def change_role(request: HttpRequest, user_id: int) -> HttpResponse:
    """Change what a person may do, at once."""
    sentence = _("%(name)s has a new role. It counts at once.")
    groups = _read_groups(request)
    return _act(
        request,
        user_id,
        lambda user, now: people.change_groups(user=user, groups=groups, by=request.user, now=now),
        done=sentence,
        unchanged=_("Nothing changed."),
    )


@never_cache
@require_POST
def sign_out_person(request: HttpRequest, user_id: int) -> HttpResponse:
    """End every session of a person."""
    return _act(
        request,
        user_id,
        lambda user, now: people.sign_out_everywhere(user=user, by=request.user, now=now),
        done=_("%(name)s is signed out everywhere. API tokens of theirs still work."),
    )


@never_cache
@require_POST
def switch_person(request: HttpRequest, user_id: int) -> HttpResponse:
    """Switch an account off or on."""
    is_active = request.POST.get("to") == "on"
    done = _("%(name)s can sign in again.") if is_active else _("%(name)s can no longer sign in.")
    return _act(
        request,
        user_id,
        lambda user, now: people.switch(user=user, is_active=is_active, by=request.user, now=now),
        done=done,
    )


def _act(
    request: HttpRequest, user_id: int, act: Callable[[Any, datetime], Any], *, done: str, unchanged: str = ""
) -> HttpResponse:
    """Do something about a person, say so and return to the page; `act` returns False if nothing changed."""
    require_admin(request)
    user = _require_account(user_id)
    try:
        changed = act(user, timezone.now())
    except people.PersonRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, unchanged if changed is False else done % {"name": user.get_username()})
    return redirect("people")


def _require_account(user_id: int) -> Any:
    user = people.find_account(user_id)
    if user is None:
        raise Http404
    return user


def _show(request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {
        "rows": [_build_row(person, self_pk=request.user.pk) for person in people.list_people()],
        "roles": ROLES.items(),
        "refusal": refusal,
        "typed": request.POST if refusal else {},
        "shown_max": people.PEOPLE_SHOWN_MAX,
        "has_mail": settings.LINKING["HAS_MAIL"],
    }
    return render(request, "dashboard/people/people.html", context, status=status)


def _show_link(request: HttpRequest, invitation: people.Invitation) -> HttpResponse:
    user = invitation.user
    address = request.build_absolute_uri(reverse("invitation", args=[invitation.token]))
    is_mailed = bool(user.email and settings.LINKING["HAS_MAIL"])
    if is_mailed:
        send_invitation(to=user.email, username=user.get_username(), address=address)
    context = {"name": user.get_username(), "address": address, "email": user.email if is_mailed else ""}
    return render(request, "dashboard/people/invited.html", context)


def _build_row(person: people.Person, *, self_pk: Any) -> PersonRow:
    state = None
    if not person.is_active:
        state = _OFF
    elif not person.has_password:
        state = _INVITED if person.is_invited else _NO_PASSWORD
    role = next((name for name in (roles.ADMINS, roles.LEADS, roles.AGENTS) if name in person.groups), "")
    return PersonRow(
        pk=person.pk,
        username=person.username,
        email=person.email,
        role=role,
        is_developer=roles.DEVELOPERS in person.groups,
        is_superuser=person.is_superuser,
        is_active=person.is_active,
        is_self=person.pk == self_pk,
        has_factor=person.has_factor,
        state=state,
        last_seen_at=person.last_seen_at,
    )


def _read_groups(request: HttpRequest) -> set[str]:
    role = request.POST.get("role", "")
    return ({role} if role else set()) | ({roles.DEVELOPERS} if request.POST.get("developer") else set())
