"""The page of one's own sign-ins: in which browsers one is signed in, ending one of them or all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from linking.accounts import sessions, sign_ins


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRow:
    """One sign-in in words."""

    pk: int
    device: str
    address: str
    started_at: datetime
    last_seen_at: datetime
    is_this_one: bool


@never_cache
@require_safe
def show_sign_ins(request: HttpRequest) -> HttpResponse:
    """Show where the person who asks is signed in."""
    rows = _describe(sign_ins.list_own(request, now=timezone.now()))
    return render(request, "dashboard/accounts/sign_ins.html", {"rows": rows})


@never_cache
@require_POST
def end_one(request: HttpRequest, key: int) -> HttpResponse:
    """End one sign-in."""
    # The middleware has required a sign-in.
    person: Any = request.user
    if sign_ins.end(user=person, key=key, now=timezone.now()):
        messages.success(request, _("That sign-in is ended."))
    else:
        messages.error(request, _("That sign-in has ended already."))
    return redirect("sign_ins")


@never_cache
@require_POST
def end_all(request: HttpRequest) -> HttpResponse:
    """End every sign-in, this one too; the sign-in page follows."""
    person: Any = request.user
    sessions.end_sessions(user=person, by=person, now=timezone.now())
    return redirect("account_login")


def _describe(found: Sequence[sign_ins.OwnSignIn]) -> list[SignInRow]:
    return [
        SignInRow(
            pk=one.pk,
            device=name_device(one.browser, one.system),
            address=one.address,
            started_at=one.started_at,
            last_seen_at=one.last_seen_at,
            is_this_one=one.is_this_one,
        )
        for one in found
    ]


def name_device(browser: str, system: str) -> str:
    """Return what the browser said it is: *Firefox on Linux*."""
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")
