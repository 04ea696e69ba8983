"""Parting a visitor from a Login user on the visitor's page, where nothing else raised a conflict."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from linking import conflicts
from linking.accounts import roles
from linking.conflicts import DecidedMeanwhile
from linking.dashboard.records.visitor_and_user import visitor_or_404
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.rows import visitor_url
from linking.models import VisitorLink


@page
@require_POST
def part(request: HttpRequest, visitor_id: str) -> HttpResponse:
    """Part a visitor from the user it is linked to, and lead back to its page."""
    require(roles.can_decide(request.user))
    found = visitor_or_404(request, visitor_id=visitor_id)
    seen = request.POST.get("link", "")
    is_number = seen.isascii() and seen.isdigit() and len(seen) < 19
    link = get_object_or_404(VisitorLink, visitor=found, pk=int(seen) if is_number else 0)
    try:
        conflict = conflicts.part(link_id=link.pk, by=request.user, now=timezone.now())
    except DecidedMeanwhile:
        messages.warning(request, _("This link has ended already. Nothing was changed."))
    else:
        address = reverse("conflict", args=(conflict.pk,))
        messages.success(request, format_html('{} <a href="{}">{}</a>', _("Unlinked."), address, _("Undo")))
    return redirect(visitor_url(visitor_id=found.visitor_id, integration=found.integration.slug))
