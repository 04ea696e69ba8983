"""Reads JSON objects so that no other reader could see another one in the same bytes."""

import json
import math
from typing import Any, NoReturn

import orjson

# As deep as orjson writes, so that whatever was read can be written again by any of our writers.
NESTING_MAX = 254


class NotStrictJSON(ValueError):
    """The bytes hold no JSON object, or one that two readers could see differently."""


def read_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`.

    It is UTF-8 without byte-order mark, no name stands twice in one object, there is no NaN, Infinity or number that
    overflows to it, and not more than `NESTING_MAX` objects and lists stand in one another.

    Raises: NotStrictJSON.
    """
    value = _read_canonical(raw)
    return _read_strictly(raw) if value is None else value


def refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity; a `parse_constant` for `json`. Raises: ValueError."""
    raise ValueError(f"{name} is not JSON")


def refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of `pairs`; an `object_pairs_hook` for `json`. Raises: ValueError when a name stands twice."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name stands twice")
    return value


def _read_canonical(raw: bytes) -> dict[str, Any] | None:
    """Return the object in `raw` where orjson would write it in the same bytes, else None.

    This takes a quarter of the strict reader's time and believes no more: a name that stands twice, a blank, an escape
    or a number that another reader could see differently is not written as it was read.
    """
    try:
        value = orjson.loads(raw)
        return value if type(value) is dict and orjson.dumps(value) == raw else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        # orjson reads 1,024 levels of nesting and writes 254.
        return None


def _read_strictly(raw: bytes) -> dict[str, Any]:
    try:
        # A byte-order mark survives this decoding and is then no JSON.
        value = _DECODER.decode(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        # ValueError covers bad UTF-8, bad JSON, the refusals of the hooks, and integers of absurd length.
        raise NotStrictJSON("the bytes are no strict JSON") from error
    if not isinstance(value, dict) or _is_nested_deeper(value, NESTING_MAX):
        raise NotStrictJSON("the JSON is no object, or nested too deeply")
    return value


def _is_nested_deeper(value: Any, most: int) -> bool:
    """Return whether more than `most` objects and lists stand in one another."""
    level = [value]
    for _ in range(most):
        members = (part.values() if type(part) is dict else part for part in level)
        level = [part for parts in members for part in parts if type(part) in (dict, list)]
        if not level:
            return False
    return True


def _parse_finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("the number is too large")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=refuse_duplicates, parse_constant=refuse_constant, parse_float=_parse_finite
)
