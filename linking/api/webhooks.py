"""`POST /api/v1/hooks/zendesk/{integration}`: Zendesk Support says that a chat made a ticket."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http.request import UnreadablePostError
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from linking.sync import webhook

SIGNATURE, TIMESTAMP = "X-Zendesk-Webhook-Signature", "X-Zendesk-Webhook-Signature-Timestamp"
# 409 is left out on purpose: Zendesk is known to send a call that was answered so again.
REFUSALS: Mapping[webhook.WebhookReason, tuple[int, str]] = MappingProxyType(
    {
        webhook.WebhookReason.TOO_LARGE: (413, f"The body is larger than {webhook.BODY_MAX_BYTES} bytes."),
        webhook.WebhookReason.UNSIGNED: (
            401,
            f"{SIGNATURE} and {TIMESTAMP} are needed; the latter as an ISO 8601 time.",
        ),
        webhook.WebhookReason.STALE: (401, "The signed time is more than five minutes from now."),
        webhook.WebhookReason.SIGNATURE: (401, "The signature does not fit."),
        webhook.WebhookReason.REPLAYED: (403, "This call was received before, and counts once."),
        webhook.WebhookReason.NOT_JSON: (400, "The body must be a JSON object in UTF-8, each name once."),
        webhook.WebhookReason.NOBODY_NAMED: (
            422,
            "One of visitor_id, chat_id, email and ticket_id must say something.",
        ),
        webhook.WebhookReason.TOO_MANY: (
            429,
            "Too many calls in a few minutes; the chats will be found without them.",
        ),
        webhook.WebhookReason.UNAVAILABLE: (503, "The database cannot be reached. Send the call again."),
    }
)
_PATH = re.compile(r"/api/v1/hooks/zendesk/(?P<slug>[^/]+)/?\Z")
_ALWAYS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
_MAY_COME_AGAIN = (webhook.WebhookReason.TOO_MANY, webhook.WebhookReason.UNAVAILABLE)
_BODY = inline_serializer(
    name="ChatTicket",
    fields={
        name: serializers.CharField(required=False, allow_blank=True)
        for name in ("visitor_id", "chat_id", "email", "ticket_id")
    },
)
_QUEUED = inline_serializer(
    name="ChatTicketTaken", fields={"queued": serializers.ChoiceField(choices=[word.value for word in webhook.Queued])}
)
_REFUSED = inline_serializer(
    name="ChatTicketRefused",
    fields={
        "detail": serializers.CharField(),
        "reason": serializers.ChoiceField(choices=[reason.value for reason in webhook.WebhookReason]),
    },
)


class ChatTicket(APIView):
    """`POST /api/v1/hooks/zendesk/{integration}`, a slash at the end or none.

    Nobody signs in here: the signature is what is believed, and `linking.sync.webhook` looks at it.
    """

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    # For the description only: the body is read here, as it came, because the signature is over its bytes.
    parser_classes = (JSONParser,)

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view, marked as open to everybody."""
        return login_not_required(super().as_view(**initkwargs))

    @extend_schema(
        operation_id="hooks_zendesk",
        auth=[],
        parameters=[
            OpenApiParameter(SIGNATURE, str, OpenApiParameter.HEADER, required=True),
            OpenApiParameter(TIMESTAMP, str, OpenApiParameter.HEADER, required=True),
        ],
        request=_BODY,
        responses={202: _QUEUED} | dict.fromkeys((400, 401, 403, 413, 422, 429, 503), _REFUSED),
    )
    def post(self, request: Request, slug: str) -> Response:
        """Have whoever a new chat ticket names looked up at once; for Zendesk Support's webhooks, signed by them."""
        try:
            call = webhook.SignedCall(
                timestamp=request.headers.get(TIMESTAMP, ""),
                signature=request.headers.get(SIGNATURE, ""),
                body=_body(request),
            )
            queued = webhook.receive(slug=slug, call=call, now=timezone.now())
        except webhook.WebhookRefused as refused:
            return _refusal(refused.reason)
        return Response({"queued": queued.value}, status=202, headers={"Cache-Control": "no-store"})


def refuse_by_head(environ: Mapping[str, Any]) -> tuple[int, list[tuple[str, str]], bytes] | None:
    """Return the answer to a call that its head alone gives away, before its body is read; None for all others.

    `environ` is what a WSGI server knows of a request (PEP 3333).
    """
    found = _PATH.match(environ["PATH_INFO"])
    if found is None or environ["REQUEST_METHOD"] != "POST":
        return None
    try:
        _check_length(environ)
        webhook.judge_head(
            slug=found["slug"],
            timestamp=environ.get("HTTP_X_ZENDESK_WEBHOOK_SIGNATURE_TIMESTAMP", ""),
            signature=environ.get("HTTP_X_ZENDESK_WEBHOOK_SIGNATURE", ""),
            now=timezone.now(),
        )
    except webhook.WebhookRefused as refused:
        status, detail = REFUSALS[refused.reason]
        body = json.dumps({"detail": detail, "reason": refused.reason.value}).encode()
        length = ("Content-Length", str(len(body)))
        return status, [("Content-Type", "application/json"), length, *_ALWAYS], body
    return None


def _check_length(environ: Mapping[str, Any]) -> None:
    """Raises: WebhookRefused where more is announced than is ever read."""
    announced = str(environ.get("CONTENT_LENGTH") or "0")
    if announced.isascii() and announced.isdigit() and int(announced[:18]) > webhook.BODY_MAX_BYTES:
        raise webhook.WebhookRefused(webhook.WebhookReason.TOO_LARGE)


def _body(request: Request) -> bytes:
    # What is announced as too long is not read at all; a body is never read further than it was announced.
    _check_length(request.META)
    try:
        body: bytes = request.read(webhook.BODY_MAX_BYTES + 1)
    except UnreadablePostError as error:
        raise webhook.WebhookRefused(webhook.WebhookReason.NOT_JSON) from error
    if len(body) > webhook.BODY_MAX_BYTES:
        raise webhook.WebhookRefused(webhook.WebhookReason.TOO_LARGE)
    return body


def _refusal(reason: webhook.WebhookReason) -> Response:
    status, detail = REFUSALS[reason]
    headers = {"Cache-Control": "no-store"}
    if reason in _MAY_COME_AGAIN:
        headers["Retry-After"] = str(webhook.RETRY_AFTER_S)
    return Response({"detail": detail, "reason": reason.value}, status=status, headers=headers)
