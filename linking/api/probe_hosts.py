"""Probes are answered whatever name they are asked by.

Load balancers, Kubernetes and Prometheus ask by IP address or by a name of their own, which `ALLOWED_HOSTS` does not
list. The answers contain no address built from the Host header, so a wrong one does no harm. Who learns details still
depends on the name that was asked for (`linking.api.health`).
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
# The environ's key for the Host header as it was sent.
ASKED_HOST = "linking.asked_host"


class ProbesByAnyHost:
    """Middleware that gives a probe an allowed Host header, and keeps the one that was sent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        if request.path_info in PROBES:
            asked = request.META.get("HTTP_HOST", "")
            domain, _port = split_domain_port(asked)
            allowed = [str(host) for host in settings.ALLOWED_HOSTS]
            if allowed and not (domain and validate_host(domain, allowed)):
                request.META[ASKED_HOST] = asked
                request.META["HTTP_HOST"] = allowed[0].lstrip(".") if allowed[0] != "*" else "localhost"
        return self._get_response(request)
