"""What a person may set going from a page: reading one visitor again, and a pass of the sync."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from linking import tasks
from linking.accounts import roles
from linking.dashboard.records import refresh_state as refreshing
from linking.dashboard.records.unknown_visitor import ask_zendesk
from linking.dashboard.records.visitor_and_user import find_visitor
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.rows import visitor_url
from linking.models import Integration, RunState, SyncRun


@page
@require_POST
def refresh_visitor(request: HttpRequest, visitor_id: str) -> HttpResponse:
    """Have one visitor read again from Zendesk, and lead back to its page, which says how that goes."""
    require(roles.can_refresh(request.user))
    found = find_visitor(request, visitor_id=visitor_id)
    if found is None:
        return ask_zendesk(request, visitor_id=visitor_id)
    refused = refreshing.ask(session=request.session, person=str(request.user.pk), visitor=found, now=timezone.now())
    if refused:
        messages.error(request, refused)
    return redirect(visitor_url(visitor_id=found.visitor_id, integration=found.integration.slug))


@page
@require_POST
def start_sync(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a pass of one integration begin now."""
    require(roles.can_decide(request.user))
    integration = get_object_or_404(Integration, slug=slug)
    if SyncRun.objects.filter(integration=integration, state=RunState.RUNNING).exists():
        messages.info(request, _("A pass of %s is running already.") % integration.name)
    elif refreshing.queue(tasks.sync_integration, integration_id=integration.pk, trigger="page"):
        messages.success(request, _("A pass of %s begins in a moment.") % integration.name)
    else:
        messages.error(request, _("It could not be queued: the broker does not answer. Try again in a minute."))
    return redirect("sync")
