"""The page where leads keep the labels of the house."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from linking.accounts import roles
from linking.dashboard.notes.chips import LabelChip, build_chip
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.context import format_count
from linking.models import LABEL_MAX_CHARACTERS, LABELS_MAX, Label, LabelColour
from linking.notes import labels
from linking.search import Count


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """A label of the house; `players` says how many carry it, `loss` who loses it with the label."""

    chip: LabelChip
    players: str
    loss: str


@page
@require_safe
def show_labels(request: HttpRequest) -> HttpResponse:
    """Show the labels, with forms for leads."""
    return _render(request)


@page
@require_POST
def add_label(request: HttpRequest) -> HttpResponse:
    """Add a label."""
    return _change(
        request,
        lambda given: labels.add_label(**given, by=_get_person(request), now=timezone.now()),
        sentence=_("Label added."),
    )


@page
@require_POST
def change_label(request: HttpRequest, label_key: int) -> HttpResponse:
    """Give a label another name or colour."""
    return _change(
        request,
        lambda given: labels.change_label(key=label_key, **given, by=_get_person(request), now=timezone.now()),
        sentence=_("Label saved."),
        key=label_key,
    )


@page
@require_POST
def remove_label(request: HttpRequest, label_key: int) -> HttpResponse:
    """Remove a label from the house and from all players."""
    require(roles.can_keep_labels(request.user))
    try:
        name = labels.remove_label(key=label_key, by=_get_person(request), now=timezone.now())
    except Label.DoesNotExist:
        messages.warning(request, _("This label no longer exists."))
    else:
        messages.success(request, _("Label %s removed.") % name)
    return redirect("labels")


def _change(
    request: HttpRequest, change: Callable[[dict[str, str]], object], *, sentence: str, key: int = 0
) -> HttpResponse:
    require(roles.can_keep_labels(request.user))
    given = {"name": request.POST.get("name", ""), "colour": request.POST.get("colour", "")}
    try:
        change(given)
    except Label.DoesNotExist as error:
        raise Http404 from error
    except labels.BadLabel:
        alert = _("Not saved: a label needs a name of at most %d characters and one of the colours.")
        return _render(request, given=given, key=key, alert=alert % LABEL_MAX_CHARACTERS)
    except labels.LabelNameTaken:
        return _render(request, given=given, key=key, alert=_("Not saved: another label has this name."))
    except labels.TooManyLabels:
        alert = _("Not saved: there are %d labels already. Remove one first.") % LABELS_MAX
        return _render(request, given=given, key=key, alert=alert)
    messages.success(request, sentence)
    return redirect("labels")


def _render(
    request: HttpRequest, *, given: dict[str, str] | None = None, key: int = 0, alert: str = ""
) -> HttpResponse:
    rows = [_build_row(row) for row in labels.list_counted()]
    context = {
        "rows": rows,
        "colours": LabelColour.choices,
        "name_max": LABEL_MAX_CHARACTERS,
        "labels_max": LABELS_MAX,
        "may_keep_labels": roles.can_keep_labels(request.user),
        "is_full": len(rows) >= LABELS_MAX,
        "given": given or {"name": "", "colour": LabelColour.GREY.value},
        "given_key": key,
        "alert": alert,
    }
    return render(request, "dashboard/notes/labels.html", context, status=400 if alert else 200)


def _build_row(row: labels.CountedLabel) -> LabelRow:
    number = format_count(Count(number=row.players, is_capped=row.is_capped))
    players = ngettext("%s player", "%s players", row.players)
    loss = ngettext("%s player loses this label.", "%s players lose this label.", row.players)
    label = row.label
    return LabelRow(
        chip=build_chip(label),
        players=players % number,
        loss=loss % number if row.players else _("No player has this label."),
    )


def _get_person(request: HttpRequest) -> Any:
    return request.user
