"""Blocked users in the admin: added and lifted through the settings feature, never edited."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from linking import integrations
from linking.core.user_ids import user_id_flaw
from linking.models import BlockedUser


class BlockForm(forms.ModelForm):
    """Whom to block."""

    class Meta:
        model = BlockedUser
        fields = ("integration", "user_id")

    def clean_user_id(self) -> str:
        """Refuse what can be no user's ID."""
        user_id: str = self.cleaned_data["user_id"]
        if user_id_flaw(user_id):
            raise forms.ValidationError(_("Enter the user ID as Login has it: the claim sub of the token."))
        return user_id


@admin.register(BlockedUser)
class BlockedUserAdmin(admin.ModelAdmin):
    """A block holds in every process within a second; deleting it lifts it."""

    form = BlockForm
    list_display = ("user_id", "integration", "blocked_at", "blocked_by")
    list_filter = ("integration",)
    list_select_related = ("integration",)
    search_fields = ("=user_id",)

    def has_change_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Return False: a block is there or not."""
        return False

    def save_model(self, request: HttpRequest, obj: BlockedUser, *_args: Any) -> None:
        """Block through the settings feature."""
        slug = obj.integration.slug
        integrations.block_user(
            slug=slug, user_id=obj.user_id, actor=integrations.Actor.from_user(request.user), now=timezone.now()
        )
        obj.pk = BlockedUser.objects.get(integration=obj.integration, user_id=obj.user_id).pk

    def delete_model(self, request: HttpRequest, obj: BlockedUser) -> None:
        """Lift through the settings feature."""
        slug = obj.integration.slug
        integrations.lift_block(
            slug=slug, user_id=obj.user_id, actor=integrations.Actor.from_user(request.user), now=timezone.now()
        )

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[BlockedUser]) -> None:
        """Lift each."""
        for row in queryset.select_related("integration"):
            self.delete_model(request, row)
