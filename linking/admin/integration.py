"""Integrations in the admin."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.db.models import DateTimeField, QuerySet
from django.forms import SplitDateTimeField
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking import integrations
from linking.accounts import sessions
from linking.admin.boxes import NamedDateTime
from linking.admin.integration_form import IntegrationForm
from linking.admin.integration_sections import build_fieldsets
from linking.core.config import Mode
from linking.models import DraftPurpose, Integration


@admin.register(Integration)
class IntegrationAdmin(admin.ModelAdmin):
    """Everything goes through `linking.integrations`, as from the command line."""

    form = IntegrationForm
    list_display = (
        "name",
        "slug",
        "enabled",
        "login_project_id",
        "zendesk_subdomain",
        "last_success_at",
        "blocked_reason",
    )
    formfield_overrides: ClassVar[dict[Any, dict[str, Any]]] = {
        DateTimeField: {"form_class": SplitDateTimeField, "widget": NamedDateTime}
    }
    search_fields = ("name", "slug", "login_project_id")
    actions = ("check_both_sides", "rehearse", "enforce")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form, told who uses it."""
        form = super().get_form(request, obj, change=change, **kwargs)
        proven_s_ago = sessions.count_seconds_since_proof(request, now=timezone.now())
        return type("BoundIntegrationForm", (form,), {"person": request.user, "proven_s_ago": proven_s_ago})

    def get_fieldsets(self, _request: HttpRequest, obj: Any = None) -> Any:
        """Return the boxes that every integration needs, and the rest in sections that open."""
        held = set() if obj is None else set(obj.secrets.values_list("name", flat=True))
        return build_fieldsets(is_new=obj is None, held=held)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show or save the form; one that is opened anew begins without the secrets of earlier tries."""
        if request.method != "POST":
            row = self.get_object(request, object_id) if object_id else None
            integrations.drop_draft(owner=request.user, purpose=DraftPurpose.FORM, integration=row)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Integration, form: Any, change: bool) -> None:
        """Store through the settings feature, which the form has asked already."""
        saved = integrations.save_integration(
            slug=obj.slug,
            values=form.values(),
            actor=integrations.Actor.from_user(request.user),
            now=timezone.now(),
            allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
        )
        integrations.drop_draft(owner=request.user, purpose=DraftPurpose.FORM, integration=obj if change else None)
        obj.__dict__.update(saved.integration.__dict__)
        for warning in saved.warnings:
            values = {"setting": form.label_of(warning.key), "sentence": warning.sentence}
            messages.warning(request, _("%(setting)s: %(sentence)s") % values)

    def response_add(self, request: HttpRequest, obj: Integration, post_url_continue: str | None = None) -> Any:
        """Lead on to the set-up page, whose checklist says what is left to do."""
        return _lead_to_setup(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Integration) -> Any:
        """Lead back to the set-up page."""
        return _lead_to_setup(request, obj) or super().response_change(request, obj)

    def delete_model(self, request: HttpRequest, obj: Integration) -> None:
        """Remove through the settings feature."""
        integrations.remove_integration(
            slug=obj.slug, actor=integrations.Actor.from_user(request.user), now=timezone.now()
        )

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Ask for the slug and for one's own password: with an integration go its visitors, users and links."""
        row = self.get_object(request, object_id)
        if request.method == "POST" and row is not None and (flaw := _find_delete_flaw(request, row=row)):
            messages.error(request, flaw)
            return HttpResponseRedirect(request.get_full_path())
        return super().delete_view(request, object_id, extra_context)

    def get_actions(self, request: HttpRequest) -> Any:
        """Return the actions without removing several at once, which would ask for neither."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def get_deleted_objects(self, objs: Any, _request: HttpRequest) -> Any:
        """Return what goes with them as one line each: there may be a million visitors."""
        named = [f"{row} ({row.slug})" for row in objs]
        text = [*named, _("and all its visitors, players, links and syncs")]
        return text, {_("integrations"): len(named)}, set(), []

    @admin.action(description=gettext_lazy("Check both sides"), permissions=["change"])
    def check_both_sides(self, request: HttpRequest, queryset: QuerySet[Integration]) -> None:
        """Try each integration and say what was found."""
        for row in queryset:
            checks = integrations.check_integration(
                slug=row.slug,
                login_api_url=str(settings.LINKING["XSOLLA_LOGIN_API_URL"]),
                allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
                now=timezone.now(),
            )
            _tell(request, slug=row.slug, checks=checks)

    @admin.action(description=gettext_lazy("Rehearse a change of secrets"), permissions=["change"])
    def rehearse(self, request: HttpRequest, queryset: QuerySet[Integration]) -> None:
        """Make and check tokens under every secret, and say what was found; nothing is changed."""
        for row in queryset:
            _tell(request, slug=row.slug, checks=integrations.rehearse_integration(slug=row.slug, now=timezone.now()))

    @admin.action(description=gettext_lazy("Enforce the rules (end observe mode)"), permissions=["change"])
    def enforce(self, request: HttpRequest, queryset: QuerySet[Integration]) -> None:
        """Refuse from now on what was only counted so far."""
        for row in queryset:
            integrations.save_integration(
                slug=row.slug,
                values={"mode": Mode.ENFORCE.value},
                actor=integrations.Actor.from_user(request.user),
                now=timezone.now(),
                allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
            )
            messages.success(request, _("%(slug)s: the rules are in force now.") % {"slug": row.slug})


def _lead_to_setup(request: HttpRequest, obj: Integration) -> HttpResponseRedirect | None:
    """Return the way to the set-up page, or None where a button asked to stay in the admin."""
    if {"_continue", "_addanother", "_saveasnew", IS_POPUP_VAR} & request.POST.keys():
        return None
    messages.success(request, _("%s is saved.") % obj.name)
    return HttpResponseRedirect(reverse("setup_integration", args=[obj.slug]))


def _find_delete_flaw(request: HttpRequest, *, row: Integration) -> str:
    if request.POST.get("slug", "").strip() != row.slug:
        return _("Nothing was removed. Type the slug of the integration.")
    proven_s_ago = sessions.count_seconds_since_proof(request, now=timezone.now())
    password = request.POST.get("own_password", "")
    flaw = integrations.find_password_flaw(request.user, password, proven_s_ago=proven_s_ago)
    return _("Nothing was removed. %(why)s") % {"why": flaw} if flaw else ""


def _tell(request: HttpRequest, *, slug: str, checks: Iterable[integrations.Check]) -> None:
    for check in checks:
        level = messages.SUCCESS if check.is_ok else messages.ERROR
        messages.add_message(request, level, f"{slug}, {check.name}: {check.sentence}")
