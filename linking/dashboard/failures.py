"""The page for an error of ours: it must come whatever else is broken, so it asks for nothing, styles least of all."""

import logging

from django.http import HttpRequest, HttpResponseServerError
from django.template import loader
from django.views.decorators.csrf import requires_csrf_token

logger = logging.getLogger(__name__)


@requires_csrf_token
def server_error(_request: HttpRequest) -> HttpResponseServerError:
    """Say that something failed, without styles where the static files were not collected."""
    try:
        text = loader.render_to_string("500.html")
    except ValueError:
        # The storage of static files knows none of them: `collectstatic` was not run, or ran for another release.
        logger.warning("Static files are missing: run collectstatic, or start with `manage.py up`.")
        text = loader.render_to_string("500_plain.html")
    return HttpResponseServerError(text)
