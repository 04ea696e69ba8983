"""Marks sentences for translation in plain modules, which may not import Django."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def gettext_noop(message: str) -> str:
    """Return `message` unchanged.

    `makemessages` finds the sentence by this function's name, as it finds Django's own `gettext_noop`. Whoever shows
    the sentence passes it to Django's `gettext`.
    """
    return message


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its values: `template` is marked by `gettext_noop` and names the values in braces."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def to_text(self, translate: Callable[[str], str] = str) -> str:
        """Return the sentence, the template passed through `translate` (Django's `gettext`) first."""
        return translate(self.template).format(**self.values)
