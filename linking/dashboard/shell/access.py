"""Who may open which page. The middleware asks every page for a sign-in; these marks ask for a group as well."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from linking.accounts import roles

View = Callable[..., HttpResponseBase]
# Called by hand, for these pages alone; docs/decisions/0023-pages-are-compressed.md says why not for every answer.
_gzip = GZipMiddleware(lambda _request: HttpResponse())


def page(view: View) -> View:
    """Let agents, leads and admins open `view`; anybody else who is signed in reads why not, with status 403.

    Pages show who people are, so no cache on the way may keep them. They are compressed; what is streamed is not,
    because each of its lines would be packed alone.
    """

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not roles.can_see_pages(request.user):
            raise PermissionDenied(
                _("Your account belongs to no group yet. Ask an administrator to add it to agents, leads or admins.")
            )
        answer = view(request, *args, **kwargs)
        return answer if answer.streaming else _gzip.process_response(request, answer)

    return guarded


def require(is_allowed: bool) -> None:
    """Go on when `is_allowed`.

    Raises: PermissionDenied, with a sentence for the page.
    """
    if not is_allowed:
        raise PermissionDenied(_("Your group may not do this. Ask a lead or an administrator."))


def require_admin(request: HttpRequest) -> None:
    """Go on for members of `admins`; that they have a second factor, where they need one, has been seen to before.

    Raises: PermissionDenied, with a sentence for the page.
    """
    if not roles.is_admin(request.user):
        raise PermissionDenied(_("This is for members of the group admins. Ask an administrator."))
