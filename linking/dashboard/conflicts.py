"""The conflicts page, for leads and admins: both sides of each question and its evidence."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linking import finding, roles
from linking.dashboard.access import page, require
from linking.dashboard.context import count_words
from linking.dashboard.histories import conflict_row
from linking.dashboard.rows import Eyes
from linking.finding import UnknownFilter
from linking.models import Conflict, ConflictState

PAGE_SIZE = 25


@page
@require_safe
def conflicts(request: HttpRequest) -> HttpResponse:
    """Show the open conflicts, newest first, or the decided ones."""
    require(roles.can_decide(request.user))
    state = request.GET.get("state", ConflictState.OPEN)
    if state not in ConflictState.values:
        error = UnknownFilter(name="state", message=f"state must be one of: {', '.join(ConflictState.values)}.")
        return render(request, "dashboard/bad_filter.html", {"sentence": str(error)}, status=400)
    of_state = Conflict.objects.filter(state=state)
    joined = ("integration", "visitor", "login_user", "other_user", "decided_by")
    found = of_state.select_related(*joined).order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PAGE_SIZE + 1])
    eyes = Eyes(sees_contact=roles.can_see_contact(request.user))
    context = {
        "rows": [conflict_row(one, eyes=eyes) for one in rows[:PAGE_SIZE]],
        "older": rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None,
        "total": count_words(finding.capped_count(of_state)),
        "state": state,
        "is_open_list": state == ConflictState.OPEN,
        "is_later_page": bool(before),
    }
    return render(request, "dashboard/conflicts.html", context)
