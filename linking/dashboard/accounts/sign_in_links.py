"""Pages of the links that sign a person in once: a button that signs in, then a form for a password."""

from collections.abc import Mapping
from typing import Any

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from linking.accounts import notices, one_time_links, person_audit

_MAY_SET_PASSWORD = "may_set_password"  # noqa: S105 - the name of a mark in the session
_FLAWS: Mapping[one_time_links.LinkFlaw, Any] = {
    one_time_links.LinkFlaw.BROKEN: gettext_lazy("This link is incomplete. Copy the whole link and try again."),
    one_time_links.LinkFlaw.EXPIRED: gettext_lazy("This link has expired."),
    one_time_links.LinkFlaw.USED: gettext_lazy(
        "This link was already used, or its account has changed since. A link works only once."
    ),
}


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_admin_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button that signs an administrator in."""
    return _open_link(request, token=token, kind=one_time_links.ADMIN_LINK)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button that signs the invited person in."""
    return _open_link(request, token=token, kind=one_time_links.INVITATION)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose_password(request: HttpRequest) -> HttpResponse:
    """Let the person who used a link choose a password, once."""
    if request.session.get(_MAY_SET_PASSWORD) != request.user.pk:
        return redirect("visitors")
    # The middleware has required a sign-in.
    person: Any = request.user
    form = SetPasswordForm(person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        del request.session[_MAY_SET_PASSWORD]
        update_session_auth_hash(request, person)
        person_audit.record_deed(action=person_audit.PASSWORD_SET, by=person, about=person, now=timezone.now())
        notices.tell(request, person, notices.PASSWORD)
        messages.success(request, _("Your password is set. Use it for your next sign-in."))
        return redirect("visitors")
    return render(request, "dashboard/accounts/own_password.html", {"form": form})


def _open_link(request: HttpRequest, *, token: str, kind: one_time_links.LinkKind) -> HttpResponse:
    """Show the button, or sign in. Opening the link changes nothing, because mail programs open links too."""
    try:
        if request.method != "POST":
            user = one_time_links.find_account(token=token, kind=kind)
            context = {"username": user.get_username(), "for_admins": kind.for_admins}
            return render(request, "dashboard/accounts/sign_in_link.html", context)
        user = one_time_links.use_link(token=token, kind=kind, now=timezone.now())
    except one_time_links.LinkRefused as refusal:
        context = {"sentence": _FLAWS[refusal.flaw], "for_admins": kind.for_admins}
        return render(request, "dashboard/accounts/sign_in_link_refused.html", context, status=410)
    # The link is for another person than the one who is signed in in this browser.
    logout(request)
    request.session[_MAY_SET_PASSWORD] = user.pk
    # Not Django's `login`: allauth first asks for the second factor, if the account has one.
    answer: HttpResponse = perform_login(request, user, redirect_url=reverse("own_password"))
    return answer
