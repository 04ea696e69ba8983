"""How many rows a page of the visitors list has: a preference of each person."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from linking.accounts import preferences
from linking.dashboard.accounts.theme import find_way_back
from linking.dashboard.shell.access import page
from linking.models import LIST_ROWS_DEFAULT, Preference

SIZES = (25, 50, 100)


def find_page_size(request: HttpRequest) -> int:
    """Return how many rows this person wants on a page; it costs no query."""
    preference: Preference | None = getattr(request.user, "preference", None)
    return preference.list_rows if preference and preference.list_rows in SIZES else LIST_ROWS_DEFAULT


@page
@require_POST
def choose_page_size(request: HttpRequest) -> HttpResponse:
    """Store the number of rows and lead back to the first page of the list; anything else changes nothing."""
    chosen = next((size for size in SIZES if str(size) == request.POST.get("rows", "")), None)
    if chosen:
        preferences.keep_list_rows(user=request.user, number=chosen)
    return redirect(find_way_back(request.POST.get("next", "")))
