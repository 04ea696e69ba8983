"""`POST /api/v1/diagnose/`: the token doctor for machines."""

import time
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from linking import doctor, registry
from linking.api.access import MayUseSetup, PerPerson
from linking.doctor import Diagnosis, TokenKind, VerdictState

BODY_MAX_BYTES = 1_000_000
_KEYS = frozenset({"integration", "text", "kind"})
_REQUEST = inline_serializer(
    name="DiagnoseRequest",
    fields={
        "text": serializers.CharField(help_text="A token, a Cookie header, a curl line or a JSON answer."),
        "integration": serializers.CharField(required=False, help_text="Slug; else the one the token names."),
        "kind": serializers.ChoiceField(choices=[kind.value for kind in TokenKind], default=TokenKind.AUTO.value),
    },
)
_VERDICT = inline_serializer(
    name="Verdict",
    many=True,
    fields={
        "rule": serializers.CharField(),
        "state": serializers.ChoiceField(choices=[state.value for state in VerdictState]),
        "cause": serializers.CharField(),
        "problem": serializers.CharField(),
        "fix": serializers.CharField(),
    },
)
_ANSWER = inline_serializer(
    name="Diagnosis",
    fields={
        "kind": serializers.CharField(),
        "found_in": serializers.CharField(),
        "integration": serializers.CharField(),
        "is_accepted": serializers.BooleanField(),
        "verdicts": _VERDICT,
    },
)


class BodyTooLarge(APIException):
    """The body is not read at all."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("The body is larger than %(number)s bytes. Send the token alone.") % {
        "number": BODY_MAX_BYTES
    }
    default_code = "too_large"


class Diagnose(APIView):
    """`POST /api/v1/diagnose/`. A read-only API token may ask too: nothing is changed by asking."""

    permission_classes = (MayUseSetup,)
    throttle_classes = (PerPerson,)

    @extend_schema(operation_id="diagnose", request=_REQUEST, responses=_ANSWER)
    def post(self, request: Request) -> Response:
        """Judge a token rule by rule; nothing of it is stored or logged."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_MAX_BYTES:
            raise BodyTooLarge
        text, kind, slug = _read(request.data)
        try:
            diagnosis = doctor.diagnose_paste(text=text, kind=kind, slug=slug, now=time.time())
        except registry.NoSuchIntegration as error:
            raise ValidationError({"integration": [_("There is no integration with this slug.")]}) from error
        return Response(_describe(diagnosis), headers={"Cache-Control": "no-store"})


def _read(data: Any) -> tuple[str, TokenKind, str]:
    """Return text, kind and slug. The text may hold anything: a NUL in a token is what the doctor is there to say."""
    if not isinstance(data, dict):
        raise ValidationError({"detail": _("The body must be a JSON object.")})
    problems: dict[str, list[str]] = {}
    if data.keys() - _KEYS:
        problems["detail"] = [_("Only these keys are allowed: %(keys)s.") % {"keys": ", ".join(sorted(_KEYS))}]
    text, kind, slug = data.get("text"), data.get("kind", TokenKind.AUTO.value), data.get("integration") or ""
    if not isinstance(text, str):
        problems["text"] = [_("This is required, as text.")]
    if not isinstance(slug, str):
        problems["integration"] = [_("This must be text.")]
    if kind not in [known.value for known in TokenKind]:
        problems["kind"] = [_("This must be one of: %(words)s.") % {"words": ", ".join(TokenKind)}]
    if problems:
        raise ValidationError(problems)
    return str(text), TokenKind(kind), str(slug)


def _describe(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "kind": diagnosis.kind.value,
        "found_in": diagnosis.found_in,
        "integration": diagnosis.slug,
        "is_accepted": diagnosis.is_accepted,
        "verdicts": [
            {
                "rule": verdict.rule,
                "state": verdict.state.value,
                "cause": verdict.cause,
                "problem": verdict.problem,
                "fix": verdict.fix,
            }
            for verdict in diagnosis.verdicts
        ],
    }
