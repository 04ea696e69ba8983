"""The way into set-up: one integration's page, a list of them, or how to make the first."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from linking.accounts import roles
from linking.dashboard.setup.checklist import build_checklist
from linking.dashboard.shell.access import setup_page
from linking.integrations import PRODUCT_HELP, find_draft, list_integrations
from linking.models import DraftPurpose, Integration

# A checklist takes six queries.
CHECKLISTS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupRow:
    """One integration and how far its set-up has come; `next_title` is "" once all is done.

    `total` is 0 where there are too many integrations to look at each.
    """

    integration: Integration
    done: int = 0
    total: int = 0
    next_title: str = ""


@setup_page
@require_safe
def show_setup(request: HttpRequest) -> HttpResponse:
    """Lead to the one integration's page, or list them, or teach how to make the first."""
    integrations = list_integrations()
    if len(integrations) == 1:
        return redirect("setup_integration", slug=integrations[0].slug)
    is_admin = roles.is_admin(request.user)
    context = {
        "rows": build_rows(integrations),
        "add_url": reverse("guide") if is_admin else "",
        "has_draft": is_admin
        and find_draft(owner=request.user, purpose=DraftPurpose.GUIDE, now=timezone.now()) is not None,
        "how_to_tell": PRODUCT_HELP,
    }
    return render(request, "dashboard/setup/overview.html", context)


def build_rows(integrations: Sequence[Integration]) -> list[SetupRow]:
    """Return a row for each integration, with its progress for the first `CHECKLISTS_MAX`."""
    rows = []
    for number, integration in enumerate(integrations):
        steps = build_checklist(integration=integration) if number < CHECKLISTS_MAX else ()
        todo = [step.title for step in steps if not step.is_done]
        row = SetupRow(
            integration=integration, done=len(steps) - len(todo), total=len(steps), next_title=todo[0] if todo else ""
        )
        rows.append(row)
    return rows
