"""Every view is closed unless it says otherwise, and an open one is answered without asking who is there.

Where the operator requires a second factor of a group, the closed ones are closed to those of its members who have
none, or have not shown it.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from linking.accounts import admin_passwords, roles

# Pages for a person who has no second factor yet: to set one up, choose a password, or leave.
_TO_SET_UP = (
    "account_change_password", "account_logout", "account_reauthenticate", "account_set_password", "mfa_activate_totp",
    "mfa_add_webauthn", "mfa_index", "mfa_list_webauthn", "own_password", "theme",
)  # fmt: skip
# And who has one that this session has not seen: nothing else, or the factor could be taken off with a password.
_TO_SHOW = ("account_logout", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "theme")
# And for an administrator whose password is too short.
_TO_CHANGE_PASSWORD = (*_TO_SET_UP, "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_view_recovery_codes")


class ClosedByDefault(LoginRequiredMiddleware):
    """Django's own rule in another order.

    Django asks for the user first, which reads the session, and so the database, as soon as a request carries a
    session cookie, even a made-up one. The token endpoint must answer without the database, so the view comes first.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Return None to let the view answer, or the redirect to the sign-in page or to the second factor's."""
        if not getattr(view_func, "login_required", True):
            return None
        refused: HttpResponseBase | None = super().process_view(request, view_func, view_args, view_kwargs)
        return refused or _lead_to_second_factor(request) or _lead_to_longer_password(request)


def _lead_to_second_factor(request: HttpRequest) -> HttpResponseBase | None:
    step = roles.find_factor_step(
        request.user,
        records=get_authentication_records(request, request.user),
        groups=settings.LINKING["REQUIRE_MFA"],
    )
    name = request.resolver_match.url_name if request.resolver_match else ""
    if step is roles.FactorStep.SET_UP and name not in _TO_SET_UP:
        messages.warning(request, _("Your role needs a second factor here: set one up, then come back."))
        return HttpResponseRedirect(reverse("mfa_index"))
    if step is roles.FactorStep.SHOW and name not in _TO_SHOW:
        ways = get_adapter().get_reauthentication_methods(request.user)
        page = next(way["url"] for way in ways if way["id"].startswith("mfa_"))
        return HttpResponseRedirect(f"{page}?{urlencode({'next': request.get_full_path()})}")
    return None


def _lead_to_longer_password(request: HttpRequest) -> HttpResponseBase | None:
    name = request.resolver_match.url_name if request.resolver_match else ""
    if name in _TO_CHANGE_PASSWORD or not admin_passwords.needs_longer(request):
        return None
    sentence = _("Administrators need a password of at least %(number)d characters: choose another one.")
    messages.warning(request, sentence % {"number": admin_passwords.ADMIN_MIN_CHARACTERS})
    return HttpResponseRedirect(reverse("account_change_password"))
