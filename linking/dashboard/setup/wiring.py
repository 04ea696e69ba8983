"""The set-up page of one integration: addresses, checklist, snippets, origin preview and the token doctor."""

import time
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from linking import doctor, registry
from linking.accounts import roles
from linking.dashboard.setup.answer_counts import load_answers
from linking.dashboard.setup.checklist import build_checklist
from linking.dashboard.setup.next_step import PlacesOfPerson, find_next_step
from linking.dashboard.setup.products import find_setup_words
from linking.dashboard.setup.snippet_files import Snippet, build_snippets
from linking.dashboard.setup.snippet_words import GROUP_NAMES
from linking.dashboard.setup.token_facts import describe_token, find_value
from linking.dashboard.setup.verdict_words import FINDING_STATES, VERDICT_STATES, name_rule
from linking.dashboard.shell.access import require, require_integration, setup_page
from linking.dashboard.shell.parts import Badge, Text
from linking.dashboard.shell.rows import Reader, find_reader
from linking.dashboard.sync.notices import find_clock_findings
from linking.doctor import Diagnosis, TokenKind, VerdictState, cookie_reach
from linking.models import Integration
from linking.monitoring import product_move
from linking.tokens import clock_offsets

ADDRESS_MAX_CHARACTERS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One rule's outcome, ready to be shown; `value` is what it judged, "" for none."""

    rule: Text
    state: Badge
    problem: str
    fix: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictLines:
    """The doctor's lines: those to read first, and those that the page folds."""

    to_read: tuple[Line, ...]
    good: tuple[Line, ...]
    skipped: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachForm:
    """The inputs of the origin preview and its result: `reach` and its first `obstacle`, or a `problem`.

    `bridge` is the address of the token endpoint, which may be one that zdbridge is going to have.
    """

    page: str
    bridge: str
    domain: str
    same_site: str
    is_secure: bool
    is_http_only: bool
    is_partitioned: bool = False
    reach: cookie_reach.Reach | None = None
    lines: tuple[Line, ...] = ()
    problem: str = ""
    obstacle: str = ""


@setup_page
@require_safe
def show_wiring(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how to wire one integration's widget, with its real values and never a secret."""
    integration = require_integration(slug)
    return render(request, "dashboard/setup/wiring.html", _build_context(request, integration=integration))


@sensitive_post_parameters("text")
@setup_page
@require_http_methods(["GET", "HEAD", "POST"])
def diagnose(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the set-up page with the doctor's verdicts on the pasted text, without the text."""
    require(doctor.may_diagnose(request.user))
    integration = require_integration(slug)
    if request.method != "POST":
        return redirect("setup_integration", slug=slug)
    name, now = request.POST.get("kind", ""), time.time()
    kind = TokenKind(name) if name in set(TokenKind) else TokenKind.AUTO
    try:
        diagnosis = doctor.diagnose_paste(text=request.POST.get("text", ""), kind=kind, slug=slug, now=now)
    except registry.NoSuchIntegration:
        # Another process has just created it; the next read of the configuration finds it.
        return redirect("setup_integration", slug=slug)
    reader = find_reader(request)
    context = _build_context(request, integration=integration)
    context |= {
        "diagnosis": diagnosis,
        "lines": _build_lines(diagnosis, reader=reader, now=now),
        "facts": describe_token(diagnosis, reader=reader, now=now),
        "kind": kind.value,
    }
    return render(request, "dashboard/setup/wiring.html", context)


def _build_context(request: HttpRequest, *, integration: Integration) -> dict[str, Any]:
    endpoint = request.build_absolute_uri(reverse("token-of-integration", args=[integration.slug]))
    steps, now = build_checklist(integration=integration), timezone.now()
    words = find_setup_words(integration.zendesk_product)
    is_admin = roles.is_admin(request.user)
    places = PlacesOfPerson(
        settings=reverse("admin:linking_integration_change", args=[integration.pk]) if is_admin else "",
        connect=reverse("setup_connect", args=[integration.slug]) if is_admin and words.is_connected_in_browser else "",
        sync=reverse("sync") if roles.can_see_pages(request.user) else "",
    )
    return {
        "integration": integration,
        "is_moving": bool(places.sync) and product_move.find_pair(integration) is not None,
        "endpoint": endpoint,
        "findings": find_clock_findings(clock_offsets.readings(now=now).get(integration.pk)),
        "steps": steps,
        "done": [step for step in steps if step.is_done],
        "next": find_next_step(steps, integration=integration, places=places),
        "snippet_rows": _build_snippet_rows(integration, names=words.snippet_files, endpoint=endpoint),
        "reach": _build_reach_form(request, integration=integration, endpoint=endpoint),
        "same_sites": [choice.value for choice in cookie_reach.SameSite],
        "answers": load_answers(integration=integration, span=request.GET.get("answers", ""), now=now),
        "may_diagnose": doctor.may_diagnose(request.user),
        "words": words,
        "webhook_url": request.build_absolute_uri(f"/api/v1/hooks/zendesk/{integration.slug}"),
        "places": places,
    }


def _build_snippet_rows(
    integration: Integration, *, names: tuple[str, ...], endpoint: str
) -> list[tuple[Text, tuple[Snippet, ...]]]:
    values = {"token_url": endpoint, "cookie_name": integration.cookie_name}
    gaps = {"widget_key": _("the key of your widget")}
    if integration.zendesk_account_key:
        values["account_key"] = integration.zendesk_account_key
    else:
        gaps["account_key"] = _("your account key")
    rows = build_snippets(names=names, values=values, gaps=gaps)
    return [(GROUP_NAMES[row.group], row.snippets) for row in rows]


def _build_lines(diagnosis: Diagnosis, *, reader: Reader, now: float) -> VerdictLines:
    lines: dict[VerdictState, list[Line]] = {state: [] for state in VerdictState}
    for verdict in diagnosis.verdicts:
        value = find_value(verdict.rule, claims=diagnosis.claims, reader=reader, now=now)
        state = VERDICT_STATES[verdict.state]
        lines[verdict.state].append(
            Line(rule=name_rule(verdict.rule), state=state, problem=verdict.problem, fix=verdict.fix, value=value)
        )
    return VerdictLines(
        to_read=(*lines[VerdictState.BAD], *lines[VerdictState.NOTE]),
        good=tuple(lines[VerdictState.GOOD]),
        skipped=tuple(lines[VerdictState.SKIPPED]),
    )


def _build_reach_form(request: HttpRequest, *, integration: Integration, endpoint: str) -> ReachForm:
    """Return the preview that the address asks for, or an empty form with the usual choices."""
    parameters = request.GET
    if "page" not in parameters:
        first = next(iter(integration.allowed_origins), "")
        return ReachForm(page=first, bridge=endpoint, domain="", same_site="Lax", is_secure=True, is_http_only=True)
    same_site = parameters.get("same_site", "")
    form = ReachForm(
        page=parameters["page"][:ADDRESS_MAX_CHARACTERS],
        bridge=parameters.get("bridge", "")[:ADDRESS_MAX_CHARACTERS].strip() or endpoint,
        domain=parameters.get("domain", "")[:ADDRESS_MAX_CHARACTERS].strip(),
        same_site=same_site if same_site in set(cookie_reach.SameSite) else cookie_reach.SameSite.ABSENT.value,
        is_secure="secure" in parameters,
        is_http_only="http_only" in parameters,
        is_partitioned="partitioned" in parameters,
    )
    cookie = cookie_reach.Cookie(
        name=integration.cookie_name,
        domain=form.domain,
        same_site=cookie_reach.SameSite(form.same_site),
        is_secure=form.is_secure,
        is_http_only=form.is_http_only,
        is_partitioned=form.is_partitioned,
    )
    try:
        reach = cookie_reach.preview(
            page=form.page, endpoint=form.bridge, cookie=cookie, origins=integration.allowed_origins
        )
    except cookie_reach.UnreadableAddress as error:
        return replace(form, problem=error.sentence.to_text(_))
    lines = tuple(
        Line(
            rule=name_rule(finding.rule),
            state=FINDING_STATES[finding.state],
            problem=finding.sentence.to_text(_),
            fix="",
        )
        for finding in reach.findings
    )
    obstacle = "" if reach.first_problem is None else reach.first_problem.to_text(_)
    return replace(form, reach=reach, lines=lines, obstacle=obstacle)
