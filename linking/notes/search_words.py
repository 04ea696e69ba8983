"""The words by which a note is found: apart what every reader sees, and what only some may see."""

from collections.abc import Iterable
from dataclasses import dataclass

from linking.core.masking import DOTS, list_numbers, mask_block


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWords:
    """Lower-cased words between blanks: `plain` without addresses and numbers; `contact` with them, "" without any."""

    plain: str
    contact: str


def build_words(text: str) -> NoteWords:
    """Return the words of a note's text.

    `plain` is made of the text as an agent sees it, so an agent's search cannot find what is masked.
    """
    masked = mask_block(text)
    plain = _join(word for word in masked.split() if DOTS not in word)
    if masked == text:
        return NoteWords(plain=plain, contact="")
    digits = ["".join(sign for sign in number if sign.isdigit()) for number in list_numbers(text)]
    return NoteWords(plain=plain, contact=_join([*text.split(), *digits]))


def _join(words: Iterable[str]) -> str:
    return f" {' '.join(words)} ".lower()
