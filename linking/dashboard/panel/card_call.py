"""`POST /panel/{integration}/card`: the page inside Zendesk asks about the person of its ticket, chat or user."""

import logging
import math
import time
from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from linking import panel, registry
from linking.core import strict_json
from linking.core.config import IntegrationConfig
from linking.dashboard.panel.card import build_card
from linking.dashboard.panel.person import (
    BadReference,
    FoundPerson,
    PanelQuestion,
    PersonReference,
    find_person,
    parse_reference,
)
from linking.dashboard.shell.parts import Text
from linking.limits import WindowLimiter
from linking.panel import PanelPass, PassFlaw, PassRefused
from linking.tasks import CLOCK

BODY_MAX_BYTES = 4096
CARDS_PER_MINUTE = 60
# When a panel looks again for an answer that Zendesk owes.
RETRY_AFTER_S = 3
_PASS_FLAWS: Mapping[PassFlaw, Text] = {
    PassFlaw.MISSING: gettext_lazy("The request has no pass. Send it as Authorization: Bearer."),
    PassFlaw.INVALID: gettext_lazy("The pass is not valid for this integration."),
    PassFlaw.EXPIRED: gettext_lazy("The pass has expired. Reload the apps in Zendesk."),
}
limiter = WindowLimiter(at_most=CARDS_PER_MINUTE, shared_as="panel-cards")
logger = logging.getLogger(__name__)


class _Refused(Exception):
    """The question is not answered; the arguments are those of the answer."""

    def __init__(self, *, status: int, reason: str, detail: Text, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.detail, self.headers = status, reason, detail, headers or {}


@csrf_exempt
@login_not_required
@never_cache
def show_card(request: HttpRequest, slug: str) -> JsonResponse:
    """Answer with the card of the person that the body names, and a fresh pass."""
    try:
        _require_post(request)
        config = registry.current().by_slug.get(slug)
        held = _read_pass(request, config=config)
        _take_turn(held)
        reference = _read_reference(request)
    except _Refused as refused:
        body = {"detail": str(refused.detail), "reason": refused.reason}
        return JsonResponse(body, status=refused.status, headers=dict(refused.headers))
    # A pass is only good for an integration that exists.
    return _answer(request, config=config, held=held, reference=reference)  # type: ignore[arg-type]


def _answer(
    request: HttpRequest, *, config: IntegrationConfig, held: PanelPass, reference: PersonReference
) -> JsonResponse:
    now = timezone.now()
    question = PanelQuestion(
        person=f"panel:{held.start}",
        clock=CLOCK,
        allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
        give_way=request.META.get("linking.give_way", lambda: None),
    )
    found = find_person(reference, config=config, question=question)
    is_known = found.user is not None or found.visitor is not None
    # Who looked how often, and nobody's name: neither the agent's nor the player's.
    outcome = "found" if is_known else "unknown"
    logger.info("panel look-up: %s, start %s, agent %s, %s", config.slug, held.start, held.agent or "unknown", outcome)
    fresh = {"pass": panel.renew_pass(held, config=config, now=now.timestamp())}
    if is_known:
        return JsonResponse(build_card(found, request=request, now=now) | fresh)
    return _answer_unknown(found, reference=reference, fresh=fresh)


def _answer_unknown(found: FoundPerson, *, reference: PersonReference, fresh: Mapping[str, str]) -> JsonResponse:
    if found.is_waiting:
        body = {"detail": found.sentence, "reason": "waiting", **fresh}
        return JsonResponse(body, status=404, headers={"Retry-After": str(RETRY_AFTER_S)})
    sentence = _("Anonymous: this person was not signed in, so Zendesk names no player.")
    if reference.external_id:
        sentence = _("zdbridge does not know this player: no token was issued to this ID, and no sync has seen it.")
    return JsonResponse({"detail": sentence, "reason": "unknown", **fresh}, status=404)


def _require_post(request: HttpRequest) -> None:
    if request.method != "POST":
        sentence = gettext_lazy("This address answers POST only.")
        raise _Refused(status=405, reason="method", detail=sentence, headers={"Allow": "POST"})


def _read_pass(request: HttpRequest, *, config: IntegrationConfig | None) -> PanelPass:
    scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
    try:
        return panel.read_pass(text.strip() if scheme.lower() == "bearer" else "", config=config, now=time.time())
    except PassRefused as error:
        raise _Refused(
            status=401,
            reason=error.flaw.value,
            detail=_PASS_FLAWS[error.flaw],
            headers={"WWW-Authenticate": "Bearer"},
        ) from error


def _take_turn(held: PanelPass) -> None:
    wait_s = limiter.wait_s(key=held.start, now=time.time())
    if wait_s > 0:
        raise _Refused(
            status=429,
            reason="too_many",
            detail=gettext_lazy("This panel has asked too often in a minute. Wait a moment."),
            headers={"Retry-After": str(math.ceil(wait_s))},
        )


def _read_reference(request: HttpRequest) -> PersonReference:
    announced = str(request.META.get("CONTENT_LENGTH") or "0")
    is_announced_large = not (announced.isascii() and announced.isdigit()) or int(announced[:18]) > BODY_MAX_BYTES
    try:
        body = b"" if is_announced_large else request.read(BODY_MAX_BYTES + 1)
        if is_announced_large or len(body) > BODY_MAX_BYTES:
            raise _Refused(status=413, reason="too_large", detail=gettext_lazy("The body is too large."))
        return parse_reference(strict_json.read_object(body))
    except (UnreadablePostError, strict_json.NotStrictJSON, BadReference) as error:
        raise _Refused(
            status=400,
            reason="not_readable",
            detail=gettext_lazy(
                "The body must be a JSON object with external_id, visitor_id or support_user_id, each a text of at "
                "most 255 characters."
            ),
        ) from error
