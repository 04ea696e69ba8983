"""Answers to machines that watch: alive, ready, and how it goes."""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import split_domain_port
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from prometheus_client import CONTENT_TYPE_LATEST
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from linking import queue, registry
from linking.accounts import roles
from linking.api.probe_hosts import ASKED_HOST
from linking.api.token_authentication import ByAPIToken, may_call
from linking.clients.vendor_urls import is_loopback_address, is_loopback_name
from linking.core.addresses import WAS_FORWARDED
from linking.models.people.person import TokenScope
from linking.monitoring import health
from linking.monitoring.metrics import collector
from linking.sync import history

# A broker that is away is asked for again only after this time, so that a probe a second does not pile up on it.
BROKER_REMEMBERED_S = 5.0
# Anybody may ask whether all is well, and finding out takes a dozen queries and opens every secret.
READINESS_REMEMBERED_S = 2.0
_PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


@login_not_required
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer while the process serves; touches no backend."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 with `{"status": "ready"|"degraded"}`, 503 with `"down"`: anybody may ask that.

    This machine, whoever is signed in and whoever sends an API token are told what is wrong, too: `"down"` and
    `"degraded"`, each where there is such, are lists of `{"part", "detail"}`.
    """
    found = _recall_readiness()
    body: dict[str, object] = {"status": found.status}
    if found.status != health.Status.READY and (_is_from_here(request) or _is_known(request)):
        lists = {"down": found.broken, "degraded": found.degraded}
        body |= {name: [asdict(flaw) for flaw in flaws] for name, flaws in lists.items() if flaws}
    return JsonResponse(body, status=503 if found.broken else 200)


class FromHereOrWithToken(BasePermission):
    """This machine itself, or an API token with the scope `metrics` of somebody who may see the pages."""

    message = gettext_lazy(
        "Use an API token with the scope metrics of a member of agents, leads or admins, or read the metrics on this "
        "machine."
    )

    def has_permission(self, request: Request, _view: object) -> bool:
        """Return whether the numbers may be read."""
        if _is_from_here(request):
            return True
        return roles.can_see_pages(request.user) and may_call(request.auth, TokenScope.METRICS)


class DatabaseAway(APIException):
    """The numbers are in the database, and it does not answer."""

    status_code = 503
    default_detail = gettext_lazy("The database does not answer.")


@extend_schema(exclude=True)
@method_decorator(never_cache, name="dispatch")
class Metrics(APIView):
    """`GET /metrics`: Prometheus' text format."""

    authentication_classes = (ByAPIToken,)
    permission_classes = (FromHereOrWithToken,)
    throttle_classes = ()

    def get(self, _request: Request) -> HttpResponse:
        """Answer with the numbers."""
        try:
            now = timezone.now()
            budgets = history.load_budgets(snapshot=registry.current(), now=now)
            used = {slug: (budget.this_minute, budget.per_minute) for slug, budget in budgets.items()}
            return HttpResponse(collector.build_metrics(now=now, budgets=used), content_type=CONTENT_TYPE_LATEST)
        except DatabaseError as error:
            raise DatabaseAway from error


def _is_from_here(request: HttpRequest | Request) -> bool:
    # A proxy on this machine that nobody declared also calls from loopback; what it adds or the name it was asked by
    # gives it away.
    if request.META.get(WAS_FORWARDED) or any(name in request.headers for name in _PROXY_HEADERS):
        return False
    host, _port = split_domain_port(request.META.get(ASKED_HOST) or request.get_host())
    return is_loopback_address(request.META.get("REMOTE_ADDR", "")) and is_loopback_name(host.strip("[]"))


def _is_known(request: HttpRequest) -> bool:
    """Return whether the request carries a session or an API token that counts; no, where nobody can tell."""
    try:
        # Whoever brings neither is not looked up at all.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            return True
        return ByAPIToken().authenticate(Request(request)) is not None
    except (AuthenticationFailed, DatabaseError):
        return False


class _Readiness:
    lock = threading.Lock()
    found: health.Readiness | None = None
    asked_at = float("-inf")


def _recall_readiness(clock: Callable[[], float] = time.monotonic) -> health.Readiness:
    """Return what is wrong, found at most once in `READINESS_REMEMBERED_S` however many ask.

    One finds out; meanwhile the others get the answer before it, so that a mute database holds one thread only.
    """
    found = _Readiness.found
    if found is not None and clock() - _Readiness.asked_at < READINESS_REMEMBERED_S:
        return found
    if not _Readiness.lock.acquire(blocking=found is None) and found is not None:
        return found
    try:
        found = _Readiness.found = health.find_readiness(
            now=timezone.now(), is_broker_up=_is_broker_up(), data_dir=settings.LINKING["DATA_DIR"]
        )
        _Readiness.asked_at = clock()
        return found
    finally:
        _Readiness.lock.release()


def forget_readiness() -> None:
    """Let the next question be answered anew."""
    _Readiness.found = None


class _Broker:
    is_up = True
    asked_at = float("-inf")


def _is_broker_up(clock: Callable[[], float] = time.monotonic) -> bool:
    if clock() - _Broker.asked_at >= BROKER_REMEMBERED_S:
        _Broker.is_up = queue.is_available()
        _Broker.asked_at = clock()
    return _Broker.is_up
