"""Who comes into the admin: members of `admins`, with a second factor where the operator asks for one."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.accounts import roles


def may_enter(request: HttpRequest) -> bool:
    """Return whether the person may use the admin; who lacks a second factor never comes this far."""
    return roles.is_admin(request.user)


def lead_in(request: HttpRequest, _extra_context: Any = None) -> HttpResponse:
    """Lead somebody who is signed in to the admin.

    Takes the place of the admin's own sign-in page, which knows neither the limits nor the second factor.

    Raises: PermissionDenied for everybody else.
    """
    if may_enter(request):
        return HttpResponseRedirect(reverse("admin:index"))
    raise PermissionDenied(_("The admin is for members of the group admins."))


admin.site.has_permission = may_enter  # type: ignore[method-assign]
admin.site.login = lead_in  # type: ignore[method-assign,assignment]
admin.site.site_header = admin.site.site_title = "zdbridge"
admin.site.index_title = gettext_lazy("Administration")
admin.site.site_url = "/"
