"""The secrets of one integration: how each stands, one click to test it, and how to change it without a gap."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from linking import integrations, registry
from linking.dashboard.people.deeds import COMMAND_LINE
from linking.dashboard.shell.access import page, require_admin, require_integration
from linking.dashboard.shell.own_password import find_own_flaw
from linking.dashboard.shell.parts import Text
from linking.dashboard.shell.times import format_time
from linking.integrations import Actor, BadIntegration, Check
from linking.models import Integration, Secret, SecretName
from linking.monitoring import health, secret_ages

# How long the present Login key is accepted beside the new one. Source: the life of a Login JWT is a setting of the
# Login project; by itself it is a day.
OVERLAPS: tuple[tuple[str, timedelta, Text], ...] = (
    ("hour", timedelta(hours=1), gettext_lazy("1 hour")),
    ("day", timedelta(days=1), gettext_lazy("1 day")),
    ("week", timedelta(days=7), gettext_lazy("7 days")),
)
# When the new Zendesk secret begins to sign: Zendesk knows one at a time.
SWITCHES: tuple[tuple[str, timedelta, Text], ...] = (
    ("now", timedelta(), gettext_lazy("now")),
    ("hour", timedelta(hours=1), gettext_lazy("in 1 hour")),
    ("night", timedelta(hours=12), gettext_lazy("in 12 hours")),
)
_ROLLED = {SecretName.LOGIN_SECRET_KEY: OVERLAPS, SecretName.ZENDESK_SHARED_SECRET: SWITCHES}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRow:
    """One secret: how it stands, the outcome of its test, and how it can be rolled.

    `spans` are the choices of an overlap or a switch, empty where a secret cannot be rolled here; `span_id` names what
    they mean. `problem` says why the last try did not work.
    """

    name: str
    label: Text
    mark: str
    set_at: datetime | None
    set_by: str
    is_by_command: bool
    is_testable: bool
    spans: tuple[tuple[str, Text], ...]
    is_overlap: bool
    age_days: int = 0
    due_at: datetime | None = None
    is_due: bool = False
    last_used_at: datetime | None = None
    outcome: Check | None = None
    problem: str = ""


@sensitive_post_parameters()
@page
@require_http_methods(["GET", "HEAD", "POST"])
def show_secrets(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the secrets that are set or needed; test all or one of them, or store a new one."""
    require_admin(request)
    integration = require_integration(slug)
    rows = _list_rows(integration)
    if request.method != "POST":
        return _render(request, integration=integration, rows=rows)
    if "roll" in request.POST:
        return _roll(request, integration=integration, rows=rows)
    wanted = request.POST.get("test", "")
    outcomes = {row.name: _test(request, integration, row.name) for row in rows if _is_tested(row, wanted)}
    if not outcomes:
        raise Http404
    rows = [replace(row, outcome=outcomes.get(row.name)) for row in rows]
    return _render(request, integration=integration, rows=rows)


def _is_tested(row: SecretRow, wanted: str) -> bool:
    return row.is_testable and bool(row.mark) and wanted in ("all", row.name)


def _test(request: HttpRequest, integration: Integration, name: str) -> Check:
    config, _problems = registry.config_of(integration)
    trial = integrations.Trial(
        login_jwt=request.POST.get("login_jwt", "").strip(),
        login_api_url=str(settings.LINKING["XSOLLA_LOGIN_API_URL"]),
        allow_loopback=_allows_loopback(),
    )
    return integrations.try_config(SecretName(name), config=config, trial=trial)


def _roll(request: HttpRequest, *, integration: Integration, rows: list[SecretRow]) -> HttpResponse:
    name = request.POST["roll"]
    row = next((row for row in rows if row.name == name and row.spans), None)
    if row is None:
        raise Http404
    plain = request.POST.get("secret", "").strip()
    flaw = _("Enter the new secret.") if not plain else ""
    flaw = flaw or find_own_flaw(request)
    if not flaw:
        flaw = _store(request, integration=integration, name=SecretName(name), plain=plain)
    if flaw:
        rows = [replace(one, problem=flaw) if one.name == name else one for one in rows]
        return _render(request, integration=integration, rows=rows)
    return redirect("setup_secrets", slug=integration.slug)


def _store(request: HttpRequest, *, integration: Integration, name: SecretName, plain: str) -> str:
    """Store the new secret with its overlap or switch; return why that was refused, "" when it was not."""
    now = timezone.now()
    span = {word: length for word, length, _label in _ROLLED[name]}.get(request.POST.get("span", ""), timedelta(days=1))
    until = now + span
    if name is SecretName.LOGIN_SECRET_KEY:
        values: dict[str, object] = {name: plain, "previous_login_secret_until": until}
        sentence = _("The new key is in use. The one before is accepted until %(time)s.")
    elif span:
        values = {SecretName.ZENDESK_SHARED_SECRET_NEXT: plain, "zendesk_secret_switch_at": until}
        sentence = _("The new secret signs from %(time)s. Set it in Zendesk at that time.")
    else:
        values = {name: plain}
        sentence = _("The new secret signs from now on. Set it in Zendesk at once.")
    try:
        integrations.save_integration(
            slug=integration.slug,
            values=values,
            actor=Actor.from_user(request.user),
            now=now,
            allow_loopback=_allows_loopback(),
        )
    except BadIntegration as error:
        return " ".join(error.problems.values())
    messages.success(request, sentence % {"time": format_time(until)})
    return ""


def _list_rows(integration: Integration) -> list[SecretRow]:
    held = {secret.name: secret for secret in integration.secrets.all()}
    uses = secret_ages.load_last_uses(integration)
    needed = {SecretName.LOGIN_SECRET_KEY, SecretName.ZENDESK_SHARED_SECRET}
    rows = []
    for secret in integrations.SECRETS:
        row = held.get(secret.name)
        if row is None and secret.name not in needed:
            continue
        spans = _ROLLED.get(secret.name, ()) if row else ()
        empty = SecretRow(
            name=secret.name.value,
            label=secret.label,
            mark="",
            set_at=None,
            set_by="",
            is_by_command=False,
            is_testable=integrations.is_testable(secret.name),
            spans=tuple((word, label) for word, _length, label in spans),
            is_overlap=secret.name == SecretName.LOGIN_SECRET_KEY,
        )
        rows.append(empty if row is None else _fill(empty, row=row, last_used_at=uses.get(secret.name)))
    return rows


def _fill(empty: SecretRow, *, row: Secret, last_used_at: datetime | None) -> SecretRow:
    now = timezone.now()
    age = secret_ages.find_age(row, now=now)
    # Used before it was set: the secret before it was.
    used_at = last_used_at if last_used_at and last_used_at >= row.set_at else None
    return replace(
        empty,
        mark=row.fingerprint,
        set_at=row.set_at,
        set_by=row.set_by,
        is_by_command=row.set_by == COMMAND_LINE,
        age_days=max(0, (now - row.set_at).days),
        due_at=age.due_at,
        is_due=age.is_due,
        last_used_at=used_at,
    )


def _render(request: HttpRequest, *, integration: Integration, rows: list[SecretRow]) -> HttpResponse:
    person: Any = request.user
    context = {
        "integration": integration,
        "rows": rows,
        "needs_password": person.has_usable_password(),
        "previous_until": integration.previous_login_secret_until,
        "switch_at": integration.zendesk_secret_switch_at,
        "now": timezone.now(),
        "has_old_seals": health.has_old_seals(),
    }
    return render(request, "dashboard/setup/secrets.html", context)


def _allows_loopback() -> bool:
    return bool(settings.LINKING["ALLOW_LOOPBACK"])
