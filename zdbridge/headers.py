"""Headers that every answer of Django carries; static files and the token endpoint have their own."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

NO_CONTENT = 204
# No page uses any of these. Passkeys and the clipboard are not listed, because pages use them.
PERMISSIONS_POLICY = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


class StrictHeaders:
    """Refuse the browser's devices to every page, and keep answers that say nothing about caching out of caches.

    An answer without a body is no page. Open lists get one four times a minute, so it goes without the headers that
    only pages obey.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request and add the headers that are missing."""
        response = self._get_response(request)
        if response.status_code == NO_CONTENT:
            response.headers.pop("X-Frame-Options", None)
        else:
            response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
