"""The page for an internal error: it needs nothing else to work, not even the style sheets.

An unreachable database is not an internal error: the answer says so, and when to try again.
"""

import logging
import sys
import time
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import requires_csrf_token

RETRY_AFTER_S = 5
# The log gets one warning about an unreachable database, not one for each page.
WARN_EVERY_S = 60.0
# What the stores raise while they cannot answer: unreachable, too busy, or timed out.
STORE_AWAY = (OperationalError, InterfaceError)

logger = logging.getLogger(__name__)


class _LastWarning:
    at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """An answer: a page with the template `part` in it, or the JSON `detail` for the API."""

    status: int
    detail: str | Promise
    page: str
    part: str


_AWAY = _Failure(
    status=503,
    detail=gettext_lazy("The database cannot be reached at the moment. Try again in a few seconds."),
    page="503.html",
    part="failures/_away.html",
)
_TOO_DEEP = _Failure(
    status=400,
    detail=gettext_lazy("The request is nested too deeply."),
    page="400.html",
    part="failures/_unreadable.html",
)
_FAILED = _Failure(
    status=500,
    detail=gettext_lazy("Something went wrong. The error is in the server's log."),
    page="500.html",
    part="failures/_failed.html",
)


@requires_csrf_token
def answer_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 while the database is unreachable, 400 for a request that is nested too deeply, else 500.

    Called by Django while it handles the error.
    """
    error = sys.exception()
    if isinstance(error, STORE_AWAY):
        return _say_away(request, error=error)
    if isinstance(error, RecursionError) and request.META.get("CONTENT_LENGTH"):
        # The JSON reader recurses as deep as its text. Our own code does not recurse.
        return _answer(request, _TOO_DEEP)
    return _answer(request, _FAILED)


def _say_away(request: HttpRequest, *, error: Exception) -> HttpResponse:
    now_s = time.monotonic()
    if _LastWarning.at_s is None or now_s - _LastWarning.at_s >= WARN_EVERY_S:
        _LastWarning.at_s = now_s
        logger.warning("The database cannot be reached (%s); pages answer 503.", type(error).__name__)
    response = _answer(request, _AWAY)
    response["Retry-After"] = str(RETRY_AFTER_S)
    # Django logs a traceback for every answer from 500 on, unless this mark is set.
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return response


def _answer(request: HttpRequest, failure: _Failure) -> HttpResponse:
    response: HttpResponse
    if request.path_info.startswith("/api/"):
        response = JsonResponse({"detail": str(failure.detail)}, status=failure.status)
    else:
        response = HttpResponse(_render(failure), status=failure.status)
    response["Cache-Control"] = "no-store"
    return response


def _render(failure: _Failure) -> str:
    """Return the text of a page, without styles if the static files were not collected."""
    try:
        return loader.render_to_string(failure.page)
    except ValueError:
        # The storage of static files knows none of them: `collectstatic` was not run, or ran for another release.
        logger.warning("Static files are missing: run collectstatic, or start with `manage.py up`.")
        return loader.render_to_string("failures/plain.html", {"part": failure.part})
