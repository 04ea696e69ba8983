"""The guided path to an integration: five steps, each an address of its own, kept as a draft until it is created.

The addresses lie outside `/setup/`, where every word may be the slug of an integration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from linking import integrations
from linking.dashboard.setup import guide_steps
from linking.dashboard.setup.guide_steps import LOGIN, ORIGINS, PRODUCT, REVIEW, TITLES, ZENDESK, GuideBox
from linking.dashboard.shell.access import page, require_admin
from linking.dashboard.shell.own_password import find_own_flaw
from linking.integrations import Actor, BadIntegration, Check
from linking.models import DraftPurpose, IntegrationDraft, SecretName, ZendeskProduct

NAME_MAX_CHARACTERS = 100
SLUG_MAX_CHARACTERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLink:
    """One step in the list at the top."""

    key: str
    title: str
    number: int
    is_current: bool
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the review shows of one box: a value, or of a secret only that it is kept. `step` is where it is changed."""

    label: str
    value: str
    is_kept: bool
    step: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a step was sent: settings as typed, good secrets, and a sentence by key on what is wrong or strange."""

    values: Mapping[str, Any]
    secrets: Mapping[str, str]
    problems: Mapping[str, str]
    warnings: Mapping[str, str]


@page
@require_http_methods(["GET", "HEAD", "POST"])
def show_product(request: HttpRequest) -> HttpResponse:
    """Ask which product the account uses; the answer is the way to the next step."""
    require_admin(request)
    now = timezone.now()
    draft = _find_draft(request, now=now)
    product = request.POST.get("zendesk_product", "")
    if request.method == "POST" and product in set(ZendeskProduct):
        _keep(request, values={"zendesk_product": product}, secrets={}, now=now)
        return redirect("guide_step", step=LOGIN)
    context = _build_frame(PRODUCT, draft=draft) | {
        "how_to_tell": integrations.PRODUCT_HELP,
        "product": "" if draft is None else draft.values.get("zendesk_product", ""),
    }
    return render(request, "dashboard/setup/guide/product.html", context)


@sensitive_post_parameters()
@page
@require_http_methods(["GET", "HEAD", "POST"])
def show_step(request: HttpRequest, step: str) -> HttpResponse:
    """Show one step with its boxes; keep what is entered, test a secret, or go on."""
    require_admin(request)
    if step == REVIEW:
        return _show_review(request)
    if step not in (LOGIN, ZENDESK, ORIGINS):
        raise Http404
    now = timezone.now()
    draft = _find_draft(request, now=now)
    if draft is None:
        return redirect("guide")
    boxes = guide_steps.list_boxes(step, product=_find_product(draft))
    if request.method != "POST":
        return _render_step(request, step=step, draft=draft, boxes=boxes)
    posted = _read_post(request, boxes=boxes)
    _keep(request, values=posted.values, secrets=posted.secrets, now=now)
    draft = _find_draft(request, now=now) or draft
    if request.POST.get("go") in ("back", "later"):
        return redirect(*_find_way(request, step=step))
    if "test" in request.POST:
        outcome = _try_one(request, draft=draft, problems=posted.problems)
        return _render_step(request, step=step, draft=draft, boxes=boxes, posted=posted, outcome=outcome)
    problems = {**_list_missing(boxes, draft=draft), **posted.problems}
    if problems:
        posted = replace(posted, problems=problems)
        return _render_step(request, step=step, draft=draft, boxes=boxes, posted=posted)
    return redirect("guide_step", step=guide_steps.find_next(step))


@page
@require_POST
def drop_guide(request: HttpRequest) -> HttpResponse:
    """Throw the draft away, its secrets with it."""
    require_admin(request)
    integrations.drop_draft(owner=request.user, purpose=DraftPurpose.GUIDE)
    messages.info(request, _("The draft is deleted."))
    return redirect("setup")


def _show_review(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    draft = _find_draft(request, now=now)
    if draft is None:
        return redirect("guide")
    if request.method != "POST":
        return _render_review(request, draft=draft, problems=_judge(draft, slug=_find_slug(draft), now=now))
    name, slug = (request.POST.get(box, "").strip()[:200] for box in ("name", "slug"))
    name = name or _find_name(draft)
    slug = slug or integrations.propose_slug(name)
    _keep(request, values={"name": name, "slug": slug}, secrets={}, now=now)
    if request.POST.get("go") in ("back", "later"):
        return redirect(*_find_way(request, step=REVIEW))
    draft = _find_draft(request, now=now) or draft
    problems = _judge(draft, slug=slug, now=now)
    flaw = find_own_flaw(request)
    if problems or flaw:
        problems |= {"own_password": flaw} if flaw else {}
        return _render_review(request, draft=draft, problems=problems)
    return _create(request, draft=draft, slug=slug, now=now)


def _create(request: HttpRequest, *, draft: IntegrationDraft, slug: str, now: datetime) -> HttpResponse:
    try:
        saved = integrations.create_from_draft(
            draft,
            slug=slug,
            without=guide_steps.list_foreign_keys(_find_product(draft)),
            actor=Actor.from_user(request.user),
            now=now,
            allow_loopback=_allows_loopback(),
        )
    except BadIntegration as error:
        return _render_review(request, draft=draft, problems=error.problems)
    messages.success(request, _("%s is created. The checklist shows what is left to do.") % saved.integration.name)
    return redirect("setup_integration", slug=slug)


def _judge(draft: IntegrationDraft, *, slug: str, now: datetime) -> dict[str, str]:
    """Return a sentence by key on what keeps the draft from being created."""
    foreign = guide_steps.list_foreign_keys(_find_product(draft))
    values = integrations.collect_values(draft, without=foreign) | {"name": _find_name(draft)}
    problems = {"slug": _("Another integration has this slug.")} if integrations.find_integration(slug=slug) else {}
    try:
        integrations.judge_integration(slug=slug, values=values, now=now, allow_loopback=_allows_loopback())
    except BadIntegration as error:
        return problems | error.problems
    return problems


def _render_step(
    request: HttpRequest,
    *,
    step: str,
    draft: IntegrationDraft,
    boxes: tuple[GuideBox, ...],
    posted: Posted | None = None,
    outcome: Check | None = None,
) -> HttpResponse:
    problems = {} if posted is None else posted.problems
    warnings = {} if posted is None else posted.warnings
    context = _build_frame(step, draft=draft) | {
        "boxes": [_fill(box, draft=draft, problems=problems, warnings=warnings) for box in boxes],
        "tested": request.POST.get("test", "") if outcome else "",
        "outcome": outcome,
        "has_problems": bool(problems) and outcome is None,
    }
    return render(request, "dashboard/setup/guide/step.html", context)


def _render_review(request: HttpRequest, *, draft: IntegrationDraft, problems: Mapping[str, str]) -> HttpResponse:
    person: Any = request.user
    context = _build_frame(REVIEW, draft=draft) | {
        "entries": _list_entries(draft, problems=problems),
        "name": _find_name(draft),
        "slug": _find_slug(draft),
        "problems": problems,
        "needs_password": person.has_usable_password(),
        "is_refused": request.method == "POST",
    }
    return render(request, "dashboard/setup/guide/review.html", context)


def _build_frame(step: str, *, draft: IntegrationDraft | None) -> dict[str, Any]:
    place = guide_steps.ORDER.index(step)
    links = [
        StepLink(
            key=key,
            title=str(title),
            number=number + 1,
            is_current=key == step,
            is_open=draft is not None or not number,
        )
        for number, (key, title) in enumerate(TITLES.items())
    ]
    return {
        "step": step,
        "title": TITLES[step],
        "purpose": guide_steps.PURPOSES[step],
        "number": place + 1,
        "steps": links,
        "before": guide_steps.find_before(step),
        "has_draft": draft is not None,
    }


def _fill(
    box: GuideBox, *, draft: IntegrationDraft, problems: Mapping[str, str], warnings: Mapping[str, str]
) -> GuideBox:
    kept = {secret.name: secret.fingerprint for secret in draft.secrets.all()}
    return replace(
        box,
        value="" if box.is_secret else guide_steps.write_setting(draft.values.get(box.name)),
        kept_mark=kept.get(box.name, "") if box.is_secret else "",
        problem=problems.get(box.name, ""),
        warning=warnings.get(box.name, ""),
    )


def _list_entries(draft: IntegrationDraft, *, problems: Mapping[str, str]) -> list[Entry]:
    product = _find_product(draft)
    kept = {secret.name for secret in draft.secrets.all()}
    label = dict(next(row.choices for row in integrations.SETTINGS if row.name == "zendesk_product"))[
        ZendeskProduct(product)
    ]
    entries = [Entry(label=_("Zendesk product"), value=str(label), is_kept=False, step=PRODUCT, problem="")]
    for step in (LOGIN, ZENDESK, ORIGINS):
        for box in guide_steps.list_boxes(step, product=product):
            value = "" if box.is_secret else guide_steps.write_setting(draft.values.get(box.name))
            shown = str(dict(box.choices).get(value, value))
            entries.append(
                Entry(
                    label=str(box.label), value=shown, is_kept=box.name in kept, step=step,
                    problem=problems.get(box.name, ""),
                )
            )  # fmt: skip
    return entries


def _read_post(request: HttpRequest, *, boxes: tuple[GuideBox, ...]) -> Posted:
    values = {
        box.name: guide_steps.read_setting(box.name, request.POST.get(box.name, ""))
        for box in boxes
        if not box.is_secret
    }
    # What stands around a pasted secret is never part of it.
    typed = {box.name: request.POST.get(box.name, "").strip() for box in boxes if box.is_secret}
    typed = {name: plain for name, plain in typed.items() if plain}
    problems, warnings = integrations.judge_values(
        values={**{name: value for name, value in values.items() if value}, **typed}, allow_loopback=_allows_loopback()
    )
    good = {name: plain for name, plain in typed.items() if name not in problems}
    return Posted(values=values, secrets=good, problems=problems, warnings=warnings)


def _list_missing(boxes: tuple[GuideBox, ...], *, draft: IntegrationDraft) -> dict[str, str]:
    kept = {secret.name for secret in draft.secrets.all()}
    missing = {}
    for box in boxes:
        is_needed = box.is_needed or (
            box.name == SecretName.LOGIN_SECRET_KEY and guide_steps.is_key_needed(draft.values)
        )
        if is_needed and box.name not in kept and not draft.values.get(box.name):
            missing[box.name] = _("This is needed.")
    return missing


def _try_one(request: HttpRequest, *, draft: IntegrationDraft, problems: Mapping[str, str]) -> Check:
    name = request.POST["test"]
    if name not in set(SecretName) or not integrations.is_testable(SecretName(name)):
        raise Http404
    if name in problems:
        return Check(name=name, is_ok=False, sentence=problems[name])
    collected = integrations.collect_values(draft)
    values = {
        key: value for key, value in collected.items() if key in integrations.RULES and value and key not in problems
    }
    # Kept before by an older version, or typed: only what the rules accept may reach an address.
    refused, _warnings = integrations.judge_values(values=values, allow_loopback=_allows_loopback())
    trial = integrations.Trial(
        login_jwt=request.POST.get("login_jwt", "").strip(),
        login_api_url=str(settings.LINKING["XSOLLA_LOGIN_API_URL"]),
        allow_loopback=_allows_loopback(),
    )
    return integrations.try_secret(
        SecretName(name),
        values={key: value for key, value in values.items() if key not in refused},
        secrets=integrations.open_secrets(draft),
        trial=trial,
    )


def _find_way(request: HttpRequest, *, step: str) -> tuple[str, ...]:
    before = guide_steps.find_before(step)
    if request.POST.get("go") == "later":
        return ("setup",)
    return ("guide",) if before == PRODUCT else ("guide_step", before)


def _find_draft(request: HttpRequest, *, now: datetime) -> IntegrationDraft | None:
    return integrations.find_draft(owner=request.user, purpose=DraftPurpose.GUIDE, now=now)


def _keep(
    request: HttpRequest, *, values: Mapping[str, Any], secrets: Mapping[str, str], now: datetime
) -> IntegrationDraft:
    return integrations.keep_draft(
        owner=request.user, purpose=DraftPurpose.GUIDE, values=values, secrets=secrets, now=now
    )


def _find_product(draft: IntegrationDraft) -> str:
    product = draft.values.get("zendesk_product", "")
    return product if product in set(ZendeskProduct) else ZendeskProduct.CHAT.value


def _find_name(draft: IntegrationDraft) -> str:
    """Return the name as typed, else one from the account's subdomain."""
    return str(draft.values.get("name") or "") or str(draft.values.get("zendesk_subdomain") or "").capitalize()


def _find_slug(draft: IntegrationDraft) -> str:
    return str(draft.values.get("slug") or "") or integrations.propose_slug(_find_name(draft))


def _allows_loopback() -> bool:
    return bool(settings.LINKING["ALLOW_LOOPBACK"])
