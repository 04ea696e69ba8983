"""Pages of the administrator link: a button that signs in, then a form for a password."""

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
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from linking.accounts import sign_in

_MAY_SET_PASSWORD = "may_set_password"  # noqa: S105 - the name of a mark in the session


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button that signs in. Opening the link changes nothing, because mail programs open links too."""
    try:
        if request.method != "POST":
            user = sign_in.account_of(token=token)
            return render(request, "dashboard/accounts/admin_link.html", {"username": user.get_username()})
        user = sign_in.use_admin_link(token=token, now=timezone.now())
    except sign_in.LinkRefused as refusal:
        return render(
            request, "dashboard/accounts/admin_link_refused.html", {"sentence": _explain_flaw(refusal.flaw)}, status=410
        )
    # The link is for another person than the one who is signed in in this browser.
    logout(request)
    request.session[_MAY_SET_PASSWORD] = user.pk
    # Not Django's `login`: allauth first asks for the second factor, if the account has one.
    answer: HttpResponse = perform_login(request, user, redirect_url=reverse("own_password"))
    return answer


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose_password(request: HttpRequest) -> HttpResponse:
    """Let the person who used an administrator link choose a password, once."""
    if request.session.get(_MAY_SET_PASSWORD) != request.user.pk:
        return redirect("visitors")
    # The middleware has required a sign-in.
    person: Any = request.user
    form = SetPasswordForm(person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        del request.session[_MAY_SET_PASSWORD]
        update_session_auth_hash(request, person)
        messages.success(request, _("Your password is set. Use it for your next sign-in."))
        return redirect("visitors")
    return render(request, "dashboard/accounts/own_password.html", {"form": form})


def _explain_flaw(flaw: sign_in.LinkFlaw) -> str:
    return {
        sign_in.LinkFlaw.BROKEN: _("This link is incomplete. Copy the whole link and try again."),
        sign_in.LinkFlaw.EXPIRED: _("This link has expired."),
        sign_in.LinkFlaw.USED: _(
            "This link was already used, or its account has changed since. A link works only once."
        ),
    }[flaw]
