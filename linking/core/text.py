"""Cleaning of text that strangers wrote. Everything about a visitor comes through here once, on its way in."""

import re
import unicodedata

NAME_MAX_CHARACTERS = 100
EMAIL_MAX_CHARACTERS = 254
PHONE_MAX_CHARACTERS = 100
NOTES_MAX_CHARACTERS = 10_000
# Control, format (bidi and zero-width among them), surrogate, private-use and unassigned characters.
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_ZERO_WIDTH_JOINER = "\u200d"  # holds emoji families and some scripts together and changes no direction
# A joiner that joins nothing is only there to make two names look alike, or a name look like none.
_IDLE_JOINER = re.compile("(?<![^\x00-\x7f\u200d])\u200d|\u200d(?![^\x00-\x7f\u200d])")


def clean_line(value: object, *, max_characters: int) -> str:
    """Return `value` as one line without control, direction-changing or unassigned characters, clipped.

    What is not text becomes "". Line ends and tabs become blanks.
    """
    if not isinstance(value, str):
        return ""
    if value.isascii() and value.isprintable():
        return value.strip()[:max_characters].rstrip()
    spaced = "".join(" " if character in "\t\r\n\u2028\u2029" else character for character in value)
    return _without_dropped(spaced).strip()[:max_characters].rstrip()


def clean_block(value: object, *, max_characters: int) -> str:
    """Return `value` like `clean_line`, its line ends kept as LF."""
    if not isinstance(value, str):
        return ""
    lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_without_dropped(line.replace("\t", " ")) for line in lines).strip()[:max_characters]


def clean_email(value: object) -> str:
    """Return an e-mail address as one clean line, or "" when it is not text or longer than an address can be."""
    line = clean_line(value, max_characters=EMAIL_MAX_CHARACTERS + 1)
    return line if len(line) <= EMAIL_MAX_CHARACTERS else ""


def email_key(email: str) -> str:
    """Return what two spellings of one address have in common, for ranking and suggestions only, never for linking."""
    return email.strip().casefold()


def _without_dropped(text: str) -> str:
    kept = "".join(
        character
        for character in text
        if character == _ZERO_WIDTH_JOINER or unicodedata.category(character) not in _DROPPED_CATEGORIES
    )
    return _IDLE_JOINER.sub("", kept) if _ZERO_WIDTH_JOINER in kept else kept
