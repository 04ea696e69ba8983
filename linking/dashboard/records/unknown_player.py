"""The page of a user ID that never got a token and that no visitor carries, but whose tokens were refused."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from linking.dashboard.records.refusals import load_refusals
from linking.dashboard.shell.parts import split_id
from linking.dashboard.shell.rows import find_reader
from linking.search import Query
from linking.tokens import refused_players


def show_refusals(request: HttpRequest, *, user_id: str) -> HttpResponse:
    """Show why an unknown ID got no token, at every integration or the one of the address.

    Raises: Http404 where it was never refused.
    """
    slug = request.GET.get("integration", "")
    places = refused_players.sum_up(user_ids=[user_id]).get(user_id, [])
    places = [place for place in places if slug in ("", place.integration)]
    if not places:
        raise Http404
    panel = load_refusals([(place.integration_id, user_id) for place in places])
    context = {
        "user_id": split_id(find_reader(request).mask_id(user_id)),
        "number": sum(place.number for place in places),
        "refusals": panel,
        "last": panel.newest[0] if panel.newest else None,
    }
    return render(request, "dashboard/records/unknown_player.html", context)


def find_refused_id(query: Query) -> str:
    """Return the first user ID that a query may mean and that was refused a token lately; "" without one."""
    wanted = [user_id for user_id in query.user_ids or (query.text,) if user_id]
    refused = refused_players.sum_up(user_ids=wanted) if wanted else {}
    return next((user_id for user_id in wanted if user_id in refused), "")
