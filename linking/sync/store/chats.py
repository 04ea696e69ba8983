"""Stores the chats of an export page, a row each, beside the visitors that they name."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from linking.clients.zendesk_records import ChatRecord
from linking.models import VisitorChat
from linking.models.sql import bulk

_FACTS = ("kind", "length_s", "rating", "department", "tags", "ticket_id")
_facts_in = attrgetter(*_FACTS)
_UPDATED = ("visitor_id", "started_at", *_FACTS)


def store_chats(*, integration_id: int, chats: Sequence[ChatRecord], keys: Mapping[str, int]) -> None:
    """Store the chats of a page in the caller's transaction; what is stored already and unchanged is not written.

    Args:
        keys: the keys of the visitors by each ID that the chats carry. A chat of another visitor is left out.

    The export tells each chat as it is now. A chat that Zendesk deleted is deleted here.
    """
    rows: dict[str, tuple[Any, ...]] = {}
    deleted = {chat.chat_id for chat in chats if chat.is_deleted}
    for chat in chats:
        key = keys.get(chat.visitor.visitor_id) if chat.visitor is not None else None
        if key is not None and chat.chat_id not in deleted:
            rows[chat.chat_id] = (chat.chat_id, key, chat.started_at or chat.updated_at, *_facts_in(chat))
    bulk.insert(
        VisitorChat,
        ("chat_id", *_UPDATED),
        list(rows.values()),
        same={"integration_id": integration_id},
        unique=("integration_id", "chat_id"),
        update=_UPDATED,
        is_sparing=True,
    )
    if deleted:
        VisitorChat.objects.filter(integration_id=integration_id, chat_id__any_of=deleted).delete()
