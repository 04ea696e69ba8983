"""The token endpoint before Django: answers its path and everything below it, and passes all else on.

Every page of a partner's site asks for a token, so what stands around the answer is what it costs. A request that is
in any way unusual (a host that is not ours, plain http where https is demanded) takes Django's way and gets Django's
answer.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.core.handlers.exception import response_for_exception
from django.core.handlers.wsgi import WSGIRequest, get_path_info
from django.http import HttpResponse
from django.http.request import split_domain_port, validate_host

from linking import registry
from linking.api.response_counts import note_response
from linking.api.token import TokenResponse, TokenView, answer_to
from linking.core import request_ids
from linking.core.cors import Headers
from linking.tokens.endpoint import TokenAnswer

PATH = "/generate/token"
_BELOW = PATH + "/"
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class TokenCall(WSGIRequest):
    """As much of Django's request as the token route and Django's handling of accidents look at."""

    def __init__(self, *, environ: Environ, slug: str | None) -> None:
        # Without the base class's own, which prepares the reading of a body and of forms: nobody asks for them here.
        self.environ = self.META = environ
        self.method = environ["REQUEST_METHOD"]
        self.path = self.path_info = environ["PATH_INFO"]
        self.slug = slug


class TokenFront:
    """WSGI wrapper around `application`.

    Args:
        is_direct: True answers without Django's request and response; False asks the view for the same answer.
        allowed_hosts: Django's setting; a Host header that is not among them is Django's to refuse.
        is_https_only: whether plain http is Django's to redirect.
        more_headers: what every answer of this installation carries, HSTS for instance.
    """

    def __init__(
        self,
        *,
        application: Any,
        is_direct: bool,
        allowed_hosts: Sequence[str],
        is_https_only: bool = False,
        more_headers: Headers = (),
    ) -> None:
        self._application = application
        self._is_https_only = is_https_only
        self._more_headers = more_headers
        self._answer: Callable[..., TokenAnswer | HttpResponse] = answer_to if is_direct else _through_view
        self._is_ours = lru_cache(maxsize=64)(lambda host: _is_allowed(host, allowed_hosts=tuple(allowed_hosts)))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if not self.is_asked(environ):
            return self._application(environ, start_response)
        status, headers, body = self.answer(environ)
        start_response(_STATUS_LINES[status], headers)
        return [body]

    def is_asked(self, environ: Environ) -> bool:
        """Return whether a request is answered here."""
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PATH) or not (path == PATH or path.startswith(_BELOW)):
            return False
        return self._is_ours(environ.get("HTTP_HOST", "")) and not self._is_redirected(environ)

    def is_prompt(self) -> bool:
        """Return whether an answer can wait for nothing: neither for the database nor for Login."""
        snapshot = registry.last_good()
        return snapshot is not None and not snapshot.is_email_looked_up

    def answer(self, environ: Environ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return status, headers and body of the answer to a request that `is_asked` found to be ours."""
        slug = _slug(environ)
        # Only a proxy's ID is passed on: making one for each token costs more than it tells.
        request_id = request_ids.read_sent(environ) if request_ids.ENVIRON_KEY in environ else ""
        request_ids.set_current(request_id)
        try:
            given = self._answer(environ, slug)
        except Exception as error:  # noqa: BLE001 - Django's own net: logged, redacted, answered with its page
            given = response_for_exception(TokenCall(environ=environ, slug=slug), error)
        more = (*self._more_headers, (request_ids.HEADER, request_id)) if request_id else self._more_headers
        if isinstance(given, TokenAnswer):
            return given.status, [*given.headers, *more], given.body
        if not isinstance(given, TokenResponse):
            # An accident; what the token route decides is counted where it is timed.
            note_response(PATH, status=given.status_code)
        return given.status_code, [*_headers(given), *more], given.content

    def _is_redirected(self, environ: Environ) -> bool:
        return self._is_https_only and environ.get("wsgi.url_scheme") != "https"


def hsts_headers(*, seconds: int, with_subdomains: bool, is_preloaded: bool) -> Headers:
    """Return the header that Django's security middleware would add to an answer over https; none for 0 seconds."""
    if not seconds:
        return ()
    value = f"max-age={seconds}"
    if with_subdomains:
        value += "; includeSubDomains"
    if is_preloaded:
        value += "; preload"
    return (("Strict-Transport-Security", value),)


_view = TokenView.as_view()


def _through_view(environ: Environ, slug: str | None) -> Any:
    call = TokenCall(environ=environ, slug=slug)
    return _view(call) if slug is None else _view(call, slug=slug)


def _headers(response: HttpResponse) -> list[tuple[str, str]]:
    """Return the headers of a response; an accident's page lacks what the middleware would have added to it."""
    headers = list(response.items())
    if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        headers += [
            ("Content-Length", str(len(response.content))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
    return headers


def _slug(environ: Environ) -> str | None:
    """Return what follows the token path, read as Django reads paths; None where nothing does.

    It may be no slug at all, with a slash in it say: then there is no integration of that name.
    """
    path = environ["PATH_INFO"]
    if path == PATH:
        return None
    if not path.isascii():
        path = get_path_info(environ)
    return str(path[len(_BELOW) :])


def _is_allowed(host: str, *, allowed_hosts: Sequence[str]) -> bool:
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, list(allowed_hosts))
