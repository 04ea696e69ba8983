"""Unlinking a visitor from a player on the visitor's page, without an open conflict."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from linking.accounts import roles
from linking.conflicts import decisions, find
from linking.dashboard.records.visitor_page import get_visitor_or_404
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.numbers import parse_key
from linking.dashboard.shell.rows import build_visitor_url
from linking.models import VisitorLink


@page
@require_POST
def unlink_visitor(request: HttpRequest, visitor_id: str) -> HttpResponse:
    """Unlink a visitor from its user and redirect to the visitor's page."""
    require(roles.can_decide(request.user))
    visitor = get_visitor_or_404(request, visitor_id=visitor_id)
    try:
        link = find.find_link(visitor=visitor, link_id=parse_key(request.POST.get("link", "")))
        conflict = decisions.part(link_id=link.pk, by=request.user, now=timezone.now())
    except VisitorLink.DoesNotExist as error:
        raise Http404 from error
    except decisions.AlreadyDecided:
        messages.warning(request, _("This link has already ended. Nothing was changed."))
    else:
        undo_url = reverse("conflict", args=(conflict.pk,))
        messages.success(request, format_html('{} <a href="{}">{}</a>', _("Unlinked."), undo_url, _("Undo")))
    return redirect(build_visitor_url(visitor_id=visitor.visitor_id, integration=visitor.integration.slug))
