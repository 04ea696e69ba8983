"""The HTTP face of the token endpoint: translates in, asks `linking.tokens`, translates out."""

import time
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from linking import tokens
from linking.limits import Limiter


@extend_schema(exclude=True)
@method_decorator(login_not_required, name="dispatch")
class TokenView(APIView):
    """`/generate/token` and `/generate/token/{integration}`.

    The framework adds nothing here: who may ask, in which form and how often is all decided in `linking.tokens`.
    """

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = ()
    renderer_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Do nothing: there is one format, and nobody to identify."""

    @property
    def default_response_headers(self) -> dict[str, str]:
        """No headers but those of the answer."""
        return {}

    def get(self, request: Request, slug: str | None = None) -> HttpResponse:
        """Answer with status, headers and body as `linking.tokens` gives them."""
        given = tokens.serve(
            request=_token_request(environ=request.META, method=request.method or "", slug=slug),
            now=time.time(),
            limits=_limits(
                per_address=settings.LINKING["TOKEN_LIMIT_PER_ADDRESS"],
                per_user=settings.LINKING["TOKEN_LIMIT_PER_USER"],
            ),
        )
        response = HttpResponse(given.body, status=given.status)
        del response["Content-Type"]
        for name, value in given.headers:
            response[name] = value
        return response

    post = head = get
    options = get  # type: ignore[assignment]

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        """Refuse in the same form as everything else."""
        return self.get(request, *args, **kwargs)


def _token_request(*, environ: dict[str, Any], method: str, slug: str | None) -> tokens.TokenRequest:
    # The raw Cookie header: the parsed cookies have already forgotten that one stood twice.
    return tokens.TokenRequest(
        method=method,
        slug=slug,
        cookie_header=environ.get("HTTP_COOKIE", ""),
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        origin=environ.get("HTTP_ORIGIN"),
        fetch_mode=environ.get("HTTP_SEC_FETCH_MODE", ""),
        address=environ.get("REMOTE_ADDR", ""),
    )


@lru_cache(maxsize=8)
def _limits(*, per_address: int, per_user: int) -> tokens.TokenLimits:
    return tokens.TokenLimits(per_address=Limiter(per_minute=per_address), per_user=Limiter(per_minute=per_user))


def forget_limits() -> None:
    """Start counting anew."""
    _limits.cache_clear()
