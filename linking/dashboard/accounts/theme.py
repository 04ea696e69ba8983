"""The chosen colours, in a cookie, so that the first byte of a page already has the right ones."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

COOKIE = "zdbridge_theme"
CHOICES = ("light", "dark")
COOKIE_AGE_S = 365 * 24 * 3600


def find_theme(request: HttpRequest) -> str:
    """Return `light` or `dark`, or "" when the system's preference decides."""
    theme = request.COOKIES.get(COOKIE, "")
    return theme if theme in CHOICES else ""


def find_way_back(address: str) -> str:
    """Return `address` where it is an address of this site, else the first page's."""
    is_ours = url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if is_ours and address.startswith("/") else "/"


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Store the choice and redirect to the page where it was made."""
    response = HttpResponseRedirect(find_way_back(request.POST.get("next", "")))
    theme = request.POST.get("theme", "")
    if theme in CHOICES:
        response.set_cookie(
            COOKIE, theme, max_age=COOKIE_AGE_S, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response
