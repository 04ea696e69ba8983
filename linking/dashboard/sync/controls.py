"""The controls of a sync on its page: start, pause, resume, stop, and import again from a date."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from linking import queue, tasks
from linking.accounts import roles
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.sources import find_words
from linking.dashboard.shell.times import format_time
from linking.models import Integration
from linking.sync import controls, history

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@page
@require_POST
def start_sync(request: HttpRequest, slug: str) -> HttpResponse:
    """Start a sync of one integration."""
    require(roles.can_decide(request.user))
    integration = _find_integration(slug)
    if slug in history.find_running():
        messages.info(request, _("%s is already syncing.") % integration.name)
        return redirect("sync")
    try:
        queue.put(task=tasks.sync_integration.name, integration_id=integration.pk, trigger="page")
    except queue.BrokerUnavailable:
        messages.error(request, _("The sync could not be queued: the broker is not responding. Try again in a minute."))
    else:
        messages.success(request, _("%s starts syncing in a moment.") % integration.name)
    return redirect("sync")


@page
@require_POST
def pause_sync(request: HttpRequest, slug: str) -> HttpResponse:
    """Pause an integration's schedule."""
    done = _("%s is paused. Resume it to sync again.")
    return _steer(request, slug=slug, change=controls.pause, done=done, idle=_("%s is already paused."))


@page
@require_POST
def resume_sync(request: HttpRequest, slug: str) -> HttpResponse:
    """Resume an integration's schedule."""
    done = _("%s is resumed. A sync starts within seconds.")
    return _steer(request, slug=slug, change=controls.resume, done=done, idle=_("%s is not paused."))


@page
@require_POST
def stop_sync(request: HttpRequest, slug: str) -> HttpResponse:
    """Stop the running sync."""
    done = _("Stopping %s after the current page. The schedule continues in a minute unless it is paused.")
    return _steer(request, slug=slug, change=controls.ask_stop, done=done, idle=_("%s is not syncing."))


@page
@require_POST
def backfill_chats(request: HttpRequest, slug: str) -> HttpResponse:
    """Make the next sync read the export again from a date, and start it."""
    require(roles.can_decide(request.user))
    integration = _find_integration(slug)
    now = timezone.now()
    from_at = read_date(request.POST.get("from", ""), now=now)
    if from_at is None:
        messages.error(request, _("Nothing was changed: the date must be a day from 2000 to today."))
        return redirect("sync")
    controls.ask_backfill(integration=integration, from_at=from_at, by=request.user, now=now)
    with suppress(queue.BrokerUnavailable):  # the wish is stored: the next scheduled sync follows it too
        queue.put(task=tasks.sync_integration.name, integration_id=integration.pk, trigger="page")
    values = {"name": integration.name, "day": format_time(from_at)}
    messages.success(request, str(find_words(integration.zendesk_product).again_effect) % values)
    return redirect("sync")


def read_date(text: str, *, now: datetime) -> datetime | None:
    """Return the beginning of the day that a date box sent, in the reader's zone; None for none, or one to come."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.get_current_timezone())
    except ValueError:
        return None
    return day if EARLIEST <= day <= now else None


def _find_integration(slug: str) -> Integration:
    integration = history.load_integrations().get(slug)
    if integration is None:
        raise Http404
    return integration


def _steer(request: HttpRequest, *, slug: str, change: Callable[..., bool], done: str, idle: str) -> HttpResponse:
    require(roles.can_decide(request.user))
    integration = _find_integration(slug)
    if change(integration=integration, by=request.user, now=timezone.now()):
        messages.success(request, done % integration.name)
    else:
        messages.info(request, idle % integration.name)
    return redirect("sync")
