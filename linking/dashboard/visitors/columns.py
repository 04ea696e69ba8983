"""Which columns of the visitors list a person wants: a cookie, so that the list already comes that way."""

from collections.abc import Mapping
from types import MappingProxyType

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from linking.dashboard.accounts.theme import COOKIE_AGE_S, find_way_back
from linking.dashboard.shell.access import page
from linking.dashboard.shell.parts import Text

COOKIE = "zdbridge_hidden_columns"
# The name and the time are what the list is, and are always there.
OPTIONAL: Mapping[str, Text] = MappingProxyType(
    {
        "state": _("State"),
        "login": _("Login user ID"),
        "visitor": _("Visitor ID"),
        "integration": _("Integration"),
    }
)


def find_hidden_columns(request: HttpRequest) -> frozenset[str]:
    """Return the names of the columns that this person does without."""
    return frozenset(request.COOKIES.get(COOKIE, "").split(".")) & OPTIONAL.keys()


@page
@require_POST
def choose_columns(request: HttpRequest) -> HttpResponse:
    """Remember which columns are wanted and lead back to the list."""
    response = HttpResponseRedirect(find_way_back(request.POST.get("next", "")))
    offered = OPTIONAL.keys() & set(request.POST.getlist("offered"))
    # What was not offered, as the integration where there is one, stays as it was chosen before.
    hidden = (find_hidden_columns(request) - offered) | (offered - set(request.POST.getlist("column")))
    if hidden:
        value = ".".join(sorted(hidden))
        response.set_cookie(
            COOKIE, value, max_age=COOKIE_AGE_S, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response
