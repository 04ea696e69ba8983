"""The remembered choice of colours: a cookie, so that the first byte of a page already has the right ones."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

COOKIE = "zdbridge_theme"
CHOICES = ("light", "dark")
COOKIE_AGE_S = 365 * 24 * 3600


def theme_of(request: HttpRequest) -> str:
    """Return `light` or `dark`, or "" when the system's preference decides."""
    chosen = request.COOKIES.get(COOKIE, "")
    return chosen if chosen in CHOICES else ""


def own_address(back: str) -> str:
    """Return `back` where it is an address of this site, else the first page's."""
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if is_ours and back.startswith("/") else "/"


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Remember the choice and lead back to the page it was made on."""
    response = HttpResponseRedirect(own_address(request.POST.get("next", "")))
    chosen = request.POST.get("theme", "")
    if chosen in CHOICES:
        response.set_cookie(
            COOKIE, chosen, max_age=COOKIE_AGE_S, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response
