"""The page for an error of ours: it must come whatever else is broken, so it asks for nothing, styles least of all.

A database that is away is no accident of ours and passes; the answer then says so, and when to come again.
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
# A database that is away is news once, and not for each page that is asked for meanwhile.
WARN_EVERY_S = 60.0
# What the stores raise while they cannot be asked: gone, too busy, or over their time.
STORE_AWAY = (OperationalError, InterfaceError)

logger = logging.getLogger(__name__)


class _LastWarning:
    at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """What is answered: a page whose middle is `part`, or `detail` to machines."""

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
    detail=gettext_lazy("What was sent is nested too deeply."),
    page="400.html",
    part="failures/_unreadable.html",
)
_FAILED = _Failure(
    status=500,
    detail=gettext_lazy("Something failed here. It is in the log."),
    page="500.html",
    part="failures/_failed.html",
)


@requires_csrf_token
def answer_error(request: HttpRequest) -> HttpResponse:
    """Say that something failed: 503 while the database is away, 400 for what is nested too deeply, else 500.

    Called by Django while it handles the error.
    """
    error = sys.exception()
    if isinstance(error, STORE_AWAY):
        return _say_away(request, error=error)
    if isinstance(error, RecursionError) and request.META.get("CONTENT_LENGTH"):
        # JSON is read by going as deep as it is. Nothing of ours goes deep by itself.
        return _answer(request, _TOO_DEEP)
    return _answer(request, _FAILED)


def _say_away(request: HttpRequest, *, error: Exception) -> HttpResponse:
    now_s = time.monotonic()
    if _LastWarning.at_s is None or now_s - _LastWarning.at_s >= WARN_EVERY_S:
        _LastWarning.at_s = now_s
        logger.warning("The database cannot be reached (%s); pages answer 503.", type(error).__name__)
    response = _answer(request, _AWAY)
    response["Retry-After"] = str(RETRY_AFTER_S)
    # Django writes a traceback for every answer from 500 on, unless it was told of already.
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
    """Return a page's text, without styles where the static files were not collected."""
    try:
        return loader.render_to_string(failure.page)
    except ValueError:
        # The storage of static files knows none of them: `collectstatic` was not run, or ran for another release.
        logger.warning("Static files are missing: run collectstatic, or start with `manage.py up`.")
        return loader.render_to_string("failures/plain.html", {"part": failure.part})
