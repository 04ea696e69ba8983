"""The banner of the demo, which says that its people are invented; a person hides it until the next sign-in."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from linking.accounts import roles
from linking.dashboard.accounts.theme import find_way_back
from linking.dashboard.shell.access import require

_HIDDEN = "demo_banner_hidden"


def find_shop_url(request: HttpRequest) -> str:
    """Return the address of the demo's shop; "" outside a demo, and for a person who has hidden the banner."""
    address = str(settings.LINKING.get("DEMO_SHOP_URL", ""))
    return address if address and not request.session.get(_HIDDEN) else ""


@require_POST
def hide_banner(request: HttpRequest) -> HttpResponse:
    """Hide the banner for this session and redirect to the page where it was hidden."""
    require(roles.can_use_setup(request.user))
    request.session[_HIDDEN] = True
    return HttpResponseRedirect(find_way_back(request.POST.get("next", "")))
