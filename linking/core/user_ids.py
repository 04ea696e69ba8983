"""What can be a Login user's ID, and what is a programming accident on a partner's page."""

import math
import re

USER_ID_MAX_CHARACTERS = 255
# What JavaScript and friends print for "nothing"; compared without regard to case.
JUNK_IDS = frozenset({"null", "undefined", "none", "nil", "nan", "false", "true", "0", "[object object]"})


# Source: RFC 9562, section 4, whatever the version; digits in either case.
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


def is_uuid(text: str) -> bool:
    """Return whether `text` is a UUID as Xsolla Login writes user IDs, without braces, prefix or blanks."""
    return _UUID.match(text) is not None


def user_id_flaw(value: object) -> str:
    """Return a machine word for why `value` cannot be a user ID, or "" when it can.

    Words: `not_text`, `blank`, `too_long`, `surrounding_blanks`, `unprintable` (control, direction-changing,
    surrogate or unassigned characters), `junk`.
    """
    if not isinstance(value, str):
        return "not_text"
    text = value.strip()
    if not text:
        return "blank"
    if len(value) > USER_ID_MAX_CHARACTERS:
        return "too_long"
    if value != text:
        return "surrounding_blanks"
    if not value.isprintable():
        return "unprintable"
    return "junk" if value.lower() in JUNK_IDS else ""


def user_id_text(value: object) -> object:
    """Return a number as its decimal text (`12` and `12.0` as `"12"`); anything else as it is.

    The vendor documents `external_id` as text; whether a number can come is unknown, so it is read kindly.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return value
        return str(int(value)) if value.is_integer() else repr(value)
    # Beyond any ID's length there is no need to spell the digits out.
    return str(value) if value.bit_length() < 4096 else value
