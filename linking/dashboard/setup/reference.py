"""Every code and reason of the token endpoint and every cause of the doctor, from the tables that the code uses."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linking.dashboard.shell.access import require_integration, setup_page
from linking.doctor import CAUSES
from linking.tokens.refusals import REFUSALS, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRows:
    """One stable code, its HTTP status, and the refusals that have it."""

    code: str
    status: int
    rows: tuple[Refusal, ...]


@setup_page
@require_safe
def show_reference(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what every answer and every verdict means, for site developers."""
    integration = require_integration(slug)
    causes = [{"name": name, "problem": _(text.problem), "fix": _(text.fix)} for name, text in CAUSES.items()]
    context = {"integration": integration, "codes": tuple(_list_codes()), "causes": causes}
    return render(request, "dashboard/setup/reference.html", context)


def _list_codes() -> Iterator[CodeRows]:
    for code, rows in groupby(REFUSALS.values(), key=lambda row: row.code):
        refusals = tuple(rows)
        yield CodeRows(code=code.value, status=refusals[0].status, rows=refusals)
