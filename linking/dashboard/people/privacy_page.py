"""The page for requests about personal data: find a person, see what is kept, export, erase; receipts, readmission.

What is typed here travels in the body of a request, never in its address: addresses end up in the logs of proxies.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from linking import privacy
from linking.dashboard.shell.access import page, require_admin
from linking.privacy import BadSubject, ErasureKeyLost, Name, Receipt, Subject, receipts

RECEIPTS_SHOWN = 50
VALUE_MAX = 300
# The values of the select, each with the word that pages use.
KINDS: Mapping[str, Any] = {
    "email": gettext_lazy("E-mail address"),
    "user": gettext_lazy("User ID"),
    "visitor": gettext_lazy("Visitor ID"),
}
_FIELDS = {"email": "email", "user": "user_id", "visitor": "visitor_id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """How many rows of one table are kept of a person."""

    words: Any
    number: int


@page
@require_safe
def show_privacy(request: HttpRequest) -> HttpResponse:
    """Show the form and the newest receipts."""
    require_admin(request)
    return _show(request)


@page
@require_POST
def find_person(request: HttpRequest) -> HttpResponse:
    """Show what is kept of a person, counted."""
    require_admin(request)
    try:
        name = _read_name(request)
        subject = privacy.find_subject(name)
        context = _describe(subject) | {"is_erased": receipts.is_erased(name)}
    except (BadSubject, ErasureKeyLost) as error:
        return _show(request, refusal=_explain(error), status=422)
    return _show(request, found=context)


@page
@require_POST
def export_person(request: HttpRequest) -> HttpResponse:
    """Send all that is kept of a person as a file."""
    require_admin(request)
    try:
        subject = privacy.find_subject(_read_name(request))
    except BadSubject as error:
        return _show(request, refusal=str(error), status=422)
    privacy.record_export(subject=subject, by=request.user, actor=request.user.get_username(), now=timezone.now())
    text = json.dumps(privacy.export(subject), ensure_ascii=False, indent=2)
    return _send_file(text, name="person.json")


@page
@require_POST
def erase_person(request: HttpRequest) -> HttpResponse:
    """Erase a person whose ID was typed once more, and lead to the receipt."""
    require_admin(request)
    try:
        name = _read_name(request)
        if request.POST.get("again", "").strip() != name.value:
            raise BadSubject(_("What you typed to confirm is not the same. Nothing was erased."))
        receipt = privacy.erase(name=name, by=request.user, actor=request.user.get_username(), now=timezone.now())
    except (BadSubject, ErasureKeyLost) as error:
        return _show(request, refusal=_explain(error), status=422)
    messages.success(request, _("The person is erased."))
    return redirect("privacy_receipt", number=receipt.number)


@page
@require_safe
def show_receipt(request: HttpRequest, number: str) -> HttpResponse:
    """Show a receipt."""
    require_admin(request)
    receipt = _require_receipt(number)
    context = {"receipt": receipt, "rows": _build_rows(receipt.counts), "text": receipt.text}
    return render(request, "dashboard/people/receipt.html", context)


@page
@require_safe
def download_receipt(request: HttpRequest, number: str) -> HttpResponse:
    """Send a receipt as the file that `manage.py person verify` takes."""
    require_admin(request)
    receipt = _require_receipt(number)
    return _send_file(receipt.text, name=f"receipt-{receipt.number}.json")


@page
@require_POST
def readmit_person(request: HttpRequest, number: str) -> HttpResponse:
    """Let the person of a receipt be kept again."""
    require_admin(request)
    _require_receipt(number)
    actor, now = request.user.get_username(), timezone.now()
    if receipts.readmit(by=request.user, actor=actor, now=now, number=number):
        messages.success(request, _("The person is readmitted. The next sync or token stores them as somebody new."))
    return redirect("privacy_receipt", number=number)


def _require_receipt(number: str) -> Receipt:
    receipt = receipts.find_receipt(number)
    if receipt is None:
        raise Http404
    return receipt


def _read_name(request: HttpRequest) -> Name:
    """Return whom the form names. Raises: BadSubject."""
    field = _FIELDS.get(request.POST.get("kind", ""))
    value = request.POST.get("value", "").strip()
    if field is None or not value or len(value) > VALUE_MAX:
        raise BadSubject(_("Enter an e-mail address, a user ID or a visitor ID."))
    return Name(**{field: value}, integration=request.POST.get("integration", ""))


def _explain(error: Exception) -> str:
    if isinstance(error, ErasureKeyLost):
        return _("The erasure key cannot be opened. Put the seal key back that sealed it (ZDBRIDGE_SEAL_KEYS).")
    return str(error)


def _describe(subject: Subject) -> dict[str, Any]:
    counts = privacy.count(subject)
    return {
        "rows": _build_rows(counts),
        "total": sum(counts.values()),
        "value": subject.name.value,
        "is_blocked": "linking.blockeduser" in counts,
        "shared": len(subject.shared_keys),
        "integrations": [row.name for row in subject.integrations],
    }


def _build_rows(counts: Mapping[str, int]) -> list[CountRow]:
    words = {table.label: table.words for table in privacy.TABLES}
    shared = gettext_lazy("visitors that are another player's now")
    return [CountRow(words=words.get(label, shared), number=number) for label, number in counts.items()]


def _show(
    request: HttpRequest, *, found: dict[str, Any] | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "kinds": KINDS.items(),
        "typed": {name: request.POST.get(name, "") for name in ("kind", "value", "integration")},
        "found": found,
        "refusal": refusal,
        "receipts": receipts.list_receipts(limit=RECEIPTS_SHOWN),
        "shown_most": RECEIPTS_SHOWN,
    }
    return render(request, "dashboard/people/privacy.html", context, status=status)


def _send_file(text: str, *, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
