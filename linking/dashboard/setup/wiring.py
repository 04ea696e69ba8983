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
from linking.dashboard.setup.products import find_setup_words
from linking.dashboard.setup.snippet_files import build_snippets
from linking.dashboard.setup.verdict_words import FINDING_STATES, VERDICT_STATES, name_rule
from linking.dashboard.shell.access import require, require_integration, setup_page
from linking.dashboard.shell.parts import Badge, Text
from linking.dashboard.sync.notices import find_clock_findings
from linking.doctor import TokenKind, Verdict, cookie_reach
from linking.models import Integration
from linking.monitoring import product_move
from linking.tokens import clock_offsets

ADDRESS_MAX_CHARACTERS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One rule's outcome, ready to be shown."""

    rule: Text
    state: Badge
    problem: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachForm:
    """The inputs of the origin preview and its result: `reach` and its first `obstacle`, or a `problem`."""

    page: str
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
    name = request.POST.get("kind", "")
    kind = TokenKind(name) if name in set(TokenKind) else TokenKind.AUTO
    try:
        diagnosis = doctor.diagnose_paste(text=request.POST.get("text", ""), kind=kind, slug=slug, now=time.time())
    except registry.NoSuchIntegration:
        # Another process has just created it; the next read of the configuration finds it.
        return redirect("setup_integration", slug=slug)
    context = _build_context(request, integration=integration)
    context |= {
        "diagnosis": diagnosis,
        "verdicts": [_build_line(verdict) for verdict in diagnosis.verdicts],
        "kind": kind.value,
    }
    return render(request, "dashboard/setup/wiring.html", context)


def _build_context(request: HttpRequest, *, integration: Integration) -> dict[str, Any]:
    endpoint = request.build_absolute_uri(reverse("token-of-integration", args=[integration.slug]))
    steps, now = build_checklist(integration=integration), timezone.now()
    values = {
        "token_url": endpoint,
        "account_key": integration.zendesk_account_key or _("your account key"),
        "cookie_name": integration.cookie_name,
    }
    words = find_setup_words(integration.zendesk_product)
    is_admin = roles.is_admin(request.user)
    return {
        "integration": integration,
        "is_moving": product_move.find_pair(integration) is not None,
        "endpoint": endpoint,
        "findings": find_clock_findings(clock_offsets.readings(now=now).get(integration.pk)),
        "steps": steps,
        "done": sum(step.is_done for step in steps),
        "snippets": build_snippets(names=words.snippet_files, values=values),
        "reach": _build_reach_form(request, integration=integration, endpoint=endpoint),
        "same_sites": [choice.value for choice in cookie_reach.SameSite],
        "answers": load_answers(integration=integration, span=request.GET.get("answers", ""), now=now),
        "may_diagnose": doctor.may_diagnose(request.user),
        "words": words,
        "webhook_url": request.build_absolute_uri(f"/api/v1/hooks/zendesk/{integration.slug}"),
        "connect_url": reverse("setup_connect", args=[integration.slug])
        if is_admin and words.is_connected_in_browser
        else "",
        "admin_url": reverse("admin:linking_integration_change", args=[integration.pk]) if is_admin else "",
    }


def _build_line(verdict: Verdict) -> Line:
    return Line(
        rule=name_rule(verdict.rule), state=VERDICT_STATES[verdict.state], problem=verdict.problem, fix=verdict.fix
    )


def _build_reach_form(request: HttpRequest, *, integration: Integration, endpoint: str) -> ReachForm:
    """Return the preview that the address asks for, or an empty form with the usual choices."""
    parameters = request.GET
    if "page" not in parameters:
        first = next(iter(integration.allowed_origins), "")
        return ReachForm(page=first, domain="", same_site="Lax", is_secure=True, is_http_only=True)
    same_site = parameters.get("same_site", "")
    form = ReachForm(
        page=parameters["page"][:ADDRESS_MAX_CHARACTERS],
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
            page=form.page, endpoint=endpoint, cookie=cookie, origins=integration.allowed_origins
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
