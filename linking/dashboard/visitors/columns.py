"""The chosen columns of the visitors list, in a cookie."""

from collections.abc import Mapping
from types import MappingProxyType

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from linking.dashboard.accounts.theme import COOKIE_AGE_S, find_way_back
from linking.dashboard.shell.access import page
from linking.dashboard.shell.parts import Text

COOKIE = "zdbridge_hidden_columns"
# The list always shows the name and the time.
OPTIONAL: Mapping[str, Text] = MappingProxyType(
    {
        "state": _("State"),
        "login": _("User ID"),
        "visitor": _("Visitor ID"),
        "integration": _("Integration"),
    }
)


def find_hidden_columns(request: HttpRequest) -> frozenset[str]:
    """Return the names of the columns that this person hides."""
    return frozenset(request.COOKIES.get(COOKIE, "").split(".")) & OPTIONAL.keys()


@page
@require_POST
def choose_columns(request: HttpRequest) -> HttpResponse:
    """Store the chosen columns and redirect to the list."""
    response = HttpResponseRedirect(find_way_back(request.POST.get("next", "")))
    offered = OPTIONAL.keys() & set(request.POST.getlist("offered"))
    # A column that was not offered, as with a single integration, keeps its setting.
    hidden = (find_hidden_columns(request) - offered) | (offered - set(request.POST.getlist("column")))
    if hidden:
        value = ".".join(sorted(hidden))
        response.set_cookie(
            COOKIE, value, max_age=COOKIE_AGE_S, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response
