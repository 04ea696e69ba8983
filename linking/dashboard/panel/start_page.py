"""`POST /panel/{integration}/`: the page inside Zendesk. A signed start opens it; else it says why not.

There is no cookie here, no session and no storage: the page inside Zendesk is a guest in a frame. What it may ask, its
pass says.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import Error as StoreError
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from linking import panel, registry
from linking.core.config import IntegrationConfig
from linking.dashboard.panel.surroundings import find_surroundings, protect
from linking.dashboard.shell.parts import TRUST_STATES, Text
from linking.limits import Limiter
from linking.panel import StartReason, StartRefused

# A start has one field: a token of at most 8 KB.
BODY_MAX_BYTES = 32_768
STARTS_PER_MINUTE = 600  # of one address, behind which a whole office can be
RETRY_AFTER_S = 5
THEMES = frozenset({"light", "dark"})
_STATUSES = {StartReason.TOO_MANY: 429, StartReason.UNAVAILABLE: 503}
_limiter = Limiter(per_minute=STARTS_PER_MINUTE, shared_as="panel-start")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRefusal:
    """Why the panel does not open, and what to do about it."""

    problem: Text
    fix: Text


_RELOAD = _("Reload the apps: use the arrow at the top of the apps bar, or reload the page.")
_UNREADABLE = StartRefusal(
    problem=_("The start that Zendesk sent cannot be read."),
    fix=_("An administrator downloads the app from the set-up page of zdbridge and uploads it again."),
)
REFUSALS: Mapping[StartReason, StartRefusal] = {
    StartReason.TOO_MANY: StartRefusal(problem=_("Too many panels were opened from here in a minute."), fix=_RELOAD),
    StartReason.NO_INTEGRATION: StartRefusal(
        problem=_("This integration does not exist in zdbridge."),
        fix=_("An administrator removes this app, and uploads the app of an integration that exists."),
    ),
    StartReason.SWITCHED_OFF: StartRefusal(
        problem=_("This integration is switched off in zdbridge."), fix=_("An administrator can switch it on there.")
    ),
    StartReason.NO_KEY: StartRefusal(
        problem=_("This panel is not connected to zdbridge yet."),
        fix=_("An administrator enters the public key and the installation of this app in zdbridge."),
    ),
    StartReason.NO_TOKEN: StartRefusal(
        problem=_("Zendesk did not sign this start."),
        fix=_("An administrator downloads the app from the set-up page of zdbridge and uploads it again."),
    ),
    StartReason.SIGNATURE: StartRefusal(
        problem=_("This start was signed with the key of another app."),
        fix=_("An administrator copies the public key of this app into zdbridge."),
    ),
    StartReason.AUDIENCE: StartRefusal(
        problem=_("This start is for another installation of the app."),
        fix=_("An administrator copies the number of this installation into zdbridge."),
    ),
    StartReason.ISSUER: StartRefusal(
        problem=_("This start comes from another Zendesk account."),
        fix=_("An administrator checks the Zendesk subdomain in zdbridge."),
    ),
    StartReason.EXPIRED: StartRefusal(problem=_("This panel was started too long ago."), fix=_RELOAD),
    StartReason.NOT_YET_VALID: StartRefusal(
        problem=_("This start is not valid yet: the clock of the zdbridge server is slow."),
        fix=_("An administrator sets the clock of the server."),
    ),
    StartReason.REPLAYED: StartRefusal(
        problem=_("This panel was started before, and a start counts once."), fix=_RELOAD
    ),
    StartReason.UNAVAILABLE: StartRefusal(
        problem=_("The database of zdbridge cannot be reached at the moment."), fix=_RELOAD
    ),
} | dict.fromkeys(
    (
        StartReason.TOO_LARGE,
        StartReason.MALFORMED,
        StartReason.ALGORITHM,
        StartReason.TIMES,
        StartReason.NO_ID,
    ),
    _UNREADABLE,
)  # fmt: skip


@csrf_exempt
@login_not_required
@xframe_options_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start_panel(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the panel to an agent of the account; the signed token proves that it is one."""
    config, reason = None, StartReason.UNAVAILABLE
    try:
        config = registry.current().by_slug.get(slug)
        opened = _open(request, config=config)
    except StartRefused as refused:
        reason = refused.reason
    except StoreError:
        reason = StartReason.UNAVAILABLE
    else:
        return _render(request, config=config, context={"pass": opened.pass_text, "location": opened.location})
    response = _render(request, config=config, context={"refusal": REFUSALS[reason], "reason": reason.value})
    response.status_code = _STATUSES.get(reason, 403)
    if reason in _STATUSES:
        response["Retry-After"] = str(RETRY_AFTER_S)
        # Django logs a traceback for every answer from 500 on, unless this mark is set.
        response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return response


def _open(request: HttpRequest, *, config: IntegrationConfig | None) -> panel.OpenPanel:
    """Return the panel that the request opens. Raises: StartRefused."""
    if _limiter.wait_s(key=str(request.META.get("REMOTE_ADDR", "")), now=time.time()):
        raise StartRefused(StartReason.TOO_MANY)
    if config is None:
        raise StartRefused(StartReason.NO_INTEGRATION)
    return panel.open_panel(config=config, token=_read_token(request), now=timezone.now())


def _read_token(request: HttpRequest) -> str:
    """Return the field `token`, "" where there is none, or more than one. Raises: StartRefused."""
    if request.method != "POST":
        return ""
    announced = str(request.META.get("CONTENT_LENGTH") or "0")
    if not (announced.isascii() and announced.isdigit()) or int(announced[:18]) > BODY_MAX_BYTES:
        raise StartRefused(StartReason.TOO_LARGE)
    try:
        tokens = request.POST.getlist("token")
    except (BadRequest, RequestDataTooBig, SuspiciousOperation, UnreadablePostError) as error:
        raise StartRefused(StartReason.MALFORMED) from error
    return tokens[0] if len(tokens) == 1 else ""


def _render(request: HttpRequest, *, config: IntegrationConfig | None, context: Mapping[str, object]) -> HttpResponse:
    around = find_surroundings(config, request=request, allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]))
    # Zendesk names its theme in the address. Without it the browser's own preference decides.
    theme = request.GET.get("colorScheme", "")
    common = {
        "slug": config.slug if config else "",
        "sdk_url": around.sdk_url if config else "",
        "theme": theme if theme in THEMES else "",
        "trust_states": TRUST_STATES,
        "pass_life_s": math.floor(panel.PASS_LIFE.total_seconds()),
    }
    # Without the request: nothing on this page may look at a cookie or a session.
    page = render_to_string("panel/panel.html", {**common, **context})
    return protect(HttpResponse(page), around=around)
