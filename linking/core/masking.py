"""Hides who a visitor is from people who need only know that it is somebody: e-mail addresses and phone numbers.

A reader must not find masked text by a part of it. `linking.models.sql.word_statements` judges names and IDs in SQL; a
test makes sure that it is the stricter one.
"""

import re

DOTS = "•••"
# Western, Arabic-Indic, extended Arabic-Indic and fullwidth digits: people write phone numbers in all of them.
DIGITS = "0-9\u0660-\u0669\u06f0-\u06f9\uff10-\uff19"
# Seven digits or more, with what people put between them.
_NUMBER = re.compile(rf"\+?(?<![{DIGITS}])[{DIGITS}](?:[ ().\-/\u00a0]{{0,3}}[{DIGITS}]){{6,}}(?![{DIGITS}])")
# A shorter run of bare digits is an order's number or a score, a longer one may be a phone number.
_BARE_AT_MOST = 8
# Zendesk calls nameless visitors so, which is nobody's phone number.
_NAMELESS = re.compile(r"visitor [0-9]{1,9}", re.IGNORECASE)
_ID_NUMBER = re.compile(rf"\+[{DIGITS}]")


def mask_email(email: str) -> str:
    """Return `nadia@player.example` as `n•••@p•••.example`; "" stays "".

    How long the hidden parts are is hidden too. Text without an `@` keeps its first character only.
    """
    local, at, domain = email.rpartition("@")
    if not at:
        return _first(email)
    labels = domain.split(".")
    ending = f".{labels[-1]}" if len(labels) > 1 else ""
    return f"{_first(local)}@{_first(labels[0])}{ending}"


def mask_phone(phone: str) -> str:
    """Return `+49 30 1234567` as `•••67`; "" stays "". A number of up to five digits shows none of them."""
    if not phone.strip():
        return ""
    digits = [character for character in phone if character.isdigit()]
    return DOTS + "".join(digits[-2:]) if len(digits) > 5 else DOTS


def mask_text(text: str) -> str:
    """Return `text` with each of its words that is an e-mail address, and each phone number in it, masked.

    A visitor's name is the e-mail address where the token had one, so a name is a place where it shows.
    """
    if _NAMELESS.fullmatch(text):
        return text
    masked = " ".join(mask_email(word) if "@" in word.strip("@") else word for word in text.split(" "))
    return _NUMBER.sub(_mask_number, masked)


def mask_block(text: str) -> str:
    """Return text of several lines, each masked as `mask_text` does."""
    return "\n".join(mask_text(line) for line in text.split("\n"))


def list_numbers(text: str) -> list[str]:
    """Return the phone numbers that `mask_text` masks in `text`, as they are written."""
    return [found[0] for found in _NUMBER.finditer(text) if _mask_number(found) != found[0]]


def mask_id(text: str) -> str:
    """Return a user ID, masked where it is an e-mail address or a phone number with its plus."""
    if "@" in text:
        return mask_email(text)
    return mask_phone(text) if _ID_NUMBER.match(text) else text


def _mask_number(found: re.Match[str]) -> str:
    number = found[0]
    is_bare = number.isdecimal() and not number.startswith("00")
    return number if is_bare and len(number) <= _BARE_AT_MOST else mask_phone(number)


def _first(text: str) -> str:
    return text[:1] + DOTS if text else ""
