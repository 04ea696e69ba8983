"""How far one may trust that a visitor is the Login user it is linked to: one word, the same everywhere."""

from datetime import datetime
from enum import StrEnum


class Trust(StrEnum):
    """The words the outer face uses; `NONE` where nobody is linked."""

    PROVEN = "proven"
    CLAIMED = "claimed"
    DISPUTED = "disputed"
    NONE = ""


def judge_trust(
    *, is_linked: bool, is_disputed: bool, first_token_at: datetime | None, confirmed_at: datetime | None
) -> Trust:
    """Return the word for a link, or for a user with all its links.

    Args:
        is_linked: whether a link is open; without one there is nothing to trust.
        is_disputed: whether a conflict about the linked visitor is open. It wins over every proof.
        first_token_at: when this bridge first signed a token for the user, None for never.
        confirmed_at: when the question left whose answer made or last confirmed the link.

    A token signed after that question proves nothing about its answer: the ID was carried before the player came.
    """
    if not is_linked:
        return Trust.NONE
    if is_disputed:
        return Trust.DISPUTED
    is_proven = first_token_at is not None and confirmed_at is not None and first_token_at <= confirmed_at
    return Trust.PROVEN if is_proven else Trust.CLAIMED
