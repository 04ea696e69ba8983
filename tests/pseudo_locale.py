"""A language that nobody speaks: every translated text is marked, accented and 40 % longer.

What a page shows without the marks has escaped gettext, and a box that such texts break is too narrow for German. The
language takes the place of Esperanto, whose code Django knows.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import trans_real

CODE = "eo"
BEGIN, END = "⟦", "⟧"
LONGER = 0.4
_LETTERS = str.maketrans("aeiouyAEIOUYcn", "áéíóúýÁÉÍÓÚÝçñ")
# What a translator keeps as it is: values, tags, entities, and formats of times.
_KEPT = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}|<[^>]*>|&\w+;|\n")


class PseudoTranslation:
    """Stands in for Django's translation of one language."""

    def gettext(self, message: str) -> str:
        """Return the text, marked; of a text with a context, the text alone."""
        context, separator, text = message.rpartition("\x04")
        # A format is for the machine.
        return text if separator and context.startswith("format of") else mark(text)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """Return the form that English has for `number`, marked."""
        return self.gettext(singular if number == 1 else plural)

    def npgettext(self, context: str, singular: str, plural: str, number: int) -> str:
        """Return the form that English has for `number`, marked."""
        return self.ngettext(singular, plural, number)

    def pgettext(self, context: str, message: str) -> str:
        """Return the text, marked."""
        return self.gettext(f"{context}\x04{message}")

    def to_language(self) -> str:
        """Return the code of the language."""
        return CODE

    def language(self) -> str:
        """Return the code of the language."""
        return CODE


def mark(text: str) -> str:
    """Return `text` between the marks, accented and longer, with its values and tags as they are."""
    if not re.search("[A-Za-z]", _KEPT.sub("", text)):
        return text
    parts = _KEPT.split(text)
    kept = _KEPT.findall(text)
    accented = "".join(part.translate(_LETTERS) + value for part, value in zip(parts, [*kept, ""], strict=True))
    letters = sum(len(part) for part in parts)
    body = accented.rstrip("\n")
    return f"{BEGIN}{body}{_pad(round(letters * LONGER))}{END}" + accented[len(body) :]


def _pad(number: int) -> str:
    """Return `number` letters in words of at most eight, as long words of German are broken into."""
    return "".join(" " + "ǫ" * min(7, number - start - 1) for start in range(0, max(0, number - 1), 8))


@contextmanager
def speak_pseudo() -> Iterator[None]:
    """Make the language known; pages are in it for a person whose language is `CODE`."""
    trans_real._translations[CODE] = PseudoTranslation()
    try:
        yield
    finally:
        del trans_real._translations[CODE]
