"""Refreshes the selected visitors of a list from Zendesk, after new chats and within the rate limit."""

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from linking.accounts import audit, roles
from linking.dashboard.shell.access import page, require
from linking.dashboard.visitors.selection import NothingSelected, find_selected, parse_selection
from linking.search import UnknownFilter
from linking.sync import lookups

# As many as an account reads in five minutes: more would delay the daily work for hours.
RECHECK_MAX = 1_000


@page
@require_POST
def recheck_visitors(request: HttpRequest) -> HttpResponse:
    """Queue the selected visitors, or the first of those that the list finds."""
    require(roles.can_decide(request.user))
    now = timezone.now()
    try:
        selection = parse_selection(request.POST)
        if selection.filters.is_waiting_list:
            raise UnknownFilter(
                name="state", message=_("Players without a chat have no record in Zendesk that could be refreshed.")
            )
        visitors = find_selected(selection, sees_contact=roles.can_see_contact(request.user), now=now)
    except NothingSelected:
        messages.warning(request, _("No visitor is selected."))
        return redirect("visitors")
    except UnknownFilter as error:
        return render(request, "dashboard/shell/bad_filter.html", {"sentence": str(error)}, status=400)
    with transaction.atomic():
        number = lookups.queue_again(visitors=visitors, now=now, limit=RECHECK_MAX)
        audit.audit_list_action(
            user=request.user, action="recheck", target=f"{number} visitors", filters=selection.names, now=now
        )
    sentence = ngettext(
        "%s visitor is queued for a refresh. The next syncs update it.",
        "%s visitors are queued for a refresh. The next syncs update them.",
        number,
    )
    messages.success(
        request, sentence % intcomma(number) if number else _("All of them are already queued for a refresh.")
    )
    return redirect(reverse("visitors") + selection.filters.build_page_address())
