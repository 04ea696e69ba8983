"""The settings of an integration as a file: exported without secrets, imported after a look at the differences."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from linking import integrations
from linking.dashboard.setup.guide_steps import LOGIN
from linking.dashboard.shell.access import page, require_admin, require_integration
from linking.dashboard.shell.parts import Text
from linking.integrations import Actor, BadIntegration, Difference
from linking.models import DraftPurpose

# The product takes no uploads, so the text of a file is pasted.
TEXT_MAX_CHARACTERS = 200_000


class UnreadableFile(Exception):
    """The text is no settings; the message is a sentence and repeats none of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceRow:
    """One line of the table: the setting's label, and its value before and after as a person reads it."""

    label: Text
    before: str
    after: str


@page
@require_safe
def export_file(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the settings as JSON, as `integration set` takes them; no secret is among them."""
    require_admin(request)
    integration = require_integration(slug)
    found = integrations.export_settings(slug=integration.slug)
    text = json.dumps(found.settings, indent=2, ensure_ascii=False)
    headers = {"Content-Disposition": f'attachment; filename="{integration.slug}.json"'}
    return HttpResponse(f"{text}\n", content_type="application/json; charset=utf-8", headers=headers)


@sensitive_post_parameters()
@page
@require_http_methods(["GET", "HEAD", "POST"])
def import_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a file would change of this integration, and change it when that was confirmed."""
    require_admin(request)
    integration = require_integration(slug)
    context: dict[str, Any] = {"integration": integration}
    if request.method != "POST":
        return render(request, "dashboard/setup/import.html", context)
    now, text = timezone.now(), request.POST.get("text", "")[:TEXT_MAX_CHARACTERS]
    try:
        values = parse_settings(text)
        found = integrations.compare_settings(slug=slug, values=values, now=now, allow_loopback=_allows_loopback())
        if "confirm" in request.POST:
            integrations.save_integration(
                slug=slug,
                values=values,
                actor=Actor.from_user(request.user),
                now=now,
                allow_loopback=_allows_loopback(),
            )
            messages.success(request, _("%s is changed.") % integration.name)
            return redirect("setup_integration", slug=slug)
    except UnreadableFile as error:
        return render(request, "dashboard/setup/import.html", context | {"problems": [("", str(error))]})
    except BadIntegration as error:
        problems = [(str(_name(key)), sentence) for key, sentence in error.problems.items()]
        return render(request, "dashboard/setup/import.html", context | {"problems": problems})
    context |= {
        "is_compared": True,
        "rows": _build_rows(found.differences),
        "warnings": [(str(_name(one.key)), one.sentence) for one in found.warnings],
        # Rebuilt from what was read: settings alone, so that no page ever carries a secret.
        "text": json.dumps(values, ensure_ascii=False),
    }
    return render(request, "dashboard/setup/import.html", context)


@sensitive_post_parameters()
@page
@require_http_methods(["GET", "HEAD", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    """Fill the guided path with the settings of a file; it asks for the secrets, and shows all before it creates."""
    require_admin(request)
    if request.method != "POST":
        return render(request, "dashboard/setup/import.html", {})
    try:
        values = parse_settings(request.POST.get("text", "")[:TEXT_MAX_CHARACTERS])
    except UnreadableFile as error:
        return render(request, "dashboard/setup/import.html", {"problems": [("", str(error))]})
    problems, _warnings = integrations.judge_values(values=values, allow_loopback=_allows_loopback())
    if problems:
        named = [(str(_name(key)), sentence) for key, sentence in problems.items()]
        return render(request, "dashboard/setup/import.html", {"problems": named})
    integrations.drop_draft(owner=request.user, purpose=DraftPurpose.GUIDE)
    integrations.keep_draft(
        owner=request.user, purpose=DraftPurpose.GUIDE, values=values, secrets={}, now=timezone.now()
    )
    messages.info(request, _("The settings are read. Secrets are not in a file: enter them now."))
    return redirect("guide_step", step=LOGIN)


def parse_settings(text: str) -> dict[str, Any]:
    """Return the settings by key.

    Raises: UnreadableFile where the text is no JSON object, or holds a secret: those are entered, not imported.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(_("This is not valid JSON.")) from error
    if not isinstance(values, dict) or not values:
        raise UnreadableFile(_("Paste settings: a JSON object, as the export makes it."))
    if secrets := [name for name in integrations.SECRET_NAMES if name in values]:
        sentence = _("Take the secrets out of the file: %(names)s. Enter them on the integration's pages.")
        raise UnreadableFile(sentence % {"names": ", ".join(secrets)})
    return values


def _build_rows(differences: Iterable[Difference]) -> list[DifferenceRow]:
    return [
        DifferenceRow(label=_name(one.key), before=format_value(one.before), after=format_value(one.after))
        for one in differences
    ]


def _name(key: str) -> Text:
    labels: dict[str, Text] = {setting.name: setting.label for setting in integrations.SETTINGS}
    labels |= {secret.name.value: secret.label for secret in integrations.SECRETS}
    return labels.get(key, key)


def format_value(value: object) -> str:
    """Return a setting's value as one line for a person, "" for none."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} = {claim}" for name, claim in value.items())
    return "" if value is None else str(value)


def _allows_loopback() -> bool:
    return bool(settings.LINKING["ALLOW_LOOPBACK"])
