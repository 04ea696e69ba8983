"""Boxes of the admin's forms that Django draws without saying what they are."""

from typing import Any

from django.contrib.admin.widgets import AdminSplitDateTime
from django.utils.functional import Promise
from django.utils.translation import gettext as _


class NamedDateTime(AdminSplitDateTime):
    """A day and a time, each named for screen readers; `label` is the field's."""

    label: str | Promise = ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Return what the template shows, each box with a name of its own."""
        context = super().get_context(name, value, attrs)
        named = (_("%s: date") % self.label, _("%s: time") % self.label)
        for box, word in zip(context["widget"]["subwidgets"], named, strict=True):
            box["attrs"]["aria-label"] = word
        return context
