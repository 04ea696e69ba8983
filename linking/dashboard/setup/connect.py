"""The page where an administrator connects an integration with Zendesk, and the redirects to Zendesk and back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linking import integrations, registry
from linking.clients.vendor_urls import is_loopback_name
from linking.dashboard.setup.products import find_setup_words
from linking.dashboard.shell.access import require_admin, require_integration, setup_page
from linking.dashboard.shell.connection_words import explain_failed, explain_lost
from linking.dashboard.shell.parts import Notice
from linking.integrations import (
    CannotConnect,
    begin_connecting,
    find_account_authority,
    finish_connecting,
)
from linking.models import ConnectionState, Integration, Secret, SecretName, ZendeskConnection
from linking.sync import connections

# The result of an attempt waits in the session, so that no address contains text from outside.
_FAILURE = "zendesk_connect_failure"
_CONNECTED = "zendesk_connected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectStep:
    """One setting that must be set before the button works, and its `value`."""

    title: str
    is_done: bool
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why the last attempt failed; `words` are Zendesk's answer."""

    sentence: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A working connection."""

    at: datetime
    by: str
    scope: str
    renewed_at: datetime | None
    expires_at: datetime | None
    is_renewed_by_itself: bool


@setup_page
@require_safe
def show_connection(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how to connect, the state of the connection, and the result of the last attempt."""
    require_admin(request)
    integration = require_integration(slug)
    if not find_setup_words(integration.zendesk_product).is_connected_in_browser:
        return redirect("setup_integration", slug=slug)
    config, _problems = registry.config_of(integration)
    authority = find_account_authority(config)
    row = connections.find_connection(integration_id=integration.pk)
    steps = _list_steps(integration, authority=authority)
    redirect_url = _build_redirect_url(request)
    context = {
        "integration": integration,
        "failure": _take_failure(request),
        "is_fresh": request.session.pop(_CONNECTED, "") == slug,
        "notice": _find_notice(integration, row=row),
        "is_known": row is not None,
        "facts": None if row is None or row.state == ConnectionState.LOST else _build_facts(row),
        "steps": steps,
        "is_ready": all(step.is_done for step in steps),
        "account": authority.partition("://")[2],
        "redirect_url": redirect_url,
        "is_redirect_fine": _is_registrable(request),
        "settings_url": reverse("admin:linking_integration_change", args=[integration.pk]),
    }
    response = render(request, "dashboard/setup/connect.html", context)
    # Browsers hold the redirect that answers the button against the page's form-action too.
    allowed: dict[str, Any] = {"form-action": [authority]} if authority else {}
    allow: Any = csp_update(allowed)
    answered: HttpResponse = allow(lambda: response)()
    return answered


@setup_page
@require_POST
def start_connecting(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the person's browser to Zendesk."""
    require_admin(request)
    config = registry.current().by_slug.get(slug)
    if config is not None and not find_setup_words(config.zendesk_product).is_connected_in_browser:
        return redirect("setup_integration", slug=slug)
    try:
        place = begin_connecting(
            slug=slug,
            actor=integrations.Actor.from_user(request.user),
            session_key=request.session.session_key or "",
            redirect_url=_build_redirect_url(request),
            now=timezone.now(),
            allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
        )
    except registry.NoSuchIntegration:
        return redirect("setup")
    except CannotConnect as error:
        return _remember_failure(request, error)
    return redirect(place)


@setup_page
@require_http_methods(["GET"])
def handle_callback(request: HttpRequest) -> HttpResponse:
    """Handle the redirect back from Zendesk; its code works once, so opening the address again does nothing."""
    require_admin(request)
    try:
        slug = finish_connecting(
            answer=request.GET.dict(),
            actor=integrations.Actor.from_user(request.user),
            session_key=request.session.session_key or "",
            now=timezone.now(),
            allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
        )
    except CannotConnect as error:
        if not error.slug:
            context = {"sentence": explain_failed(error.flaw)}
            return render(request, "dashboard/setup/connect_stray.html", context, status=400)
        return _remember_failure(request, error)
    request.session[_CONNECTED] = slug
    return redirect("setup_connect", slug=slug)


def _remember_failure(request: HttpRequest, error: CannotConnect) -> HttpResponse:
    words = f"{error.words.code}: {error.words.description}" if error.words.description else error.words.code
    request.session[_FAILURE] = {"flaw": error.flaw.value, "words": words}
    return redirect("setup_connect", slug=error.slug)


def _take_failure(request: HttpRequest) -> Failure | None:
    failure = request.session.pop(_FAILURE, None)
    return None if failure is None else Failure(sentence=explain_failed(failure["flaw"]), words=failure["words"])


def _list_steps(integration: Integration, *, authority: str) -> list[ConnectStep]:
    secret = _find_secret(integration, name=SecretName.ZENDESK_CLIENT_SECRET)
    mark = _("fingerprint %s") % secret.fingerprint if secret else ""
    return [
        ConnectStep(title=_("Zendesk account"), is_done=bool(authority), value=authority.partition("://")[2]),
        ConnectStep(
            title=_("Client ID"), is_done=bool(integration.zendesk_client_id), value=integration.zendesk_client_id
        ),
        ConnectStep(title=_("Client secret"), is_done=secret is not None, value=mark),
    ]


def _find_secret(integration: Integration, *, name: SecretName) -> Secret | None:
    return next((secret for secret in integration.secrets.all() if secret.name == name), None)


def _find_notice(integration: Integration, *, row: ZendeskConnection | None) -> Notice | None:
    if row is None:
        has_token = _find_secret(integration, name=SecretName.ZENDESK_ACCESS_TOKEN) is not None
        text = _("The access token was entered by hand. Connecting replaces it.")
        return Notice(tone="quiet", icon="info-circle", text=text) if has_token else None
    if row.state == ConnectionState.LOST:
        sentences = (explain_lost(row.flaw), _("Sync uses the current access token until Zendesk refuses it."))
        return Notice(tone="bad", icon="alert-circle", text=" ".join(sentences))
    if row.expires_at and not row.refresh_sealed:
        text = _(
            "Zendesk issued no refresh token, so the access token cannot be renewed. Connect again before it expires."
        )
        return Notice(tone="warn", icon="alert-triangle", text=text)
    return None


def _build_facts(row: ZendeskConnection) -> Facts:
    return Facts(
        at=row.connected_at,
        by=row.connected_by,
        scope=row.scope,
        renewed_at=row.renewed_at,
        expires_at=row.expires_at,
        is_renewed_by_itself=bool(row.refresh_sealed),
    )


def _build_redirect_url(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("zendesk_callback"))


def _is_registrable(request: HttpRequest) -> bool:
    """Return whether Zendesk accepts this address as a redirect URL: https, or this machine."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return request.is_secure() or is_loopback_name(host.strip("[]"))
