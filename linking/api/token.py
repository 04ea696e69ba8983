"""The HTTP face of the token endpoint: translates in, asks `linking.tokens.endpoint`, translates out.

`answer_to` is what both callers share: the view here, and the front in `linking.api.front`, which does without Django's
request and response. Whatever either of them adds, the other would have to add as well.
"""

import time
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from linking.api import refusal_log
from linking.api.token_schema import TokenSchema, describe_token_route
from linking.core.cors import Headers
from linking.limits import Limiter
from linking.monitoring.metrics import token_times
from linking.tokens import endpoint as tokens
from linking.tokens.http import HEADERS_KEPT

# A response without any would make up a longer one; the headers of the answer take its place either way.
_REPLACED = "application/json"
# Never asked: there is one form of answer. It is handed over so that no request makes its own.
_NEGOTIATION = DefaultContentNegotiation()


class TokenHeaders(ResponseHeaders):
    """Headers of a `TokenAnswer`: text that needs no looking at. Otherwise each one is encoded and decoded twice, which
    takes longer than the answer.
    """

    def __init__(self, headers: Headers) -> None:
        """Hold `headers`, to be changed like any response's."""
        self._store = _index_headers(headers).copy()

    def items(self) -> Any:
        """Return the pairs of name and value."""
        return self._store.values()


class TokenResponse(HttpResponse):
    """Django's response for a `TokenAnswer`."""

    def __init__(self, given: tokens.TokenAnswer) -> None:
        """Take over status, headers and body."""
        super().__init__(given.body, content_type=_REPLACED, status=given.status)
        self.headers = TokenHeaders(given.headers)


class TokenView(APIView):
    """`/generate/token` and `/generate/token/{integration}`.

    The framework adds nothing here: who may ask, in which form and how often is all decided in `linking.tokens`.
    """

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = ()
    renderer_classes = ()
    schema = TokenSchema()

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view, marked as open to everybody."""
        return login_not_required(super().as_view(**initkwargs))

    def initialize_request(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> Request:
        """Return the framework's request without its reference to itself, which only the garbage collector undoes."""
        wrapped = Request(request, negotiator=_NEGOTIATION, parser_context={})
        wrapped.parser_context.clear()
        return wrapped

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Do nothing: there is one format, and nobody to identify."""

    @property
    def default_response_headers(self) -> dict[str, str]:
        """No headers but those of the answer."""
        return {}

    @describe_token_route
    def get(self, request: Request, slug: str | None = None) -> HttpResponse:
        """Answer with status, headers and body as `linking.tokens.endpoint` gives them."""
        return TokenResponse(answer_to(request.META, slug))

    post = head = get
    options = get  # type: ignore[assignment]

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        """Refuse in the same form as everything else."""
        return self.get(request, *args, **kwargs)


@lru_cache(maxsize=HEADERS_KEPT)
def _index_headers(headers: Headers) -> dict[str, tuple[str, str]]:
    return {name.lower(): (name, value) for name, value in headers}


def answer_to(environ: Mapping[str, Any], slug: str | None) -> tokens.TokenAnswer:
    """Answer the request that `environ` (PEP 3333) describes.

    `slug` is the last part of a path that names an integration, else None.
    """
    began_s, now_s = time.perf_counter(), time.time()
    given = tokens.serve(tokens.TokenRequest.from_environ(environ, slug), now_s, _limits())
    token_times.note(took_s=time.perf_counter() - began_s, status=given.status, reason=given.reason, now_s=now_s)
    if given.reason is not None:
        refusal_log.note(given, now_s=now_s)
    return given


@cache
def _limits() -> tokens.TokenLimits:
    per_address = cast("int", settings.LINKING["TOKEN_LIMIT_PER_ADDRESS"])
    per_user = cast("int", settings.LINKING["TOKEN_LIMIT_PER_USER"])
    return tokens.TokenLimits(
        per_address=Limiter(per_minute=per_address, shared_as="address"),
        per_user=Limiter(per_minute=per_user, shared_as="user"),
    )


def forget_limits() -> None:
    """Start counting anew, by the settings of this moment."""
    _limits.cache_clear()
