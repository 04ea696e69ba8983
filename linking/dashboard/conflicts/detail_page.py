"""One conflict: its question, both sides with their evidence, the available decisions with their effects, the history.

Agents read it and flag it; leads and admins also decide it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from linking.accounts import roles
from linking.conflicts import decisions, find, flags, owners, queue
from linking.dashboard.conflicts.filters import ConflictFilters, read_filters
from linking.dashboard.conflicts.rows import DECISION_ICONS, build_flag_rows, name_player
from linking.dashboard.records.history import LinkRow, build_conflict_row, build_link_row, build_side
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.numbers import parse_key
from linking.dashboard.shell.parts import Text
from linking.dashboard.shell.rows import Reader, find_reader
from linking.models import (
    FLAG_REASON_MAX_CHARACTERS,
    Conflict,
    ConflictDecision,
    ConflictKind,
    ConflictState,
    Decision,
    LoginUser,
)

_LETTERS = "ABCDEFGHIJ"
_KEYS_MAX = 9
_WHICH = gettext_lazy("Which of the two is this?")
_QUESTIONS: Mapping[str, Text] = MappingProxyType(
    {
        ConflictKind.RELINKED: _WHICH,
        ConflictKind.SHARED_DEVICE: gettext_lazy("Do these players share one device?"),
        ConflictKind.EMAIL_OF_ANOTHER_USER: _WHICH,
        ConflictKind.ID_VARIANT: gettext_lazy("Are these two IDs the same player?"),
        ConflictKind.JUNK_EXTERNAL_ID: gettext_lazy("Why did the website send this user ID?"),
        ConflictKind.WRONG_LINK: gettext_lazy("Is this visitor this player?"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRow:
    """One available decision: `value` is what the form sends, `effects` what it changes, in sentences.

    `key` is the key that presses its button, "" for none.
    """

    value: str
    title: str
    icon: str
    key: str
    effects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDecision:
    """The decision that brought the reader to the next conflict, with what its undo form sends."""

    number: int
    title: str
    seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One decision of the history; `batch` is the key of the bulk decision that it was part of, 0 for none."""

    title: str
    icon: str
    by: str
    at: datetime
    is_in_force: bool
    batch: int


@page
@require_safe
def show_conflict(request: HttpRequest, conflict_id: int) -> HttpResponse:
    """Show one conflict; `?decided=` names the conflict decided just before, which this page can undo.

    The other parameters are the list's filters, which decide what the next conflict is.
    """
    try:
        row = find.find_conflict(conflict_id=conflict_id)
    except Conflict.DoesNotExist as error:
        raise Http404 from error
    reader, may_decide = find_reader(request), roles.can_decide(request.user)
    filters = read_filters(request.GET)
    context = _build_context(row, reader=reader) | _build_queue_context(request, row=row, filters=filters)
    if may_decide:
        context |= _build_decision_context(row, history=context["history"], reader=reader)
        context["last_decision"] = _find_last_decision(parse_key(request.GET.get("decided", "")), reader=reader)
    return render(request, "dashboard/conflicts/detail.html", context)


@page
@require_POST
def decide_conflict(request: HttpRequest, conflict_id: int) -> HttpResponse:
    """Decide one conflict and redirect to the next open one; after a changed decision, or the last, back to it."""
    require(roles.can_decide(request.user))
    was_open = find.is_open(conflict_id=conflict_id)
    verdict, _colon, user = request.POST.get("choice", "").partition(":")
    now = timezone.now()
    try:
        decision = decisions.decide(
            conflict_id=conflict_id,
            verdict=verdict,
            login_user_id=parse_key(user) if user else None,
            seen=parse_key(request.POST.get("seen", "")),
            by=request.user,
            now=now,
        )
    except (Conflict.DoesNotExist, decisions.NotOffered, decisions.AlreadyDecided) as error:
        return _redirect_unchanged(request, error=error, conflict_id=conflict_id)
    following = _find_following(request, row=decision.conflict, filters=read_filters(request.GET)) if was_open else None
    if following:
        query = read_filters(request.GET).build_address()
        start = f"{query}&" if query else "?"
        return redirect(f"{reverse('conflict', args=[following.pk])}{start}decided={conflict_id}")
    messages.success(request, _("Decided."))
    return _redirect_back(request, conflict_id=conflict_id)


@page
@require_POST
def undo_decision(request: HttpRequest, conflict_id: int) -> HttpResponse:
    """Undo the decision about one conflict and redirect to it."""
    require(roles.can_decide(request.user))
    seen = parse_key(request.POST.get("seen", ""))
    try:
        decisions.undo(conflict_id=conflict_id, seen=seen, by=request.user, now=timezone.now())
    except (Conflict.DoesNotExist, decisions.NotOffered, decisions.AlreadyDecided) as error:
        return _redirect_unchanged(request, error=error, conflict_id=conflict_id)
    messages.success(request, _("Undone: the conflict is open again."))
    return _redirect_back(request, conflict_id=conflict_id)


def describe_effect(effect: decisions.Effect, *, verdict: str) -> tuple[str, ...]:
    """Return what a decision changes, in sentences; never empty."""
    sentences = []
    if effect.reopens:
        user_id = effect.reopens.login_user.user_id
        sentences.append(_("The link to %s reopens, because the record in Zendesk still has that ID.") % user_id)
    elif effect.unblocks_link_to:
        sentence = _("Sync refreshes the visitor from Zendesk, and links %s again if the record still has that ID.")
        sentences.append(sentence % effect.unblocks_link_to.user_id)
    if effect.ends:
        user_id = effect.ends.login_user.user_id
        sentences.append(_("The link to %s ends now and stays in the history.") % user_id)
    elif effect.blocks_link_to:
        sentences.append(_("There is no open link to %s.") % effect.blocks_link_to.user_id)
    if effect.blocks_link_to:
        sentences.append(_("They stay unlinked until someone undoes this."))
    return tuple(sentences) or (_describe_no_change(verdict),)


def _describe_no_change(verdict: str) -> str:
    return {
        Decision.KEEP: _("No link changes. The conflict is closed."),
        Decision.SHARED_DEVICE: _(
            "No link changes. The conflict is closed, and the visitor's page shows the decision."
        ),
        Decision.IGNORE: _("Dismisses the conflict. Nothing else changes."),
    }.get(Decision(verdict), _("The conflict opens again. Links stay as they are."))


def _redirect_back(request: HttpRequest, *, conflict_id: int) -> HttpResponse:
    return redirect(reverse("conflict", args=[conflict_id]) + read_filters(request.GET).build_address())


def _redirect_unchanged(request: HttpRequest, *, error: Exception, conflict_id: int) -> HttpResponse:
    if isinstance(error, Conflict.DoesNotExist):
        messages.warning(request, _("This conflict no longer exists: Zendesk merged its visitor into another one."))
        return redirect("conflicts")
    if isinstance(error, decisions.AlreadyDecided):
        messages.warning(
            request, _("Someone else just decided this. Your choice was not saved; please review the conflict again.")
        )
    else:
        messages.error(request, _("That choice is not available for this conflict. Nothing was changed."))
    return _redirect_back(request, conflict_id=conflict_id)


def _build_context(row: Conflict, *, reader: Reader) -> dict[str, Any]:
    history = find.list_decisions(conflict_id=row.pk)
    users = decisions.find_users(conflict=row)
    links = _group_links(row, users=users, reader=reader)
    return {
        "row": build_conflict_row(row, reader=reader),
        "question": _QUESTIONS[row.kind],
        "is_open": row.state == ConflictState.OPEN,
        "visitor_email": reader.mask_email(row.visitor.email),
        "external_id": reader.mask_id(row.visitor.external_id),
        "visitor_seen_at": row.visitor.last_seen_at,
        "checked_at": row.visitor.checked_at,
        "people": [
            {
                "label": _label_player(place, number=len(users)),
                "side": build_side(user, slug=row.integration.slug, reader=reader),
                "email": reader.mask_email(user.email),
                "links": links.get(user.pk, ()),
            }
            for place, user in enumerate(users)
        ],
        "history": history,
        "decisions": [_build_decision_row(decision, reader=reader) for decision in history],
    }


def _build_decision_context(row: Conflict, *, history: Sequence[ConflictDecision], reader: Reader) -> dict[str, Any]:
    undo_effect = decisions.preview_undo(conflict=row) if history else None
    users = decisions.find_users(conflict=row)
    choices = enumerate(decisions.list_choices(conflict=row), start=1)
    return {
        "choices": [_build_choice_row(choice, place=place, users=users, reader=reader) for place, choice in choices],
        "undo_effects": describe_effect(undo_effect, verdict=Decision.UNDO) if undo_effect else (),
        "seen": history[0].pk if history else 0,
        "people_to_own": owners.list_people(),
    }


def _build_queue_context(request: HttpRequest, *, row: Conflict, filters: ConflictFilters) -> dict[str, Any]:
    person_id, reader, may_decide = request.user.pk or 0, find_reader(request), roles.can_decide(request.user)
    query = filters.build_address()
    following = _find_following(request, row=row, filters=filters)
    flag_rows = build_flag_rows(
        flags.list_flags(conflict_id=row.pk), reader=reader, person_id=person_id, may_remove_any=may_decide
    )
    return {
        "query": query,
        "list_url": reverse("conflicts") + query,
        "own_url": reverse("conflict", args=[row.pk]) + query,
        "following_url": reverse("conflict", args=[following.pk]) + query if following else "",
        "may_decide": may_decide,
        "owner": row.owner.get_username() if row.owner else "",
        "owner_id": row.owner_id or 0,
        "is_mine": row.owner_id == person_id,
        "flags": flag_rows,
        "reason_max": FLAG_REASON_MAX_CHARACTERS,
    }


def _find_following(request: HttpRequest, *, row: Conflict, filters: ConflictFilters) -> Conflict | None:
    asked = ConflictFilters(**{name: getattr(filters, name) for name in _KEPT}).build_queue(
        person_id=request.user.pk or 0, sees_contact=roles.can_see_contact(request.user), now=timezone.now()
    )
    return queue.find_next(filters=asked, ordering=filters.ordering, after=row)


# The next conflict is an open one, whichever list led here.
_KEPT = ("q", "kind", "age", "owner", "flagged", "integration", "order")


def _find_last_decision(conflict_id: int, *, reader: Reader) -> LastDecision | None:
    newest = next(iter(find.list_decisions(conflict_id=conflict_id)), None) if conflict_id > 0 else None
    if newest is None or not newest.is_in_force:
        return None
    title = _name_decision(newest.verdict, user=newest.login_user, reader=reader)
    return LastDecision(number=conflict_id, title=title, seen=newest.pk)


def _group_links(row: Conflict, *, users: Sequence[LoginUser], reader: Reader) -> dict[int, list[LinkRow]]:
    links: dict[int, list[LinkRow]] = {}
    for link in find.list_links(visitor=row.visitor, users=users):
        links.setdefault(link.login_user_id, []).append(build_link_row(link, reader=reader))
    return links


def _label_player(place: int, *, number: int) -> str:
    return _("Player %s") % _LETTERS[place] if number > 1 else _("Player")


def _build_choice_row(
    choice: decisions.ConflictChoice, *, place: int, users: Sequence[LoginUser], reader: Reader
) -> ChoiceRow:
    value = f"{choice.verdict}:{choice.login_user.pk}" if choice.login_user else str(choice.verdict)
    return ChoiceRow(
        value=value,
        title=_name_choice(choice, users=users, reader=reader),
        icon=DECISION_ICONS[choice.verdict],
        key=str(place) if place <= _KEYS_MAX else "",
        effects=describe_effect(choice.effect, verdict=choice.verdict),
    )


def _build_decision_row(decision: ConflictDecision, *, reader: Reader) -> DecisionRow:
    return DecisionRow(
        title=_name_decision(decision.verdict, user=decision.login_user, reader=reader),
        icon=DECISION_ICONS[decision.verdict],
        by=decision.by_name,
        at=decision.at,
        is_in_force=decision.is_in_force,
        batch=decision.batch_id or 0,
    )


def _name_choice(choice: decisions.ConflictChoice, *, users: Sequence[LoginUser], reader: Reader) -> str:
    if choice.login_user is None:
        return _("Mark as shared device") if choice.verdict == Decision.SHARED_DEVICE else str(choice.verdict.label)
    name = name_player(choice.login_user, reader=reader)
    if len(users) < 2:
        return _("Unlink %s") % name
    letter = _LETTERS[[user.pk for user in users].index(choice.login_user.pk)]
    return _("Unlink player %(letter)s: %(name)s") % {"letter": letter, "name": name}


def _name_decision(verdict: str, *, user: LoginUser | None, reader: Reader) -> str:
    if verdict == Decision.UNLINK and user:
        return _("Unlink: this visitor is not %s") % name_player(user, reader=reader)
    return str(Decision(verdict).label)
