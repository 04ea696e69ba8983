"""The way into set-up: one integration's page, a list of them, or how to make the first."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from linking.accounts import roles
from linking.dashboard.shell.access import setup_page
from linking.integrations import PRODUCT_HELP, find_draft, list_integrations
from linking.models import DraftPurpose


@setup_page
@require_safe
def show_setup(request: HttpRequest) -> HttpResponse:
    """Lead to the one integration's page, or list them, or teach how to make the first."""
    integrations = list_integrations()
    if len(integrations) == 1:
        return redirect("setup_integration", slug=integrations[0].slug)
    is_admin = roles.is_admin(request.user)
    context = {
        "integrations": integrations,
        "add_url": reverse("guide") if is_admin else "",
        "has_draft": is_admin
        and find_draft(owner=request.user, purpose=DraftPurpose.GUIDE, now=timezone.now()) is not None,
        "how_to_tell": PRODUCT_HELP,
    }
    return render(request, "dashboard/setup/overview.html", context)
