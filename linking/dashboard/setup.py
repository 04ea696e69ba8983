"""The set-up pages, for the person who wires the widget: addresses, snippets, and a checklist that knows."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linking import roles
from linking.core.config import LoginAlgorithm, SecretName
from linking.dashboard.access import page
from linking.dashboard.snippets import snippets_of
from linking.models import Integration, LoginUser, Visitor, VisitorLink
from linking.models.standing import missing_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the checklist: whether it is done, and what to do while it is not."""

    title: str
    is_done: bool
    todo: str


@page
@require_safe
def setup(request: HttpRequest) -> HttpResponse:
    """Lead to the one integration's page, or list them, or teach how to make the first."""
    integrations = list(Integration.objects.all())
    if len(integrations) == 1:
        return redirect("setup_integration", slug=integrations[0].slug)
    is_admin = roles.is_admin(request.user)
    context = {"integrations": integrations, "add_url": reverse("admin:linking_integration_add") if is_admin else ""}
    return render(request, "dashboard/setup.html", context)


@page
@require_safe
def setup_integration(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how to wire one integration's widget, with its real values and never a secret."""
    integration = get_object_or_404(Integration, slug=slug)
    endpoint = request.build_absolute_uri(f"/generate/token/{integration.slug}")
    steps = checklist(integration=integration)
    is_admin = roles.is_admin(request.user)
    context = {
        "integration": integration,
        "endpoint": endpoint,
        "steps": steps,
        "done": sum(step.is_done for step in steps),
        "snippets": snippets_of(
            product=integration.zendesk_product,
            endpoint=endpoint,
            account_key=integration.zendesk_account_key,
            cookie_name=integration.cookie_name,
        ),
        "admin_url": reverse("admin:linking_integration_change", args=[integration.pk]) if is_admin else "",
    }
    return render(request, "dashboard/setup_integration.html", context)


def checklist(*, integration: Integration) -> tuple[Step, ...]:
    """Return the steps from nothing to a linked visitor, each with its live state, in five queries."""
    missing = missing_secrets(integration, names=set(integration.secrets.values_list("name", flat=True)))
    return (*_secret_steps(integration, missing=missing), _origin_step(integration), *_live_steps(integration))


def _secret_steps(integration: Integration, *, missing: tuple[SecretName, ...]) -> tuple[Step, ...]:
    login = Step(
        title=_("Login project's secret key is set"),
        is_done=SecretName.LOGIN_SECRET_KEY not in missing,
        todo=_("Publisher Account, Login, Security: copy the secret key into the integration's settings."),
    )
    if integration.login_algorithm == LoginAlgorithm.RS256:
        login = Step(title=_("Login project signs with RS256, no secret key is needed"), is_done=True, todo="")
    shared = Step(
        title=_("Zendesk's shared secret is set"),
        is_done=SecretName.ZENDESK_SHARED_SECRET not in missing,
        todo=_("Zendesk Chat, Settings, Widget, Widget security, Visitor authentication: generate and copy it."),
    )
    access = Step(
        title=_("Zendesk's access token is set"),
        is_done=SecretName.ZENDESK_ACCESS_TOKEN not in missing,
        todo=_("Zendesk Chat, Settings, Account, API: make a client and an access token with the scope to read chats."),
    )
    return (login, shared, access)


def _origin_step(integration: Integration) -> Step:
    return Step(
        title=_("The pages that show the widget are listed"),
        is_done=bool(integration.allowed_origins),
        todo=_("Add their origins, such as https://shop.example, to the integration's settings."),
    )


def _live_steps(integration: Integration) -> tuple[Step, ...]:
    tokens = LoginUser.objects.filter(integration=integration, first_authenticated_at__isnull=False)
    links = VisitorLink.objects.filter(visitor__integration=integration)
    return (
        Step(
            title=_("A first token was issued"),
            is_done=tokens.exists(),
            todo=_("Put a snippet into the page, sign a player in and open the chat."),
        ),
        Step(
            title=_("A first visitor was read from Zendesk"),
            is_done=Visitor.objects.filter(integration=integration).exists(),
            todo=_("Write a line in the chat. The sync page shows when Zendesk was asked last."),
        ),
        Step(
            title=_("A first visitor is linked to a Login user"),
            is_done=links.exists(),
            todo=_("If visitors stay anonymous, the widget gets no token: look at the page's console."),
        ),
    )
