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

QUERY_MAX_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRows:
    """One stable code, its HTTP status, and the refusals that have it."""

    code: str
    status: int
    rows: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRow:
    """One cause that the doctor finds."""

    name: str
    problem: str
    fix: str


@setup_page
@require_safe
def show_reference(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what every answer and every verdict means, for site developers; `?q=` keeps those with all of its words."""
    integration = require_integration(slug)
    query = request.GET.get("q", "")[:QUERY_MAX_CHARACTERS].strip()
    codes, causes = tuple(_list_codes(query)), _list_causes(query)
    context = {
        "integration": integration,
        "query": query,
        "codes": codes,
        "causes": causes,
        "found": sum(len(code.rows) for code in codes) + len(causes),
        "total": len(REFUSALS) + len(CAUSES),
    }
    return render(request, "dashboard/setup/reference.html", context)


def _list_codes(query: str) -> Iterator[CodeRows]:
    for code, rows in groupby(REFUSALS.values(), key=lambda row: row.code):
        all_rows = tuple(rows)
        status = all_rows[0].status
        refusals = tuple(
            row for row in all_rows if _fits(query, code.value, str(status), row.reason.value, _(row.description))
        )
        if refusals:
            yield CodeRows(code=code.value, status=status, rows=refusals)


def _list_causes(query: str) -> tuple[CauseRow, ...]:
    rows = (CauseRow(name=name, problem=_(text.problem), fix=_(text.fix)) for name, text in CAUSES.items())
    return tuple(row for row in rows if _fits(query, row.name, row.problem, row.fix))


def _fits(query: str, *texts: str) -> bool:
    """Return whether every word of `query` is in one of `texts`, in any case."""
    whole = "\n".join(texts).casefold()
    return all(word in whole for word in query.casefold().split())
