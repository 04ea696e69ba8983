"""The admin site: members of `admins` enter, by the product's own sign-in.

It lies outside `linking.admin`, because Django makes the site before it imports the modules that register on it.
"""

from typing import Any

from allauth.account.utils import get_next_redirect_url
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.accounts import roles
from linking.accounts.admin_index import group_tables


class BridgeAdminSite(AdminSite):
    """Django's admin, entered by group instead of by `is_staff`, which nothing in zdbridge reads."""

    site_header = site_title = "zdbridge"
    index_title = gettext_lazy("Administration")
    # The dashboard's own navigation stands beside every page.
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may use the admin; the middleware asks for the second factor before."""
        return roles.is_admin(request.user)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002
        """Redirect to the sign-in page, whose limits and second factor then apply here too, or into the admin.

        Raises: PermissionDenied for signed-in people who are no admins.
        """
        if not request.user.is_authenticated:
            return redirect_to_login(get_next_redirect_url(request) or request.get_full_path())
        if self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        raise PermissionDenied(_("Only members of the group “admins” may open the admin."))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what every page shows, with the seconds that the person's time is ahead of UTC, for “Now”."""
        offset = timezone.localtime().utcoffset()
        return super().each_context(request) | {"utc_offset_s": round(offset.total_seconds()) if offset else 0}

    def get_app_list(self, request: HttpRequest, app_label: Any = None) -> list[Any]:
        """Return the tables in the groups *Settings* and *Records*; those of one app as Django lists them."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        records = [model for model, options in self._registry.items() if getattr(options, "is_record", False)]
        return group_tables(apps, records=records)
