"""Each person's time zone, which all their pages use.

The JSON API, exports and commands always use UTC.
"""

import zoneinfo
from collections.abc import Callable
from functools import cache
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from linking.accounts import preferences
from linking.dashboard.shell.times import format_time
from linking.models import TIME_ZONE_DEFAULT, Preference

# The parts of the world; other names are aliases, or are not places.
_REGIONS = frozenset(
    {"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
)


class InOwnTimeZone:
    """Middleware that activates the time zone of the person who is signed in; it costs no query."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and deactivate the zone for the next request of this thread."""
        try:
            return self._get_response(request)
        finally:
            timezone.deactivate()

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_args: Any) -> None:
        """Activate the zone. A public page does not look at who is signed in, and stays in UTC."""
        if getattr(view, "login_required", True) and request.user.is_authenticated:
            timezone.activate(find_zone(request.user))


def find_zone(user: Any) -> zoneinfo.ZoneInfo:
    """Return the zone that `user` chose; UTC without a choice, and for a zone that this machine does not know."""
    preference: Preference | None = getattr(user, "preference", None)
    try:
        return zoneinfo.ZoneInfo(preference.time_zone if preference else TIME_ZONE_DEFAULT)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(TIME_ZONE_DEFAULT)


@cache
def list_zones() -> dict[str, list[str]]:
    """Return the names of zones that can be chosen, by region, `Europe` to `Europe/Berlin` and its like."""
    names = sorted(name for name in zoneinfo.available_timezones() if name.split("/")[0] in _REGIONS and "/" in name)
    return {region: list(members) for region, members in groupby(names, key=lambda name: name.split("/")[0])}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose_time_zone(request: HttpRequest) -> HttpResponse:
    """Show the form, or save the zone."""
    regions = list_zones()
    if request.method == "POST":
        name = request.POST.get("time_zone", "")
        if name != TIME_ZONE_DEFAULT and name not in regions.get(name.split("/")[0], ()):
            messages.error(request, _("This time zone does not exist. Nothing was changed."))
            return redirect("time_zone")
        # The middleware has required a sign-in.
        person: Any = request.user
        preferences.keep_time_zone(user=person, name=name)
        with timezone.override(zoneinfo.ZoneInfo(name)):
            now = format_time(timezone.now())
        messages.success(request, _("Time zone saved. Your time is now %(now)s.") % {"now": now})
        return redirect("time_zone")
    return render(
        request, "dashboard/accounts/time_zone.html", {"regions": regions, "zone": str(find_zone(request.user))}
    )
