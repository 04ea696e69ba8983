"""Counts the responses of pages, API and probes by class of status, for `/metrics`."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from linking.api.token import TokenResponse
from linking.monitoring.metrics import shared_counts

# The first that a path begins with; everything else is a page.
_PARTS = (
    ("/generate/token", "token"),
    ("/api/v1/hooks/", "webhook"),
    ("/api/", "api"),
    ("/panel/", "panel"),
    ("/admin/", "admin"),
    ("/accounts/", "sign-in"),
    ("/healthz", "probe"),
    ("/readyz", "probe"),
    ("/metrics", "probe"),
)
_PAGE = "page"


class ResponseCounts:
    """Middleware before all others, so that it sees every response of Django, those to accidents included.

    The answers of the token route are counted where they are timed (`linking.monitoring.metrics.token_times`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request, and count the response."""
        response = self._get_response(request)
        if not isinstance(response, TokenResponse):
            note_response(request.path_info, status=response.status_code)
        return response


def note_response(path: str, *, status: int) -> None:
    """Count a response to `path`."""
    part = next((part for start, part in _PARTS if path.startswith(start)), _PAGE)
    key = shared_counts.CountKey(shared_counts.RESPONSES, f"{part},{status // 100}xx")
    shared_counts.add(key, now_s=time.time())
