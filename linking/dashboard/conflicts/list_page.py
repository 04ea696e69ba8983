"""The conflicts list: one line a conflict, with filters; leads and admins select rows to decide or take them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from linking.accounts import roles
from linking.conflicts import bulk, find, owners, queue
from linking.dashboard.conflicts.filters import AGES, ME, NAMES, NOBODY, OLDEST, ConflictFilters, parse_filters
from linking.dashboard.conflicts.news import build_news_url, can_be_newer
from linking.dashboard.conflicts.rows import BULK_WORDS, DECISION_ICONS, FLAGGED, build_queue_row, describe_decision
from linking.dashboard.shell.access import page
from linking.dashboard.shell.context import format_count
from linking.dashboard.shell.numbers import parse_key
from linking.dashboard.shell.rows import find_reader
from linking.models import CONFLICT_KIND_CHOICES, ConflictState, DecisionBatch
from linking.search import BadKeyset, Count, UnknownFilter, pages
from linking.search import find as find_records

COUNT_CAP = 1_000
DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterChoice:
    """One choice of a filter's box."""

    value: str
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastBatch:
    """The bulk decision that brought the reader back to the list, with what its undo form sends."""

    number: int
    sentence: str


@page
@require_safe
def show_conflicts(request: HttpRequest) -> HttpResponse:
    """Show the open conflicts or the decided ones; `?done=` names the bulk decision made just before."""
    if any(name in NAMES and not value for name, value in request.GET.items()):
        # A form without scripts also sends its empty fields; shared addresses should not have them.
        kept = request.GET.copy()
        for name in [name for name, value in kept.items() if name in NAMES and not value]:
            del kept[name]
        return redirect(reverse("conflicts") + (f"?{kept.urlencode()}" if kept else ""))
    integrations = find.list_integrations()
    now = timezone.now()
    try:
        filters = parse_filters(request.GET, slugs=[slug for slug, _name in integrations])
        context = _build_context(request, filters=filters, integrations=integrations, now=now)
    except (UnknownFilter, BadKeyset) as error:
        return render(request, "dashboard/shell/bad_filter.html", {"sentence": str(error)}, status=400)
    template = "_queue.html" if request.htmx else "list.html"  # type: ignore[attr-defined]
    return render(request, f"dashboard/conflicts/{template}", context)


def _build_context(
    request: HttpRequest, *, filters: ConflictFilters, integrations: Sequence[tuple[str, str]], now: datetime
) -> dict[str, Any]:
    reader, person_id = find_reader(request), request.user.pk or 0
    asked = filters.build_queue(person_id=person_id, sees_contact=reader.sees_contact, now=now)
    found = queue.find_queue(asked)
    part = pages.load_page(found.rows, ordering=filters.ordering, cursor=filters.cursor)
    total = find_records.count_up_to_cap(found.rows, cap=COUNT_CAP) if part.rows else Count(number=0, is_capped=False)
    may_decide = roles.can_decide(request.user)
    query = filters.build_address()
    rows = [build_queue_row(one, reader=reader, person_id=person_id, query=query) for one in part.rows]
    return {
        "rows": rows,
        "news_url": build_news_url(filters=filters, rows=rows),
        "can_be_newer": can_be_newer(filters),
        "next_url": _build_page_url(filters, cursor=part.next),
        "previous_url": _build_page_url(filters, cursor=part.previous),
        "showing": _describe_count(len(part.rows), total=total),
        "filters": filters,
        "query": query,
        "own_url": reverse("conflicts") + filters.build_address(cursor=filters.cursor),
        "flagged": FLAGGED,
        "may_decide": may_decide,
        "bulk": _build_bulk(total, shown=len(part.rows)) if may_decide and filters.is_open_list and part.rows else None,
        "last_batch": _find_last_batch(request, now=now) if may_decide else None,
        "is_partly_searched": found.is_partly_searched,
        **_build_filter_context(filters, integrations=integrations, person_id=person_id),
    }


def _build_filter_context(
    filters: ConflictFilters, *, integrations: Sequence[tuple[str, str]], person_id: int
) -> dict[str, Any]:
    people = [
        FilterChoice(value=str(person.pk), word=person.get_username())
        for person in owners.list_people()
        if person.pk != person_id
    ]
    return {
        "open_url": reverse("conflicts") + filters.build_address(state=ConflictState.OPEN),
        "decided_url": reverse("conflicts") + filters.build_address(state=ConflictState.DECIDED),
        "clear_url": reverse("conflicts") + ConflictFilters(state=filters.state).build_address(),
        "order_url": reverse("conflicts") + filters.build_address(order="" if filters.order else OLDEST),
        "is_oldest_first": filters.order == OLDEST,
        "kinds": [FilterChoice(value=value, word=str(word)) for value, word in CONFLICT_KIND_CHOICES],
        "ages": [FilterChoice(value=age, word=_name_age(age)) for age in AGES],
        "people": [FilterChoice(value=ME, word=_("Mine")), FilterChoice(value=NOBODY, word=_("Nobody's")), *people],
        "integrations": [FilterChoice(value=slug, word=name) for slug, name in integrations],
    }


def _build_page_url(filters: ConflictFilters, *, cursor: str) -> str:
    return reverse("conflicts") + filters.build_address(cursor=cursor) if cursor else ""


def _build_bulk(total: Count, *, shown: int) -> dict[str, Any]:
    number = min(total.number, bulk.BULK_MAX)
    if total.number > bulk.BULK_MAX:
        words = ngettext(
            "The first %s conflict that matches", "The first %s conflicts that match", bulk.BULK_MAX
        ) % intcomma(bulk.BULK_MAX)
    else:
        words = ngettext("The %s conflict that matches", "All %s conflicts that match", number) % intcomma(number)
    return {
        "choices": [
            {"value": verdict.value, "word": BULK_WORDS[verdict], "icon": DECISION_ICONS[verdict]}
            for verdict in bulk.VERDICTS
        ],
        "all_words": words if total.number > shown else "",
    }


def _find_last_batch(request: HttpRequest, *, now: datetime) -> LastBatch | None:
    if DONE not in request.GET:
        return None
    try:
        summary = bulk.find_batch(batch_id=parse_key(request.GET[DONE]))
    except DecisionBatch.DoesNotExist:
        return None
    if not summary.in_force or not bulk.may_undo(batch=summary.batch, now=now):
        return None
    sentence = ngettext(
        "%(count)s conflict decided: %(decision)s", "%(count)s conflicts decided: %(decision)s", summary.in_force
    )
    values = {"count": intcomma(summary.in_force), "decision": describe_decision(summary.batch.verdict)}
    return LastBatch(number=summary.batch.pk, sentence=sentence % values)


def _describe_count(shown: int, *, total: Count) -> str:
    sentence = ngettext("Showing %(shown)s of %(total)s", "Showing %(shown)s of %(total)s", total.number)
    return sentence % {"shown": intcomma(shown), "total": format_count(total)}


def _name_age(age: str) -> str:
    days = int(age.removeprefix("over-"))
    if age.startswith("over-"):
        return ngettext("Found more than %s day ago", "Found more than %s days ago", days) % days
    if days == 1:
        return _("Found in the last 24 hours")
    return ngettext("Found in the last %s day", "Found in the last %s days", days) % days
