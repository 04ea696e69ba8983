"""Where a page of a list begins, as text for a URL: the sort value and the key of the row before it."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime

CURSOR_MAX_CHARACTERS = 2000
_KEY_MAX = 2**63 - 1
Value = datetime | str


class BadKeyset(ValueError):
    """The text is no cursor of this list in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyset:
    """`ordering` is the order it belongs to (`-last_seen_at`); `is_backward` asks for the page before the row."""

    ordering: str
    value: Value
    key: int
    is_backward: bool = False


def encode_keyset(cursor: Keyset) -> str:
    """Return `cursor` as url-safe text. It is no secret: it holds what the reader of the page saw anyway."""
    is_time = isinstance(cursor.value, datetime)
    value = cursor.value.astimezone(UTC).isoformat() if isinstance(cursor.value, datetime) else cursor.value
    parts = [cursor.ordering, "b" if cursor.is_backward else "f", "t" if is_time else "s", value, cursor.key]
    packed = json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_keyset(text: str, *, ordering: str, kind: type[Value]) -> Keyset:
    """Return the cursor that `text` holds, for a list in `ordering` whose sort values are of `kind`.

    Raises: BadKeyset for anything that `encode_keyset` did not make for this order.
    """
    direction, tag, value, key = _unpack(text, ordering=ordering)
    if direction not in ("f", "b") or tag != ("t" if kind is datetime else "s") or not isinstance(value, str):
        raise BadKeyset("The cursor is damaged.")
    if not isinstance(key, int) or isinstance(key, bool) or not 0 <= key <= _KEY_MAX:
        raise BadKeyset("The cursor is damaged.")
    read = _time(value) if kind is datetime else _words(value)
    return Keyset(ordering=ordering, value=read, key=key, is_backward=direction == "b")


def _unpack(text: str, *, ordering: str) -> tuple[object, object, object, object]:
    if len(text) > CURSOR_MAX_CHARACTERS or not text.isascii():
        raise BadKeyset("The cursor is damaged.")
    try:
        parts = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise BadKeyset("The cursor is damaged.") from error
    if not isinstance(parts, list) or len(parts) != 5:
        raise BadKeyset("The cursor is damaged.")
    if parts[0] != ordering:
        raise BadKeyset("The cursor belongs to another order.")
    return parts[1], parts[2], parts[3], parts[4]


def _time(value: str) -> datetime:
    try:
        read = datetime.fromisoformat(value)
    except ValueError as error:
        raise BadKeyset("The cursor is damaged.") from error
    if read.tzinfo is None or read.utcoffset() != UTC.utcoffset(None) or not 1970 <= read.year <= 2200:
        raise BadKeyset("The cursor is damaged.")
    return read


def _words(value: str) -> str:
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise BadKeyset("The cursor is damaged.")
    return value
