"""The page of an unknown visitor ID: what Zendesk says about it, or why it was not asked."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from linking.dashboard.shell.parts import split_id
from linking.dashboard.shell.rows import build_record_url, build_visitor_url
from linking.sync import unknown_visitors
from linking.tasks import CLOCK

POLL = "poll"
# Two minutes, every two seconds; after that the page offers a link.
POLLS_MOST = 60
_STATUS = {unknown_visitors.Outcome.WAITING: 202, unknown_visitors.Outcome.TOO_MANY: 429}


def ask_zendesk(request: HttpRequest, *, visitor_id: str) -> HttpResponse:
    """Ask Zendesk about an unknown visitor, and redirect to its page or show the outcome.

    Raises: Http404 for what is no visitor ID.
    """
    integration = request.GET.get("integration", "")
    lookup = unknown_visitors.look_up_for_request(
        visitor_id=visitor_id, integration=integration, user=request.user, environ=request.META, clock=CLOCK
    )
    if lookup.outcome is unknown_visitors.Outcome.FOUND:
        return redirect(build_visitor_url(visitor_id=lookup.visitor_id, integration=lookup.integration))
    answer = render(
        request, "dashboard/records/unknown_visitor.html", _build_context(request, lookup), status=_find_status(lookup)
    )
    if lookup.retry_after_s:
        answer["Retry-After"] = str(lookup.retry_after_s)
    return answer


def look_again(request: HttpRequest, *, visitor_id: str) -> HttpResponse:
    """Answer the waiting page with the part that changes, or with a redirect to the visitor's page."""
    lookup = unknown_visitors.look(visitor_id=visitor_id, integration=request.GET.get("integration", ""))
    answer = render(request, "dashboard/records/_unknown_visitor.html", _build_context(request, lookup))
    if lookup.outcome is unknown_visitors.Outcome.FOUND:
        answer["HX-Redirect"] = build_visitor_url(visitor_id=lookup.visitor_id, integration=lookup.integration)
    return answer


def _find_status(lookup: unknown_visitors.Lookup) -> int:
    if lookup.outcome is unknown_visitors.Outcome.NO_ID:
        raise Http404(lookup.sentence)
    return _STATUS.get(lookup.outcome, 404)


def _build_context(request: HttpRequest, lookup: unknown_visitors.Lookup) -> dict[str, object]:
    poll = request.GET.get(POLL, "")
    polls = int(poll) + 1 if poll.isascii() and poll.isdigit() and len(poll) < 4 else 1
    self_url = build_record_url("visitor", lookup.visitor_id, integration=request.GET.get("integration", ""))
    is_waiting = lookup.outcome is unknown_visitors.Outcome.WAITING
    return {
        "visitor": split_id(lookup.visitor_id),
        "lookup": lookup,
        "is_waiting": is_waiting,
        "is_no_such": lookup.outcome is unknown_visitors.Outcome.NO_SUCH,
        "may_ask_again": lookup.outcome
        in (
            unknown_visitors.Outcome.NO_SUCH,
            unknown_visitors.Outcome.WAITING,
            unknown_visitors.Outcome.TOO_MANY,
            unknown_visitors.Outcome.NO_ID,
        ),
        # Accounts that were not asked matter only after the others have answered.
        "others": [] if is_waiting else [row for row in lookup.not_asked if row.because is not lookup.because],
        "self_url": self_url,
        "poll_url": f"{self_url}{'&' if '?' in self_url else '?'}{POLL}={polls}" if polls <= POLLS_MOST else "",
    }
