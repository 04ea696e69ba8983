"""Taking and assigning conflicts (leads, admins), and flagging them (every group)."""

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from linking.accounts import roles
from linking.conflicts import flags, owners
from linking.dashboard.accounts.theme import find_way_back
from linking.dashboard.conflicts.filters import ME
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.numbers import parse_key
from linking.models import Conflict, ConflictFlag


@page
@require_POST
def assign_conflict(request: HttpRequest, conflict_id: int) -> HttpResponse:
    """Give a conflict to the person that `owner` names (`me`, a key, or "" for nobody), and redirect back."""
    require(roles.can_decide(request.user))
    wanted, seen = request.POST.get("owner", ""), parse_key(request.POST.get(f"seen-{conflict_id}", ""))
    owner_id = request.user.pk if wanted == ME else parse_key(wanted) if wanted else None
    try:
        owner = owners.assign(
            conflict_id=conflict_id,
            owner_id=owner_id,
            seen_owner_id=seen if seen > 0 else None,
            by=request.user,
            now=timezone.now(),
        )
    except Conflict.DoesNotExist as error:
        raise Http404 from error
    except owners.NoSuchOwner:
        messages.error(request, _("That person cannot own conflicts. Nothing was changed."))
    except owners.OwnerChanged:
        messages.warning(request, _("Someone else has just taken or assigned this conflict. Nothing was changed."))
    else:
        messages.success(request, _describe_owner(owner, is_mine=owner_id == request.user.pk))
    return redirect(find_way_back(request.POST.get("next", "")))


@page
@require_POST
def take_conflicts(request: HttpRequest) -> HttpResponse:
    """Give the selected conflicts that nobody owns to the person who asks, and redirect back."""
    require(roles.can_decide(request.user))
    keys = [parse_key(key) for key in request.POST.getlist("conflict")]
    number = owners.take(conflict_ids=keys, by=request.user, now=timezone.now())
    left = len(keys) - number
    if number:
        sentence = ngettext("%s conflict is yours now.", "%s conflicts are yours now.", number)
        messages.success(request, sentence % intcomma(number))
    if left:
        sentence = ngettext(
            "%s selected conflict has an owner already and was left alone.",
            "%s selected conflicts have an owner already and were left alone.",
            left,
        )
        messages.warning(request, sentence % intcomma(left))
    if not keys:
        messages.warning(request, _("Select conflicts first."))
    return redirect(find_way_back(request.POST.get("next", "")))


@page
@require_POST
def flag_conflict(request: HttpRequest, conflict_id: int) -> HttpResponse:
    """Flag a conflict for the leads, and redirect back."""
    try:
        flags.flag(conflict_id=conflict_id, reason=request.POST.get("reason", ""), by=request.user, now=timezone.now())
    except Conflict.DoesNotExist as error:
        raise Http404 from error
    except flags.NoReason:
        messages.warning(request, _("Write in a few words why a lead should look at it. Nothing was flagged."))
    except flags.NotOpen:
        messages.warning(request, _("This conflict is decided already, so it was not flagged."))
    else:
        messages.success(request, _("Flagged. Leads see it in the list of conflicts."))
    return redirect(find_way_back(request.POST.get("next", "")))


@page
@require_POST
def remove_flag(request: HttpRequest, flag_id: int) -> HttpResponse:
    """Remove one's own flag, or as a lead anybody's, and redirect back."""
    try:
        flags.remove(
            flag_id=flag_id, by=request.user, may_remove_any=roles.can_decide(request.user), now=timezone.now()
        )
    except ConflictFlag.DoesNotExist:
        messages.warning(request, _("This flag was removed already, or it is not yours."))
    else:
        messages.success(request, _("Flag removed."))
    return redirect(find_way_back(request.POST.get("next", "")))


def _describe_owner(owner: object, *, is_mine: bool) -> str:
    if owner is None:
        return _("Nobody owns this conflict now.")
    return _("This conflict is yours now.") if is_mine else _("Assigned to %s.") % owner
