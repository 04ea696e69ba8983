"""One conflict: both sides with their evidence, what can be decided and what that would change, and what was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linking import conflicts as deciding
from linking.accounts import roles
from linking.conflicts import Choice, DecidedMeanwhile, Effect, NotOffered
from linking.dashboard.conflicts.list_page import JOINED
from linking.dashboard.records.history import LinkRow, conflict_row, link_row, side
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.rows import Eyes
from linking.models import Conflict, ConflictDecision, ConflictState, LoginUser, Verdict, VisitorLink

LINKS_SHOWN = 20
_ICONS: Mapping[str, str] = {
    Verdict.KEEP: "link", Verdict.SHARED_DEVICE: "users", Verdict.UNLINK: "link-off", Verdict.IGNORE: "eye-off",
    Verdict.UNDO: "history",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRow:
    """Something to decide: `value` is what the form sends, `effects` what would change, in sentences."""

    value: str
    title: str
    icon: str
    effects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JustDecided:
    """The decision that led the reader to the next conflict: what it was, of which one, and what undoing it names."""

    number: int
    title: str
    seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedRow:
    """One deed of the history."""

    title: str
    icon: str
    by: str
    at: datetime
    is_in_force: bool


@page
@require_safe
def conflict(request: HttpRequest, conflict_id: int) -> HttpResponse:
    """Show one conflict; `decided` names the one that was decided just before, which can be undone from here."""
    require(roles.can_decide(request.user))
    found = get_object_or_404(Conflict.objects.select_related(*JOINED), pk=conflict_id)
    context = _context(found, eyes=_eyes(request))
    context["just_decided"] = _find_just_decided(_number(request.GET.get("decided", "")))
    return render(request, "dashboard/conflict.html", context)


@page
@require_POST
def decide(request: HttpRequest, conflict_id: int) -> HttpResponse:
    """Decide one conflict and lead to the next open one; decided anew, or the last one, lead back to it."""
    require(roles.can_decide(request.user))
    was_open = Conflict.objects.filter(pk=conflict_id, state=ConflictState.OPEN).exists()
    verdict, _colon, user = request.POST.get("choice", "").partition(":")
    try:
        deciding.decide(
            conflict_id=conflict_id,
            verdict=verdict,
            login_user_id=_number(user) if user else None,
            seen=_number(request.POST.get("seen", "")),
            by=request.user,
            now=timezone.now(),
        )
    except (Conflict.DoesNotExist, NotOffered, DecidedMeanwhile) as error:
        return _refused(request, error=error, conflict_id=conflict_id)
    following = _find_following(conflict_id) if was_open else None
    if following:
        return redirect(f"{reverse('conflict', args=[following.pk])}?decided={conflict_id}")
    messages.success(request, _("Decided."))
    return redirect("conflict", conflict_id=conflict_id)


@page
@require_POST
def undo(request: HttpRequest, conflict_id: int) -> HttpResponse:
    """Undo what was decided about one conflict, and lead back to it."""
    require(roles.can_decide(request.user))
    seen = _number(request.POST.get("seen", ""))
    try:
        deciding.undo(conflict_id=conflict_id, seen=seen, by=request.user, now=timezone.now())
    except (Conflict.DoesNotExist, NotOffered, DecidedMeanwhile) as error:
        return _refused(request, error=error, conflict_id=conflict_id)
    messages.success(request, _("Undone: the conflict is open again."))
    return redirect("conflict", conflict_id=conflict_id)


def effect_sentences(effect: Effect, *, verdict: str) -> tuple[str, ...]:
    """Return what a deed changes, in sentences; never empty."""
    found = []
    if effect.reopens:
        user_id = effect.reopens.login_user.user_id
        found.append(_("The link to %s goes on, because Zendesk's record still carries that ID.") % user_id)
    elif effect.lets_together:
        sentence = _("The sync may link %s again: the visitor is read from Zendesk again, and the answer decides.")
        found.append(sentence % effect.lets_together.user_id)
    if effect.ends:
        user_id = effect.ends.login_user.user_id
        found.append(_("The link to %s ends now and stays in the history.") % user_id)
    elif effect.keeps_apart:
        found.append(_("No link to %s is open now.") % effect.keeps_apart.user_id)
    if effect.keeps_apart:
        found.append(
            _("Until this is undone the sync makes no link between the two; it still notes what Zendesk says.")
        )
    return tuple(found) or (_unchanged(verdict),)


def _unchanged(verdict: str) -> str:
    return {
        Verdict.KEEP: _("No link changes. The question is closed."),
        Verdict.SHARED_DEVICE: _("No link changes. The question is closed, and the visitor's page tells the answer."),
        Verdict.IGNORE: _("Nothing changes. The question leaves the open list."),
    }.get(Verdict(verdict), _("The conflict opens again. Links stay as they are."))


def _refused(request: HttpRequest, *, error: Exception, conflict_id: int) -> HttpResponse:
    if isinstance(error, Conflict.DoesNotExist):
        messages.warning(request, _("This conflict is gone: Zendesk joined its visitor into another one."))
        return redirect("conflicts")
    if isinstance(error, DecidedMeanwhile):
        messages.warning(request, _("Somebody decided about this meanwhile. Nothing was changed; please look again."))
    else:
        messages.error(request, _("This cannot be decided here so. Nothing was changed."))
    return redirect("conflict", conflict_id=conflict_id)


def _context(found: Conflict, *, eyes: Eyes) -> dict[str, Any]:
    deeds = list(ConflictDecision.objects.filter(conflict=found).select_related("login_user"))
    undoing = deciding.undoing(conflict=found)
    users = deciding.find_users(conflict=found)
    links = _links_by_user(found, users=users, eyes=eyes)
    return {
        "row": conflict_row(found, eyes=eyes),
        "visitor_email": eyes.email(found.visitor.email),
        "external_id": eyes.words(found.visitor.external_id),
        "visitor_seen_at": found.visitor.last_seen_at,
        "checked_at": found.visitor.checked_at,
        "people": [
            {
                "side": side(user, slug=found.integration.slug, eyes=eyes),
                "email": eyes.email(user.email),
                "links": links.get(user.pk, ()),
            }
            for user in users
        ],
        "choices": [_choice_row(one) for one in deciding.choices(conflict=found)],
        "undo_effects": effect_sentences(undoing, verdict=Verdict.UNDO) if undoing else (),
        "seen": deeds[0].pk if deeds else 0,
        "deeds": [_deed_row(deed) for deed in deeds],
        "following": _find_following(found.pk),
    }


def _find_following(conflict_id: int) -> Conflict | None:
    """Return the open conflict below this one in the list, or the first of those above it."""
    waiting = Conflict.objects.filter(state=ConflictState.OPEN).exclude(pk=conflict_id).order_by("-pk")
    return waiting.filter(pk__lt=conflict_id).first() or waiting.first()


def _find_just_decided(conflict_id: int) -> JustDecided | None:
    newest = ConflictDecision.objects.filter(conflict_id=conflict_id).select_related("login_user").first()
    if newest is None or not newest.is_in_force:
        return None
    return JustDecided(number=conflict_id, title=_title(newest.verdict, user=newest.login_user), seen=newest.pk)


def _links_by_user(found: Conflict, *, users: Sequence[LoginUser], eyes: Eyes) -> dict[int, list[LinkRow]]:
    links = VisitorLink.objects.with_disputes().filter(visitor=found.visitor, login_user__in=users)
    rows: dict[int, list[LinkRow]] = {}
    for link in links.select_related("login_user", "evidence_run", "visitor")[:LINKS_SHOWN]:
        rows.setdefault(link.login_user_id, []).append(link_row(link, slug=found.integration.slug, eyes=eyes))
    return rows


def _choice_row(choice: Choice) -> ChoiceRow:
    value = f"{choice.verdict}:{choice.login_user.pk}" if choice.login_user else str(choice.verdict)
    return ChoiceRow(
        value=value,
        title=_title(choice.verdict, user=choice.login_user),
        icon=_ICONS[choice.verdict],
        effects=effect_sentences(choice.effect, verdict=choice.verdict),
    )


def _deed_row(deed: ConflictDecision) -> DeedRow:
    return DeedRow(
        title=_title(deed.verdict, user=deed.login_user),
        icon=_ICONS[deed.verdict],
        by=deed.by_name,
        at=deed.at,
        is_in_force=deed.is_in_force,
    )


def _title(verdict: str, *, user: LoginUser | None) -> str:
    if verdict == Verdict.UNLINK and user:
        return _("This visitor is not %s") % (user.name or user.user_id)
    return str(Verdict(verdict).label)


def _eyes(request: HttpRequest) -> Eyes:
    return Eyes(sees_contact=roles.can_see_contact(request.user))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
