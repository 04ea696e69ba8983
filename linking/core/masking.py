"""Hides who a visitor is from people who need only know that it is somebody: e-mail addresses and phone numbers."""

DOTS = "•••"


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
    """Return `text` with each of its words that is an e-mail address masked.

    A visitor's name is the e-mail address where the token had one, so a name is a place where it shows.
    """
    return " ".join(mask_email(word) if "@" in word.strip("@") else word for word in text.split(" "))


def _first(text: str) -> str:
    return text[:1] + DOTS if text else ""
