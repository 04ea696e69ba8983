"""A person's own API tokens: what there is, a new one, and the end of one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from linking.accounts import api_tokens, roles
from linking.dashboard.shell.own_password import find_own_flaw
from linking.models import APIToken
from linking.models.people.person import TokenScope


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """One token as the page shows it. `ends_at` is None for one that does not end."""

    pk: int
    name: str
    hint: str
    scopes: str
    created_at: datetime
    ends_at: datetime | None
    has_ended: bool
    last_used_at: datetime | None


@sensitive_post_parameters("own_password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_tokens(request: HttpRequest) -> HttpResponse:
    """Show the person's tokens and a form, or make a token and show its key, this once."""
    _require_group(request)
    if request.method != "POST":
        return _render(request)
    person: Any = request.user
    days = request.POST.get("days", "")
    flaw = find_own_flaw(request)
    if flaw:
        return _render(request, refusal=flaw)
    try:
        made = api_tokens.make_token(
            user=person,
            name=request.POST.get("name", ""),
            scopes=request.POST.getlist("scopes"),
            days=int(days) if days.isdecimal() and len(days) < 5 else 0,
            by=person,
            now=timezone.now(),
        )
    except api_tokens.TokenRefused as refusal:
        return _render(request, refusal=str(refusal))
    return render(request, "dashboard/accounts/token_made.html", {"name": made.row.name, "key": made.key})


@never_cache
@require_POST
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """End one of the person's tokens at once."""
    _require_group(request)
    row = api_tokens.find_token(user=request.user, pk=token_id)
    if row is None:
        raise Http404
    api_tokens.revoke_token(row=row, by=request.user, now=timezone.now())
    messages.success(request, _("The token %(name)s no longer works.") % {"name": row.name})
    return redirect("own_tokens")


def _require_group(request: HttpRequest) -> None:
    if not roles.can_use_setup(request.user):
        raise PermissionDenied(_("Your account is in no group yet, so a token could do nothing."))


def _render(request: HttpRequest, *, refusal: str = "") -> HttpResponse:
    person: Any = request.user
    now = timezone.now()
    typed = request.POST if refusal else {}
    scopes = request.POST.getlist("scopes") if refusal else [TokenScope.READ.value]
    context = {
        "rows": [_build_row(row, now=now) for row in api_tokens.list_tokens(user=person)],
        "scopes": [(scope.value, scope.label, scope.value in scopes) for scope in TokenScope],
        "lives": [(days, _describe_life(days), str(days) == _find_days(request)) for days in api_tokens.LIFE_DAYS],
        "name": typed.get("name", ""),
        "name_max": api_tokens.NAME_MAX_CHARACTERS,
        "needs_password": person.has_usable_password(),
        "refusal": refusal,
    }
    return render(request, "dashboard/accounts/own_tokens.html", context, status=422 if refusal else 200)


def _find_days(request: HttpRequest) -> str:
    return request.POST.get("days", "") or str(api_tokens.LIFE_DEFAULT_DAYS)


def _describe_life(days: int) -> str:
    return ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}


def _build_row(row: APIToken, *, now: datetime) -> TokenRow:
    return TokenRow(
        pk=row.pk,
        name=row.name,
        hint=row.hint,
        scopes=", ".join(str(scope.label) for scope in TokenScope if row.allows(scope)),
        created_at=row.created_at,
        ends_at=row.ends_at,
        has_ended=api_tokens.has_ended(row, now=now),
        last_used_at=row.last_used_at,
    )
