"""Rules for passwords that Django does not have."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from linking.models import Integration

# The product, the vendors and the roles: what somebody tries first who knows what this site is.
HOUSE_WORDS = ("zdbridge", "zendesk", "xsolla", "support", "admin", "administrator", "agent", "lead", "developer")
# What may stand around a guessed word without making it a password.
REST_MIN_LENGTH = 6
_LETTERS = re.compile(r"[^\W\d_]+")


class HouseWordsValidator:
    """Refuse a password that is little more than words of this installation, such as "Zendesk2026!"."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django passes it
        """Judge a password by what is left of its letters without the words.

        Raises: ValidationError.
        """
        rest = password.casefold()
        words = {*HOUSE_WORDS, *_list_words_of_integrations()}
        # The longest first, so that "administrator" does not leave "istrator".
        for word in sorted(words, key=len, reverse=True):
            rest = rest.replace(word, " ")
        if rest != password.casefold() and len("".join(_LETTERS.findall(rest))) < REST_MIN_LENGTH:
            raise ValidationError(_("This password is a name of this site with little around it."), code="house_words")

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _("Your password must be more than a name of this site, of Zendesk or of Xsolla.")


def _list_words_of_integrations() -> set[str]:
    """Return the names and slugs of the integrations as single words of four letters or more."""
    names = Integration.objects.order_by().values_list("slug", "name", "zendesk_subdomain")
    words = {word for row in names for text in row for word in _LETTERS.findall(text.casefold())}
    return {word for word in words if len(word) >= 4}
