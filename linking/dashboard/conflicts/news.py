"""What is newer than the list of conflicts on a page, which polls for it; the answer is empty while nothing is.

As on the visitors' list, rows never move by themselves: a button says what is new and shows it when it is pressed.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from linking.conflicts import find, queue
from linking.dashboard.conflicts.filters import ConflictFilters, parse_filters
from linking.dashboard.conflicts.rows import QueueRow, build_queue_row
from linking.dashboard.shell.access import page
from linking.dashboard.shell.rows import Reader, find_reader
from linking.dashboard.visitors.news import News, compare
from linking.search import BadKeyset, Count, UnknownFilter, pages, shown_rows

# Addresses change with the list's filters, and say nothing of the conflict.
_UNTOLD = {"key", "url", "visitor_url", "players"}


@page
@require_safe
def check_news(request: HttpRequest) -> HttpResponse:
    """Answer 204 while the list is as the page has it (`rows`, `mark`), else with what is new or changed."""
    try:
        filters = parse_filters(request.GET, slugs=[slug for slug, _name in find.list_integrations()])
        shown = shown_rows.decode_shown(request.GET.get("rows", ""), rows_max=pages.PAGE_SIZE)
        changes = _find_news(filters, shown=shown, person_id=request.user.pk or 0, reader=find_reader(request))
    except (UnknownFilter, BadKeyset, shown_rows.BadShown) as error:
        return JsonResponse({"detail": str(error)}, status=400)
    if changes.mark == request.GET.get("mark", ""):
        return HttpResponse(status=204)
    return JsonResponse({"mark": changes.mark, "words": changes.words, "changed": changes.changed})


def build_news_url(*, filters: ConflictFilters, rows: Sequence[QueueRow]) -> str:
    """Return where a page asks what is newer than its `rows`."""
    address = filters.build_address(cursor=filters.cursor)
    rows_text = urlencode({"rows": shown_rows.encode_shown(_compute_marks(rows))})
    return f"{reverse('conflict_news')}{address}{'&' if address else '?'}{rows_text}"


def can_be_newer(filters: ConflictFilters) -> bool:
    """Whether new conflicts would stand before the first row of the list."""
    return filters.ordering == queue.NEWEST_FIRST and not filters.cursor


def _find_news(filters: ConflictFilters, *, shown: dict[int, int], person_id: int, reader: Reader) -> News:
    asked = filters.build_queue(person_id=person_id, sees_contact=reader.sees_contact, now=timezone.now())
    found = queue.find_queue(asked).rows
    part = pages.load_page(found, ordering=filters.ordering, cursor=filters.cursor)
    rows = [build_queue_row(one, reader=reader, person_id=person_id, query="") for one in part.rows]
    marks = _compute_marks(rows)
    new = len(marks.keys() - shown.keys()) if can_be_newer(filters) else 0
    missing = [key for key in shown if key not in marks]
    # Where new rows came in at the top, the last ones stand on the next page now.
    moved_on = set(found.filter(pk__in=missing).values_list("pk", flat=True)) if missing and part.next else set()
    changed = {key: marks.get(key, -1) for key in shown if marks.get(key) != shown[key] and key not in moved_on}
    return compare(new=Count(number=new, is_capped=False), changed=changed, letter="c")


def _compute_marks(rows: Sequence[QueueRow]) -> dict[int, int]:
    names = [field.name for field in fields(QueueRow) if field.name not in _UNTOLD]
    return {row.number: shown_rows.mark_of(_list_words(row, names)) for row in rows}


def _list_words(row: Any, names: Sequence[str]) -> list[str]:
    return [*(str(getattr(row, name)) for name in names), *(player.name for player in row.players)]
