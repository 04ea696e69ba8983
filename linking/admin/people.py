"""People, their groups and second factors, and API tokens."""

from collections.abc import Sequence
from typing import Any, ClassVar

# Their registrations have to come first, to be replaced by ours.
import allauth.mfa.admin
import allauth.socialaccount.admin  # noqa: F401
import django.contrib.auth.admin
import rest_framework.authtoken.admin  # noqa: F401
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import ManyToManyField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import TokenProxy

from linking.accounts import api_tokens, notices, people, person_audit
from linking.admin.tables import ReadOnlyAdmin
from linking.models import APIToken
from linking.models.people.person import TokenScope

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
            people.end_access(user=obj, by=request.user, now=timezone.now())

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

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002 - Django's
        """Show the form, or set the password; then every session and API token of the person ends."""
        before: Any = self.get_object(request, id)
        response = super().user_change_password(request, id, form_url)
        after: Any = self.get_object(request, id)
        if after is not None and after.password != before.password:
            if after.pk != request.user.pk:
                people.end_access(user=after, by=request.user, now=timezone.now())
            messages.info(request, _ended_sentence(is_own=after.pk == request.user.pk))
        return response

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
        notices.tell(request, obj.user, notices.FACTOR_REMOVED)


class APITokenForm(forms.ModelForm):
    """Whose token it is to be, what it may do and for how long."""

    chosen_scopes = forms.MultipleChoiceField(
        label=_("May do"),
        choices=TokenScope.choices,
        initial=[TokenScope.READ],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("If the person may do it, too."),
    )
    days = forms.TypedChoiceField(label=_("Ends"), coerce=int, initial=api_tokens.LIFE_DEFAULT_DAYS)

    class Meta:
        model = APIToken
        fields = ("user", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The page of a token that exists is only looked at and has no fields.
        fields: Any = self.fields
        if "user" in fields:
            fields["user"].queryset = User.objects.filter(is_active=True).order_by("username")
        if "days" in fields:
            fields["days"].choices = list_lives()

    def clean(self) -> Any:
        """Refuse another token where the person has many already."""
        values = super().clean()
        user = (values or {}).get("user")
        if user is not None and APIToken.objects.filter(user=user).count() >= api_tokens.TOKENS_MAX:
            self.add_error("user", _("This person has too many tokens. Revoke one first."))
        return values


def list_lives() -> list[tuple[int, str]]:
    """Return how long a new token may live, in days and in words."""
    return [
        (days, ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}) for days in api_tokens.LIFE_DAYS
    ]


@admin.register(APIToken)
class APITokenAdmin(admin.ModelAdmin):
    """API tokens: the key is shown once, when it is made, and never again. A token's page is where it is revoked."""

    form = APITokenForm
    list_display = ("name", "user", "hint", "scopes", "created_at", "ends_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    readonly_fields = ("hint", "scopes", "created_at", "created_by", "ends_at", "last_used_at")
    made_template = "admin/linking/apitoken/made.html"

    def get_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        """Return the boxes of a new token, or what is known of one."""
        return ("user", "name", "chosen_scopes", "days") if obj is None else ("user", "name", *self.readonly_fields)

    def has_change_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Return False: a token is made anew instead."""
        return False

    def get_deleted_objects(self, objs: Any, _request: HttpRequest) -> Any:
        """Return the tokens by their owners' names."""
        return [str(one) for one in objs], {str(APIToken._meta.verbose_name_plural): len(objs)}, set(), []  # noqa: SLF001

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Make the token."""
        made = api_tokens.make_token(
            user=obj.user,
            name=obj.name,
            scopes=form.cleaned_data["chosen_scopes"],
            days=form.cleaned_data["days"],
            by=request.user,
            now=timezone.now(),
        )
        obj.__dict__.update(made.row.__dict__)
        obj.key = made.key

    def delete_model(self, request: HttpRequest, obj: APIToken) -> None:
        """Revoke the token."""
        api_tokens.revoke_token(row=obj, by=request.user, now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Revoke several tokens."""
        for row in queryset:
            self.delete_model(request, row)

    def response_add(self, request: HttpRequest, obj: Any, _post_url_continue: Any = None) -> HttpResponse:
        """Show the key, this once: in the answer itself, not in a message that a cookie would carry."""
        context = {**self.admin_site.each_context(request), "title": str(obj), "key": obj.key, "opts": self.opts}
        response = TemplateResponse(request, self.made_template, context)
        add_never_cache_headers(response)
        return response


def _ended_sentence(*, is_own: bool) -> str:
    if is_own:
        return gettext("Your API tokens still work. Revoke those that others may know.")
    return gettext("The sessions and API tokens of this person have ended.")


def _may_touch(request: HttpRequest, person: Any) -> bool:
    return person is None or not person.is_superuser or bool(getattr(request.user, "is_superuser", False))


def _record_person(request: HttpRequest, *, action: str, person: Any, fields: Sequence[str] = ()) -> None:
    person_audit.record_deed(action=action, by=request.user, about=person, now=timezone.now(), fields=fields)
