"""One conflict: both sides with their evidence, the available decisions with their effects, and the history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linking.accounts import roles
from linking.conflicts import decisions, find
from linking.dashboard.records.history import LinkRow, build_conflict_row, build_link_row, build_side
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.numbers import parse_key
from linking.dashboard.shell.rows import Reader, find_reader
from linking.models import Conflict, ConflictDecision, Decision, LoginUser

_ICONS: Mapping[str, str] = {
    Decision.KEEP: "link", Decision.SHARED_DEVICE: "users", Decision.UNLINK: "link-off", Decision.IGNORE: "eye-off",
    Decision.UNDO: "history",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRow:
    """One available decision: `value` is what the form sends, `effects` what it changes, in sentences."""

    value: str
    title: str
    icon: str
    effects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDecision:
    """The decision that brought the reader to the next conflict, with what its undo form sends."""

    number: int
    title: str
    seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One decision of the history."""

    title: str
    icon: str
    by: str
    at: datetime
    is_in_force: bool


@page
@require_safe
def show_conflict(request: HttpRequest, conflict_id: int) -> HttpResponse:
    """Show one conflict; `?decided=` names the conflict decided just before, which this page can undo."""
    require(roles.can_decide(request.user))
    try:
        row = find.find_conflict(conflict_id=conflict_id)
    except Conflict.DoesNotExist as error:
        raise Http404 from error
    context = _build_context(row, reader=find_reader(request))
    context["last_decision"] = _find_last_decision(parse_key(request.GET.get("decided", "")))
    return render(request, "dashboard/conflicts/detail.html", context)


@page
@require_POST
def decide_conflict(request: HttpRequest, conflict_id: int) -> HttpResponse:
    """Decide one conflict and redirect to the next open one; after a changed decision, or the last, back to it."""
    require(roles.can_decide(request.user))
    was_open = find.is_open(conflict_id=conflict_id)
    verdict, _colon, user = request.POST.get("choice", "").partition(":")
    try:
        decisions.decide(
            conflict_id=conflict_id,
            verdict=verdict,
            login_user_id=parse_key(user) if user else None,
            seen=parse_key(request.POST.get("seen", "")),
            by=request.user,
            now=timezone.now(),
        )
    except (Conflict.DoesNotExist, decisions.NotOffered, decisions.AlreadyDecided) as error:
        return _redirect_unchanged(request, error=error, conflict_id=conflict_id)
    following = find.find_next_open(conflict_id=conflict_id) if was_open else None
    if following:
        return redirect(f"{reverse('conflict', args=[following.pk])}?decided={conflict_id}")
    messages.success(request, _("Decided."))
    return redirect("conflict", conflict_id=conflict_id)


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
    return redirect("conflict", conflict_id=conflict_id)


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
    return redirect("conflict", conflict_id=conflict_id)


def _build_context(row: Conflict, *, reader: Reader) -> dict[str, Any]:
    history = find.list_decisions(conflict_id=row.pk)
    undo_effect = decisions.preview_undo(conflict=row)
    users = decisions.find_users(conflict=row)
    links = _group_links(row, users=users, reader=reader)
    return {
        "row": build_conflict_row(row, reader=reader),
        "visitor_email": reader.mask_email(row.visitor.email),
        "external_id": reader.mask_words(row.visitor.external_id),
        "visitor_seen_at": row.visitor.last_seen_at,
        "checked_at": row.visitor.checked_at,
        "people": [
            {
                "side": build_side(user, slug=row.integration.slug, reader=reader),
                "email": reader.mask_email(user.email),
                "links": links.get(user.pk, ()),
            }
            for user in users
        ],
        "choices": [_build_choice_row(choice) for choice in decisions.list_choices(conflict=row)],
        "undo_effects": describe_effect(undo_effect, verdict=Decision.UNDO) if undo_effect else (),
        "seen": history[0].pk if history else 0,
        "decisions": [_build_decision_row(decision) for decision in history],
        "following": find.find_next_open(conflict_id=row.pk),
    }


def _find_last_decision(conflict_id: int) -> LastDecision | None:
    newest = next(iter(find.list_decisions(conflict_id=conflict_id)), None)
    if newest is None or not newest.is_in_force:
        return None
    return LastDecision(
        number=conflict_id, title=_name_decision(newest.verdict, user=newest.login_user), seen=newest.pk
    )


def _group_links(row: Conflict, *, users: Sequence[LoginUser], reader: Reader) -> dict[int, list[LinkRow]]:
    links: dict[int, list[LinkRow]] = {}
    for link in find.list_links(visitor=row.visitor, users=users):
        links.setdefault(link.login_user_id, []).append(build_link_row(link, reader=reader))
    return links


def _build_choice_row(choice: decisions.ConflictChoice) -> ChoiceRow:
    value = f"{choice.verdict}:{choice.login_user.pk}" if choice.login_user else str(choice.verdict)
    return ChoiceRow(
        value=value,
        title=_name_decision(choice.verdict, user=choice.login_user),
        icon=_ICONS[choice.verdict],
        effects=describe_effect(choice.effect, verdict=choice.verdict),
    )


def _build_decision_row(decision: ConflictDecision) -> DecisionRow:
    return DecisionRow(
        title=_name_decision(decision.verdict, user=decision.login_user),
        icon=_ICONS[decision.verdict],
        by=decision.by_name,
        at=decision.at,
        is_in_force=decision.is_in_force,
    )


def _name_decision(verdict: str, *, user: LoginUser | None) -> str:
    if verdict == Decision.UNLINK and user:
        return _("Unlink: this visitor is not %s") % (user.name or user.user_id)
    return str(Decision(verdict).label)
