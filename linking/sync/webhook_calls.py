"""Checks the signature of a webhook call of Zendesk Support, and reads which visitor it names.

Zendesk's page on it could not be read; the scheme is generally known (graded U in the fact sheet) and imitated by the
sandbox: the signature is base64(HMAC-SHA256(secret, timestamp + body)), over the timestamp's text as it was sent.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from linking.clients.support_records import read_user_id
from linking.clients.zendesk_records import dot_form, id_text, parse_time
from linking.core import strict_json
from linking.core.text import clean_email

BODY_MAX_BYTES = 65_536
EVENT_PREFIX = "zen:event-type"
# How far the signed time may lie from ours, either way: deliveries are tried again for a while, and clocks differ.
LEEWAY = timedelta(minutes=5)
# Used where no integration is named, so that a wrong signature takes as long whether there is one or not.
NOBODYS_SECRET = b"no integration has this one"


class WebhookReason(StrEnum):
    """Why a call is refused, in the words of the API."""

    TOO_LARGE = "too_large"
    UNSIGNED = "unsigned"
    STALE = "stale"
    SIGNATURE = "signature"
    REPLAYED = "replayed"
    NOT_JSON = "not_json"
    NOBODY_NAMED = "nobody_named"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"


class WebhookRefused(Exception):
    """The call changes nothing; `reason` says why."""

    def __init__(self, reason: WebhookReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookNotice:
    """What a call says: that a chat made a ticket at `at` (UTC), and of whom. Empty texts were not said.

    `changed_user_ids`: the users of Support that an event names, whatever became of them. `is_unknown`: an event of a
    kind that tells nothing of a user.
    """

    at: datetime
    visitor_id: str = ""
    chat_id: str = ""
    changed_user_ids: tuple[str, ...] = ()
    is_unknown: bool = False


def parse_signed_at(*, timestamp: str, now: datetime) -> datetime:
    """Return the moment that a timestamp header names, never later than `now`.

    Raises: WebhookRefused (`unsigned`, `stale`).
    """
    at = parse_time(timestamp)
    if at is None:
        raise WebhookRefused(WebhookReason.UNSIGNED)
    if abs(now - at) > LEEWAY:
        raise WebhookRefused(WebhookReason.STALE)
    return min(at, now)


def check_signature(*, secret: bytes, timestamp: str, body: bytes, signature: str) -> None:
    """Compare in constant time; an empty `secret` fits nothing and takes as long.

    Raises: WebhookRefused (`signature`).
    """
    mac = hmac.digest(secret or NOBODYS_SECRET, timestamp.encode("utf-8", "surrogatepass") + body, "sha256")
    is_equal = hmac.compare_digest(b64encode(mac), signature.encode("utf-8", "surrogatepass"))
    if not is_equal or not secret:
        raise WebhookRefused(WebhookReason.SIGNATURE)


def parse_notice(*, body: bytes, at: datetime) -> WebhookNotice:
    """Return what the body of a signed call says. Unknown fields are ignored.

    Fields are those of our own documentation (docs/webhook.md), because Zendesk sends what its admin wrote there:
    `visitor_id`, `chat_id`, `email`, `ticket_id`; a number counts as its decimal text. Events, which Zendesk words
    itself, are told by their `type`.

    Raises: WebhookRefused (`not_json`, `nobody_named`).
    """
    try:
        raw = strict_json.read_object(body)
    except strict_json.NotStrictJSON as error:
        raise WebhookRefused(WebhookReason.NOT_JSON) from error
    if isinstance(raw.get("type"), str) and raw["type"].startswith(EVENT_PREFIX):
        return _parse_event(raw, at=at)
    visitor_id, chat_id = dot_form(id_text(raw.get("visitor_id"))), id_text(raw.get("chat_id"))
    if not (visitor_id or chat_id or clean_email(raw.get("email")) or id_text(raw.get("ticket_id"))):
        raise WebhookRefused(WebhookReason.NOBODY_NAMED)
    return WebhookNotice(at=at, visitor_id=visitor_id, chat_id=chat_id)


def _parse_event(raw: Mapping[str, Any], *, at: datetime) -> WebhookNotice:
    """Return whom an event of Support names: the subject, and for a merge the other user too.

    Source: fact sheet of Messaging accounts, section 9. The documentation misprints some types with a slash, and does
    not say whom `user.merged` names where.
    """
    kind = raw["type"].removeprefix(EVENT_PREFIX)[1:]
    if not kind.startswith("user."):
        return WebhookNotice(at=at, is_unknown=True)
    detail, event = raw.get("detail"), raw.get("event")
    other = event.get("user") if isinstance(event, dict) else None
    subject = raw.get("subject")
    named = (
        subject.removeprefix("zen:user:") if isinstance(subject, str) else "",
        detail.get("id") if isinstance(detail, dict) else "",
        other.get("id") if isinstance(other, dict) else "",
    )
    user_ids = tuple(dict.fromkeys(user_id for user_id in map(read_user_id, named) if user_id))
    return WebhookNotice(at=at, changed_user_ids=user_ids, is_unknown=not user_ids)
