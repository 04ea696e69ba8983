"""Deciding many conflicts at once: a preview of what changes, the decision, and undoing the lot."""

from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from linking.accounts import roles
from linking.conflicts import bulk, decisions, queue
from linking.dashboard.conflicts.filters import ConflictFilters, read_filters
from linking.dashboard.conflicts.list_page import DONE
from linking.dashboard.conflicts.rows import DECISION_ICONS, build_queue_row, describe_decision
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.numbers import parse_key
from linking.dashboard.shell.rows import find_reader
from linking.models import ConflictState, Decision, DecisionBatch

# Names shown of those that are decided, and of those left out.
SHOWN_MAX = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewWords:
    """What a preview says: the question in its title, what changes, and the button that does it."""

    title: str
    effects: tuple[str, ...]
    button: str


@page
@require_POST
def preview_bulk(request: HttpRequest) -> HttpResponse:
    """Show what one decision about the selected conflicts, or about all that match, would change. Stores nothing."""
    require(roles.can_decide(request.user))
    filters = read_filters(QueryDict(request.POST.get("query", "").removeprefix("?")))
    keys = _find_keys(request, filters=filters)
    if not keys:
        messages.warning(request, _("Select conflicts first."))
        return redirect(reverse("conflicts") + filters.build_address())
    try:
        shown = bulk.preview(conflict_ids=keys, verdict=request.POST.get("verdict", ""))
    except decisions.NotOffered:
        messages.error(request, _("Conflicts cannot be decided like that. Nothing was changed."))
        return redirect(reverse("conflicts") + filters.build_address())
    reader, query = find_reader(request), filters.build_address()
    build_row = partial(build_queue_row, reader=reader, person_id=request.user.pk or 0, query=query)
    context = {
        "words": _describe_preview(shown),
        "verdict": shown.verdict.value,
        "icon": DECISION_ICONS[shown.verdict],
        "targets": " ".join(f"{target.conflict_id}:{target.seen}" for target in shown.targets),
        "rows": [build_row(one) for one in shown.conflicts[:SHOWN_MAX]],
        "more": _describe_more(len(shown.conflicts) - SHOWN_MAX),
        "left_out": [build_row(one) for one in shown.left_out[:SHOWN_MAX]],
        "left_out_words": _describe_left_out(shown),
        "more_left_out": _describe_more(len(shown.left_out) - SHOWN_MAX),
        "missing_words": _describe_missing(shown.missing),
        "query": query,
        "list_url": reverse("conflicts") + query,
    }
    return render(request, "dashboard/conflicts/bulk_preview.html", context)


@page
@require_POST
def decide_bulk(request: HttpRequest) -> HttpResponse:
    """Decide the conflicts that the preview showed, and redirect to the list, which can undo the lot."""
    require(roles.can_decide(request.user))
    filters = read_filters(QueryDict(request.POST.get("query", "").removeprefix("?")))
    try:
        outcome = bulk.decide(
            targets=_parse_targets(request.POST.get("targets", "")),
            verdict=request.POST.get("verdict", ""),
            by=request.user,
            now=timezone.now(),
        )
    except decisions.NotOffered:
        messages.error(request, _("Conflicts cannot be decided like that. Nothing was changed."))
        return redirect(reverse("conflicts") + filters.build_address())
    if outcome.skipped:
        messages.warning(request, _describe_skipped(outcome.skipped))
    query = filters.build_address()
    if outcome.batch is None:
        return redirect(reverse("conflicts") + query)
    start = f"{query}&" if query else "?"
    return redirect(f"{reverse('conflicts')}{start}{DONE}={outcome.batch.pk}")


@page
@require_safe
def show_batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Show one bulk decision with its conflicts; leads can undo the lot."""
    require(roles.can_decide(request.user))
    try:
        summary = bulk.find_batch(batch_id=batch_id)
    except DecisionBatch.DoesNotExist as error:
        raise Http404 from error
    reader = find_reader(request)
    conflicts = bulk.list_conflicts_of(batch_id=batch_id)
    decided = ngettext("%s conflict was decided.", "%s conflicts were decided.", summary.decided)
    in_force = ngettext("%s decision is still in force.", "%s decisions are still in force.", summary.in_force)
    context = {
        "number": summary.batch.pk,
        "decision": describe_decision(summary.batch.verdict),
        "icon": DECISION_ICONS[summary.batch.verdict],
        "by": summary.batch.by_name,
        "at": summary.batch.at,
        "sentences": (decided % intcomma(summary.decided), in_force % intcomma(summary.in_force)),
        "may_undo": bool(summary.in_force) and bulk.may_undo(batch=summary.batch, now=timezone.now()),
        "days": bulk.UNDO_FOR.days,
        "rows": [build_queue_row(one, reader=reader, person_id=request.user.pk or 0, query="") for one in conflicts],
        "list_url": reverse("conflicts") + ConflictFilters(state=ConflictState.DECIDED).build_address(),
    }
    return render(request, "dashboard/conflicts/batch.html", context)


@page
@require_POST
def undo_batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Undo the decisions of a batch that are still in force, and redirect to the open conflicts."""
    require(roles.can_decide(request.user))
    filters = read_filters(QueryDict(request.POST.get("query", "").removeprefix("?")))
    try:
        outcome = bulk.undo(batch_id=batch_id, by=request.user, now=timezone.now())
    except DecisionBatch.DoesNotExist as error:
        raise Http404 from error
    except bulk.UndoExpired:
        messages.warning(request, _("This is too long ago to be undone as a whole. Undo single conflicts instead."))
        return redirect("conflict_batch", batch_id=batch_id)
    if outcome.done:
        sentence = ngettext("Undone: %s conflict is open again.", "Undone: %s conflicts are open again.", outcome.done)
        messages.success(request, sentence % intcomma(outcome.done))
    if outcome.skipped:
        messages.warning(request, _describe_skipped(outcome.skipped))
    return redirect(reverse("conflicts") + filters.build_address())


def _find_keys(request: HttpRequest, *, filters: ConflictFilters) -> list[int]:
    if not request.POST.get("all"):
        return [parse_key(key) for key in request.POST.getlist("conflict")]
    asked = filters.build_queue(
        person_id=request.user.pk or 0, sees_contact=roles.can_see_contact(request.user), now=timezone.now()
    )
    return queue.list_keys(asked, ordering=filters.ordering, limit=bulk.BULK_MAX)


def _parse_targets(text: str) -> list[bulk.BulkTarget]:
    """Return what the preview's form sends: a conflict's key and its newest decision's key, for each conflict."""
    pairs = [word.partition(":") for word in text.split()[: bulk.BULK_MAX]]
    return [bulk.BulkTarget(conflict_id=parse_key(key), seen=parse_key(seen)) for key, _colon, seen in pairs]


def _describe_preview(shown: bulk.BulkPreview) -> PreviewWords:
    number = len(shown.conflicts)
    titles = {
        Decision.KEEP: ngettext("Keep the link of %s conflict?", "Keep the links of %s conflicts?", number),
        Decision.SHARED_DEVICE: ngettext("Mark %s device as shared?", "Mark %s devices as shared?", number),
        Decision.UNLINK: ngettext("Unlink player A in %s conflict?", "Unlink player A in %s conflicts?", number),
        Decision.IGNORE: ngettext("Ignore %s conflict?", "Ignore %s conflicts?", number),
    }
    buttons = {
        Decision.KEEP: ngettext("Keep %s link", "Keep %s links", number),
        Decision.SHARED_DEVICE: ngettext("Mark %s device", "Mark %s devices", number),
        Decision.UNLINK: ngettext("Unlink in %s conflict", "Unlink in %s conflicts", number),
        Decision.IGNORE: ngettext("Ignore %s conflict", "Ignore %s conflicts", number),
    }
    count = intcomma(number)
    return PreviewWords(
        title=titles[shown.verdict] % count, button=buttons[shown.verdict] % count, effects=_describe_effects(shown)
    )


def _describe_effects(shown: bulk.BulkPreview) -> tuple[str, ...]:
    number = len(shown.conflicts)
    closes = ngettext("%s conflict leaves the open list.", "%s conflicts leave the open list.", number)
    ends = ngettext(
        "%s link ends now and stays in the history.", "%s links end now and stay in the history.", shown.ends
    )
    apart = _("The visitors and players stay unlinked until someone undoes this.")
    nothing = ngettext(
        "In %s conflict player A is not linked now, so no link ends there.",
        "In %s conflicts player A is not linked now, so no link ends there.",
        shown.unlinks_nothing,
    )
    stays = ngettext("%s link stays as it is.", "%s links stay as they are.", shown.stays)
    shared = ngettext("%s visitor counts as a shared device.", "%s visitors count as shared devices.", number)
    told = [
        (closes, number, True),
        (ends, shown.ends, shown.verdict == Decision.UNLINK),
        (nothing, shown.unlinks_nothing, bool(shown.unlinks_nothing)),
        (stays, shown.stays, bool(shown.stays) or shown.verdict != Decision.UNLINK),
        (shared, number, shown.verdict == Decision.SHARED_DEVICE),
    ]
    sentences = [sentence % intcomma(count) for sentence, count, is_told in told if is_told]
    return (*sentences, apart) if shown.verdict == Decision.UNLINK else tuple(sentences)


def _describe_left_out(shown: bulk.BulkPreview) -> str:
    number = len(shown.left_out)
    sentence = ngettext(
        "%s conflict cannot be decided like this and stays open.",
        "%s conflicts cannot be decided like this and stay open.",
        number,
    )
    return sentence % intcomma(number) if number else ""


def _describe_missing(number: int) -> str:
    sentence = ngettext(
        "%s selected conflict is decided or gone by now.", "%s selected conflicts are decided or gone by now.", number
    )
    return sentence % intcomma(number) if number else ""


def _describe_more(number: int) -> str:
    return ngettext("and %s more", "and %s more", number) % intcomma(number) if number > 0 else ""


def _describe_skipped(number: int) -> str:
    sentence = ngettext(
        "%s conflict was left alone, because someone changed it in the meantime.",
        "%s conflicts were left alone, because someone changed them in the meantime.",
        number,
    )
    return sentence % intcomma(number)
