"""Who may open which page. The middleware requires a sign-in; these functions also require a group."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from linking.accounts import roles
from linking.integrations import find_integration
from linking.models import Integration

View = Callable[..., HttpResponseBase]
# Called by hand, for these pages alone; docs/decisions/0023-pages-are-compressed.md says why not for every answer.
_gzip = GZipMiddleware(lambda _request: HttpResponse())


def page(view: View) -> View:
    """Let agents, leads and admins open `view`; others who are signed in get status 403 and the reason.

    Developers who open the first page of the dashboard are led to the first page of set-up instead.
    """
    return _guard(view, refuse=_refuse_records)


def setup_page(view: View) -> View:
    """Let members of any group open `view`, which shows no record; others who are signed in get 403 and the reason."""
    return _guard(view, refuse=_refuse_outsiders)


def _guard(view: View, *, refuse: Callable[[HttpRequest], HttpResponse | None]) -> View:
    """Return `view` behind `refuse`, which answers instead of it, raises PermissionDenied, or lets the view answer.

    Pages show who people are, so no cache may store them. Pages are compressed; streams are not, because each line
    would be compressed alone.
    """

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = refuse(request) or view(request, *args, **kwargs)
        return answer if answer.streaming else _gzip.process_response(request, answer)

    return guarded


def _refuse_records(request: HttpRequest) -> HttpResponse | None:
    if roles.can_see_pages(request.user):
        return None
    _refuse_outsiders(request)
    if request.path == reverse("visitors"):
        return redirect("setup")
    raise PermissionDenied(
        _("The group developers opens the set-up pages only. Players and visitors are for agents, leads and admins.")
    )


def _refuse_outsiders(request: HttpRequest) -> None:
    if not roles.can_use_setup(request.user):
        raise PermissionDenied(
            _(
                "Your account is not in a group yet. Ask an administrator to add it to agents, leads, admins or "
                "developers."
            )
        )


def require_integration(slug: str) -> Integration:
    """Return the integration that an address names. Raises: Http404."""
    integration = find_integration(slug=slug)
    if integration is None:
        raise Http404
    return integration


def require(is_allowed: bool) -> None:
    """Go on when `is_allowed`.

    Raises: PermissionDenied, with a sentence for the page.
    """
    if not is_allowed:
        raise PermissionDenied(_("Your group is not allowed to do this. Ask a lead or an administrator."))


def require_admin(request: HttpRequest) -> None:
    """Go on for members of `admins`; the middleware has already checked their second factor.

    Raises: PermissionDenied, with a sentence for the page.
    """
    if not roles.is_admin(request.user):
        raise PermissionDenied(_("Only members of the group admins can do this. Ask an administrator."))
