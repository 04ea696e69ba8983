"""The sections of an integration's form: eight boxes that every integration needs, and the rest under headings."""

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from linking import integrations
from linking.core.config import SecretName

NEEDED = (
    "name",
    "zendesk_product",
    "login_project_id",
    SecretName.LOGIN_SECRET_KEY.value,
    "zendesk_subdomain",
    SecretName.ZENDESK_SHARED_SECRET.value,
    SecretName.ZENDESK_ACCESS_TOKEN.value,
    "allowed_origins",
)
_OF_ZENDESK = (SecretName.ZENDESK_CLIENT_SECRET.value, SecretName.ZENDESK_WEBHOOK_SECRET.value)
_OF_CHANGE = (SecretName.LOGIN_SECRET_KEY_PREVIOUS.value, SecretName.ZENDESK_SHARED_SECRET_NEXT.value)


def remove_box(name: str) -> str:
    """Return the name of the box that removes a secret."""
    return f"remove_{name}"


def build_fieldsets(*, is_new: bool, held: Collection[str]) -> list[tuple[Any, dict[str, Any]]]:
    """Return the sections, the first of them open.

    Args:
        held: the names of the secrets that are set, which can be removed.
    """
    section = integrations.FormSection
    description = _(
        "Secrets are never shown again. Leave a box empty to keep the current secret. Instead of the value you can "
        "enter env:NAME or file:PATH."
    )
    removals = [remove_box(name) for name in integrations.SECRET_NAMES if name in held]
    more = [
        (_("More: address and switch"), [*(["slug"] if is_new else []), *_list_rest(section.GENERAL)]),
        (_("More: Xsolla Login"), _list_rest(section.LOGIN)),
        (_("More: Zendesk"), [*_list_rest(section.ZENDESK), *_OF_ZENDESK]),
        (_("More: change secrets without a gap"), [*_OF_CHANGE, *_list_rest(section.ROTATION)]),
        (_("More: sync"), _list_rest(section.SYNC)),
        (_("More: panel inside Zendesk"), _list_rest(section.PANEL)),
        (_("More: Publisher Account"), _list_rest(section.PUBLISHER)),
        *([(_("More: remove secrets"), removals)] if removals else []),
    ]
    return [
        (None, {"fields": [*NEEDED, "own_password"], "description": description}),
        *((title, {"fields": boxes, "classes": ("collapse",)}) for title, boxes in more),
    ]


def _list_rest(section: integrations.FormSection) -> list[str]:
    return [
        setting.name for setting in integrations.SETTINGS if setting.section is section and setting.name not in NEEDED
    ]
