"""The token route in the OpenAPI description: what it takes, and every answer it gives."""

from collections import defaultdict

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from linking.tokens.refusals import REFUSALS, Refusal

_JSON = "application/json"
_TOKEN = inline_serializer("ZendeskToken", {"token": serializers.CharField(help_text="The Zendesk JWT.")})
_REFUSAL = inline_serializer(
    "TokenRefusal",
    {
        "code": serializers.CharField(help_text="Stable: programs may rely on it."),
        "description": serializers.CharField(help_text="One sentence that says what to do."),
        "reason": serializers.CharField(help_text="A finer machine word."),
    },
)
_PARAMETERS = [
    OpenApiParameter(
        "Authorization", OpenApiTypes.STR, OpenApiParameter.HEADER, description="`Bearer` and the Login JWT."
    ),
    OpenApiParameter(
        "token",
        OpenApiTypes.STR,
        OpenApiParameter.COOKIE,
        description="The Login JWT, where there is no Authorization; each integration names its cookie.",
    ),
    OpenApiParameter(
        "Origin",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description="The asking page, as browsers send it; it must be one that the integration lists.",
    ),
]
_DESCRIPTION = (
    "Give the Zendesk JWT of the player whose Login JWT is sent. Without an integration in the path, the one whose "
    "Login project the token names answers. Nothing here needs an account of this installation."
)


def _answers() -> dict[tuple[int, str], OpenApiResponse]:
    by_status: dict[int, list[Refusal]] = defaultdict(list)
    for row in REFUSALS.values():
        by_status[row.status].append(row)
    refused = {
        (status, _JSON): OpenApiResponse(
            _REFUSAL,
            description=", ".join(f"`{row.reason}`" for row in rows),
            examples=[
                OpenApiExample(
                    row.reason.value,
                    value={"code": row.code.value, "description": row.description, "reason": row.reason.value},
                    response_only=True,
                    status_codes=[str(status)],
                )
                for row in rows
            ],
        )
        for status, rows in sorted(by_status.items())
    }
    return {(200, _JSON): OpenApiResponse(_TOKEN, description="A token was given; it must not be kept.")} | refused


class TokenSchema(AutoSchema):
    """Names the route's operations by path too: the same view answers with and without an integration in it."""

    def get_operation_id(self) -> str:
        """Return `token_get`, `token_post_of_integration` and so on."""
        return f"token_{self.method.lower()}" + ("_of_integration" if "{slug}" in self.path else "")


describe_token_route = extend_schema(
    tags=["token"],
    summary="Zendesk JWT of a signed-in player",
    description=_DESCRIPTION,
    parameters=_PARAMETERS,
    request=None,
    responses=_answers(),
)
