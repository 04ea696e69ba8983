"""Pages of single sign-on: the way to the issuer, the way back, and joining one's own account.

The way to the issuer is a link and not a form: `form-action` of the content security policy would also bind where the
issuer leads from there, which nobody can list. A link of a stranger can at most sign people in as themselves.
"""

from allauth.account.decorators import reauthentication_required
from allauth.account.utils import get_next_redirect_url
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from linking.accounts.single_sign_on import flow, issuer_accounts
from linking.accounts.single_sign_on import issuer as issuers


@login_not_required
@never_cache
@require_safe
def start_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the issuer. Each start may ask it something, so an address has as many as tries to sign in."""
    issuer = _require_issuer()
    next_url = get_next_redirect_url(request) or ""
    if request.user.is_authenticated:
        return redirect(next_url or "visitors")
    if not ratelimit.consume(request, app="allauth.account", action="login", limit_get=True):
        return _refuse(request, _("Too many attempts. Wait a minute, then try again."), status=429)
    try:
        return redirect(flow.start(request, issuer=issuer, redirect_url=_build_return(request), next_url=next_url))
    except flow.SignInRefused as refusal:
        return _refuse(request, str(refusal), status=503)


@login_not_required
@never_cache
@require_safe
def handle_return(request: HttpRequest) -> HttpResponse:
    """Sign in the person who comes back from the issuer, or say why not."""
    issuer = _require_issuer()
    try:
        answer = flow.finish(request, issuer=issuer, redirect_url=_build_return(request), now=timezone.now())
    except flow.SignInRefused as refusal:
        return _refuse(request, str(refusal))
    if answer is None:
        messages.success(request, _("Your account is joined. You can now sign in at %(host)s.") % {"host": issuer.host})
        return redirect("single_sign_on_own")
    return answer


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def show_own(request: HttpRequest) -> HttpResponse:
    """Show whether the own account is joined with the issuer; join it, or end that."""
    issuer = _require_issuer()
    page = {"host": issuer.host, "is_joined": issuer_accounts.is_joined(request.user, issuer=issuer)}
    if request.method != "POST":
        return render(request, "dashboard/accounts/single_sign_on.html", page)
    if request.POST.get("do") == "end":
        return _part(request, issuer)
    try:
        # A link in the page and no redirect: see above.
        page["way"] = flow.start(request, issuer=issuer, redirect_url=_build_return(request), joins=True)
    except flow.SignInRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("single_sign_on_own")
    return render(request, "dashboard/accounts/single_sign_on.html", page)


def _part(request: HttpRequest, issuer: issuers.Issuer) -> HttpResponse:
    try:
        issuer_accounts.part(request.user, issuer=issuer, now=timezone.now())
    except issuer_accounts.JoinRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Your account is no longer joined."))
    return redirect("single_sign_on_own")


def _refuse(request: HttpRequest, sentence: str, *, status: int = 403) -> HttpResponse:
    return render(request, "dashboard/accounts/single_sign_on_refused.html", {"sentence": sentence}, status=status)


def _build_return(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("single_sign_on_return"))


def _require_issuer() -> issuers.Issuer:
    issuer = issuers.find_issuer()
    if issuer is None:
        raise Http404
    return issuer
