"""Every view is closed unless it says otherwise, and an open one is answered without asking who is there.

Where administrators need a second factor, the closed ones are closed to those without as well.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from linking import roles

# Where somebody signs out, sets a second factor up and changes the password: whoever lacks one has to get there.
_OWN_ACCOUNT = "allauth."


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
        is_required = bool(settings.LINKING["REQUIRE_MFA"]) and not view_func.__module__.startswith(_OWN_ACCOUNT)
        if refused is not None or not roles.lacks_second_factor(request.user, is_required=is_required):
            return refused
        messages.warning(request, _("Administrators need a second factor here: set one up, then come back."))
        return HttpResponseRedirect(reverse("mfa_index"))
