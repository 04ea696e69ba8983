"""Every view is closed unless it says otherwise, and an open one is answered without asking who is there."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class ClosedByDefault(LoginRequiredMiddleware):
    """Django's own rule in another order.

    Django asks for the user first, which reads the session, and so the database, as soon as a request carries a
    session cookie, even a made-up one. The token endpoint must answer without the database, so the view comes first.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Return None to let the view answer, or the redirect to the sign-in page."""
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)
