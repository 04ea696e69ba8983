"""People, their groups and second factors, and API tokens."""

from collections.abc import Sequence
from typing import Any, ClassVar

# Their registrations have to come first, to be replaced by ours.
import allauth.mfa.admin
import allauth.socialaccount.admin  # noqa: F401
import django.contrib.auth.admin
import rest_framework.authtoken.admin
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db.models import ManyToManyField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import Token, TokenProxy

from linking.accounts import people, person_audit
from linking.admin.tables import ReadOnlyAdmin
from linking.models import APIToken

_WRITE = "write_by_token"

User: Any = get_user_model()
admin.site.unregister([User, Group, TokenProxy, Authenticator])
# The issuer is set by the environment, and its tokens are not stored.
admin.site.unregister([SocialAccount, SocialApp, SocialToken])


@admin.register(User)
class PersonAdmin(django.contrib.auth.admin.UserAdmin):
    """People; what they may do follows from their groups alone."""

    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Access"), {"fields": ("is_active", "groups")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    list_display = ("username", "email", "first_name", "last_name", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    # Three groups are three boxes to tick, not two lists to move names between.
    filter_horizontal = ()
    formfield_overrides: ClassVar[dict[Any, dict[str, Any]]] = {
        ManyToManyField: {"widget": forms.CheckboxSelectMultiple}
    }

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may be changed: a superuser only by another one, whose password would open all."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may be removed: nobody removes themselves, and a superuser only another one."""
        is_self = obj is not None and obj.pk == request.user.pk
        return super().has_delete_permission(request, obj) and _may_touch(request, obj) and not is_self

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the person, and end what lets in somebody who is switched off here."""
        super().save_model(request, obj, form, change)
        if change and not obj.is_active and "is_active" in form.changed_data:
            people.end_access(user=obj, now=timezone.now())

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Record a new account also in the audit, which the dashboard shows."""
        _record_person(request, action="person.made", person=obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Record which boxes were changed, also in the audit."""
        changes = [entry.get("changed", {}) for entry in message if isinstance(entry, dict)]
        fields = [str(name) for change in changes for name in change.get("fields", [])]
        _record_person(request, action="person.changed", person=obj, fields=fields)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Record removed accounts, also in the audit."""
        for person in queryset:
            _record_person(request, action="person.removed", person=person)
        return super().log_deletions(request, queryset)

    def get_actions(self, *_args: Any) -> Any:
        """Return none: removal is for one person at a time, so that the rules above hold."""
        return {}


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    """The groups are made by the product; who is in them is set on the person's page."""

    is_record = False
    list_display = ("name",)
    fields = ("name",)


@admin.register(Authenticator)
class SecondFactorAdmin(ReadOnlyAdmin):
    """Second factors: one can be removed for somebody who lost it; what is in it is not shown."""

    is_record = False
    list_display = ("user", "type", "created_at", "last_used_at")
    list_select_related = ("user",)
    fields = ("user", "type", "created_at", "last_used_at")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether a second factor may be removed: a superuser's only by another one."""
        is_theirs = _may_touch(request, None if obj is None else obj.user)
        return admin.ModelAdmin.has_delete_permission(self, request, obj) and is_theirs

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        """Remove the second factor and record it."""
        super().delete_model(request, obj)
        _record_person(request, action=person_audit.FACTOR_REMOVED, person=obj.user, fields=[str(obj.type)])


class APITokenForm(forms.ModelForm):
    """Whose token it is to be, and whether it may do more than read."""

    may_write = forms.BooleanField(
        required=False, label=_("May refresh records"), help_text=_("If not, the token can only read.")
    )

    class Meta:
        model = APIToken
        fields = ("user",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The page of a token that exists is only looked at and has no fields.
        users: Any = self.fields.get("user")
        if users is not None:
            users.queryset = User.objects.filter(is_active=True, auth_token__isnull=True).order_by("username")


@admin.register(APIToken)
class APITokenAdmin(rest_framework.authtoken.admin.TokenAdmin):
    """API tokens: the key is shown once, when it is made, and never again. A token's page is where it is revoked."""

    form = APITokenForm
    fields = ("user", "may_write")
    list_display = ("user", "created", "may_write")
    list_display_links = ("user",)
    list_filter = ()
    autocomplete_fields = ()
    made_template = "admin/linking/apitoken/made.html"

    @admin.display(boolean=True, description=_("May refresh"))
    def may_write(self, token: APIToken) -> bool:
        """Return whether the token may do more than read."""
        return token.user.user_permissions.filter(codename=_WRITE).exists()

    def has_change_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Return False: a token is made anew instead."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether a token may be revoked."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def get_deleted_objects(self, objs: Any, _request: HttpRequest) -> Any:
        """Return the tokens by their owners' names."""
        return [str(one) for one in objs], {str(APIToken._meta.verbose_name_plural): len(objs)}, set(), []  # noqa: SLF001

    def save_model(self, request: HttpRequest, obj: APIToken, form: Any, change: bool) -> None:
        """Make the token and set what it may do."""
        super().save_model(request, obj, form, change)
        permission = Permission.objects.get(codename=_WRITE, content_type__app_label="linking")
        if form.cleaned_data["may_write"]:
            obj.user.user_permissions.add(permission)
        else:
            obj.user.user_permissions.remove(permission)
        _record(request, action="api_token.made", obj=obj)

    def delete_model(self, request: HttpRequest, obj: APIToken) -> None:
        """Revoke the token, and what it was allowed."""
        Token.objects.filter(user_id=obj.user_id).delete()
        obj.user.user_permissions.remove(*Permission.objects.filter(codename=_WRITE))
        _record(request, action="api_token.revoked", obj=obj)

    def response_add(self, request: HttpRequest, obj: APIToken, _post_url_continue: Any = None) -> HttpResponse:
        """Show the key, this once: in the answer itself, not in a message that a cookie would carry."""
        context = {**self.admin_site.each_context(request), "title": str(obj), "key": obj.key, "opts": self.opts}
        response = TemplateResponse(request, self.made_template, context)
        add_never_cache_headers(response)
        return response


def _may_touch(request: HttpRequest, person: Any) -> bool:
    return person is None or not person.is_superuser or bool(getattr(request.user, "is_superuser", False))


def _record(request: HttpRequest, *, action: str, obj: APIToken) -> None:
    _record_person(request, action=action, person=obj.user)


def _record_person(request: HttpRequest, *, action: str, person: Any, fields: Sequence[str] = ()) -> None:
    person_audit.record_deed(action=action, by=request.user, about=person, now=timezone.now(), fields=fields)
