"""The words for what is known of a visitor and for what disagrees; columns, plans, API and pages share them."""

from enum import StrEnum


class VisitorState(StrEnum):
    """What is known of a visitor's identity."""

    PENDING = "pending"
    LINKED = "linked"
    ANONYMOUS = "anonymous"
    GONE = "gone"


class ChatKind(StrEnum):
    """What became of a chat: an agent answered, none did, or the visitor left a message while nobody was there."""

    CHAT = "chat"
    MISSED = "missed"
    OFFLINE = "offline"


class ChatRating(StrEnum):
    """What a visitor said of a chat."""

    GOOD = "good"
    BAD = "bad"


class ConflictKind(StrEnum):
    """What disagrees. A person reports `WRONG_LINK`; the sync finds the others."""

    RELINKED = "relinked"
    SHARED_DEVICE = "shared_device"
    EMAIL_OF_ANOTHER_USER = "email_of_another_user"
    ID_VARIANT = "id_variant"
    JUNK_EXTERNAL_ID = "junk_external_id"
    WRONG_LINK = "wrong_link"
