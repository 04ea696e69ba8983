"""Marks sentences for translation in plain modules, which may not import Django."""


def gettext_noop(message: str) -> str:
    """Return `message` unchanged.

    `makemessages` finds the sentence by this function's name, as it finds Django's own `gettext_noop`. Whoever shows
    the sentence passes it to Django's `gettext`.
    """
    return message
