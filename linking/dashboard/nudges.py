"""What a person may set going from a page: reading one visitor again, and a pass of the sync."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError

from linking import refresh, roles, tasks
from linking.dashboard import refreshing
from linking.dashboard.access import page, require
from linking.dashboard.records import find_visitor
from linking.dashboard.rows import visitor_url
from linking.dashboard.unknown import ask_zendesk
from linking.models import Integration, RunState, SyncRun


@page
@require_POST
def refresh_visitor(request: HttpRequest, visitor_id: str) -> HttpResponse:
    """Have one visitor read again from Zendesk, and lead back to its page, which says how that goes."""
    require(roles.can_refresh(request.user))
    found = find_visitor(request, visitor_id=visitor_id)
    if found is None:
        return ask_zendesk(request, visitor_id=visitor_id)
    wish = refresh.request_refresh(visitor_pk=found.pk, person=str(request.user.pk), now=timezone.now())
    if wish.wait_s:
        sentence = _("You have asked for %(number)d refreshes in a minute. Try again in %(seconds)d seconds.")
        messages.error(request, sentence % {"number": refresh.PER_MINUTE, "seconds": wish.wait_s})
    elif wish.is_to_be_queued and not queue(tasks.refresh_visitor, visitor_pk=found.pk):
        refresh.drop_request(visitor_pk=found.pk)
        messages.error(request, _("It could not be queued: the broker does not answer. Try again in a minute."))
    elif not refreshing.look(session=request.session, visitor=found, now=timezone.now()).is_under_way:
        refreshing.note_asked(session=request.session, visitor=found, now=timezone.now())
    return redirect(visitor_url(visitor_id=found.visitor_id, integration=found.integration.slug))


@page
@require_POST
def start_sync(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a pass of one integration begin now."""
    require(roles.can_decide(request.user))
    integration = get_object_or_404(Integration, slug=slug)
    if SyncRun.objects.filter(integration=integration, state=RunState.RUNNING).exists():
        messages.info(request, _("A pass of %s is running already.") % integration.name)
    elif queue(tasks.sync_integration, integration_id=integration.pk, trigger="page"):
        messages.success(request, _("A pass of %s begins in a moment.") % integration.name)
    else:
        messages.error(request, _("It could not be queued: the broker does not answer. Try again in a minute."))
    return redirect("sync")


def queue(task: Any, **values: Any) -> bool:
    """Put a task into the queue and return whether that worked; a mute broker is not waited for."""
    try:
        task.apply_async(kwargs=values, retry=False)
    except (OperationalError, OSError):
        return False
    return True
