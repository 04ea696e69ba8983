"""Which rows a list shows, and a mark of what each says, as short text for an address.

A page gives this text to itself, so that it can ask later whether one of its rows says something else by now. It is no
secret and no proof: whoever makes one up asks about rows that the same reader may open anyway.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from hashlib import blake2s

MARK_BYTES = 2
KEY_MAX = 2**63 - 1
_PART_BITS = 7
_PART_MORE = 1 << _PART_BITS


class BadShown(ValueError):
    """The text is none that `encode_shown` made."""


def mark_of(words: Iterable[str]) -> int:
    """Return a mark of two bytes of `words`: another one, but once in 65,536 times, when one of them is another."""
    digest = blake2s(digest_size=MARK_BYTES)
    for word in words:
        digest.update(word.encode("utf-8", "surrogatepass") + b"\0")
    return int.from_bytes(digest.digest(), "big")


def encode_shown(marks: Mapping[int, int]) -> str:
    """Return rows as url-safe text: by key, each the distance to the key before it in seven bits a byte, then its mark.

    Keys of rows that were stored one after the other take three bytes each with their mark.
    """
    packed, before = bytearray(), 0
    for key in sorted(marks):
        distance, before = key - before, key
        while distance >= _PART_MORE:
            packed.append(_PART_MORE | distance % _PART_MORE)
            distance >>= _PART_BITS
        packed.append(distance)
        packed += marks[key].to_bytes(MARK_BYTES, "big")
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_shown(text: str, *, rows_max: int) -> dict[int, int]:
    """Return the mark of each row by its key.

    Raises: BadShown for anything that `encode_shown` did not make of at most `rows_max` rows.
    """
    # Nine bytes hold a key of 63 bits.
    if len(text) > rows_max * (9 + MARK_BYTES) * 2 or not text.isascii():
        raise BadShown("The rows are damaged.")
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise BadShown("The rows are damaged.") from error
    marks = _unpack(packed)
    if len(marks) > rows_max or encode_shown(marks) != text:
        raise BadShown("The rows are damaged.")
    return marks


def _unpack(packed: bytes) -> dict[int, int]:
    marks: dict[int, int] = {}
    key, distance, place, at = 0, 0, 0, 0
    while at < len(packed):
        part = packed[at]
        at += 1
        distance |= (part % _PART_MORE) << place
        place += _PART_BITS
        if part & _PART_MORE:
            continue
        key, distance, place = key + distance, 0, 0
        if key > KEY_MAX or at + MARK_BYTES > len(packed):
            raise BadShown("The rows are damaged.")
        marks[key] = int.from_bytes(packed[at : at + MARK_BYTES], "big")
        at += MARK_BYTES
    if place:
        raise BadShown("The rows are damaged.")
    return marks
