"""The conflicts list, for leads and admins: both sides of each question and its evidence."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from linking.accounts import roles
from linking.dashboard.records.history import conflict_row
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.context import count_words
from linking.dashboard.shell.rows import Eyes
from linking.models import Conflict, ConflictKind, ConflictState, Integration
from linking.search import find as finding
from linking.search.find import UnknownFilter

PAGE_SIZE = 25
JOINED = ("integration", "visitor", "login_user", "other_user", "decided_by")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedConflicts:
    """The list's filters as the address gives them; "" means any. `before` is where a page begins."""

    state: str = ConflictState.OPEN
    kind: str = ""
    integration: str = ""
    before: str = ""

    def address(self, **changes: Any) -> str:
        """Return the query string with `changes`, from the first page unless `before` is one of them."""
        named = {"state": self.state, "kind": self.kind, "integration": self.integration} | changes
        return "?" + urlencode({name: value for name, value in named.items() if value})


@page
@require_safe
def conflicts(request: HttpRequest) -> HttpResponse:
    """Show the open conflicts, newest first, or the decided ones."""
    require(roles.can_decide(request.user))
    if "" in (kept := request.GET.dict()).values():
        # A form without scripts sends what was left open too; an address is to be shared without it.
        named = urlencode({name: value for name, value in kept.items() if value})
        return redirect(reverse("conflicts") + (f"?{named}" if named else ""))
    integrations = list(Integration.objects.order_by("name", "pk"))
    try:
        asked = read_asked(request.GET, integrations=integrations)
    except UnknownFilter as error:
        return render(request, "dashboard/bad_filter.html", {"sentence": str(error)}, status=400)
    found = _found(asked)
    shown = found.filter(pk__lt=int(asked.before)) if asked.before else found
    rows = list(shown.select_related(*JOINED).order_by("-pk")[: PAGE_SIZE + 1])
    eyes = Eyes(sees_contact=roles.can_see_contact(request.user))
    context = {
        "rows": [conflict_row(one, eyes=eyes) for one in rows[:PAGE_SIZE]],
        "older": asked.address(before=rows[PAGE_SIZE - 1].pk) if len(rows) > PAGE_SIZE else "",
        "newest": asked.address() if asked.before else "",
        "total": count_words(finding.capped_count(found)),
        "asked": asked,
        "may_decide": True,
        "open_url": asked.address(state=ConflictState.OPEN),
        "decided_url": asked.address(state=ConflictState.DECIDED),
        "is_open_list": asked.state == ConflictState.OPEN,
        "is_filtered": bool(asked.kind or asked.integration),
        "kinds": ConflictKind.choices,
        "integrations": integrations,
    }
    return render(request, "dashboard/conflicts.html", context)


def read_asked(query: QueryDict, *, integrations: list[Integration]) -> AskedConflicts:
    """Return what the address asks for.

    Raises: UnknownFilter.
    """
    state = query.get("state", ConflictState.OPEN)
    kind, slug, before = (query.get(name, "") for name in ("kind", "integration", "before"))
    slugs = [one.slug for one in integrations]
    for name, value, known in (
        ("state", state, ConflictState.values),
        ("kind", kind, ["", *ConflictKind.values]),
        ("integration", slug, ["", *slugs]),
    ):
        if value not in known:
            raise UnknownFilter(name=name, message=f"{name} must be one of: {', '.join(filter(None, known))}.")
    is_place = before.isascii() and before.isdigit() and len(before) < 19
    return AskedConflicts(state=state, kind=kind, integration=slug, before=before if is_place else "")


def _found(asked: AskedConflicts) -> QuerySet[Conflict]:
    found = Conflict.objects.filter(state=asked.state)
    found = found.filter(kind=asked.kind) if asked.kind else found
    return found.filter(integration__slug=asked.integration) if asked.integration else found
