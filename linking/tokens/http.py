"""The token endpoint's HTTP, as plain values: where a Login JWT stands in a request, and what an answer is made of."""

import json
import math
from collections.abc import Sequence
from functools import lru_cache

from linking.core import cors
from linking.tokens.cookies import AmbiguousCookie, find_cookies
from linking.tokens.refusals import REFUSALS, Code, Reason, Refused

METHODS = ("GET", "HEAD", "OPTIONS", "POST")
ISSUING = ("GET", "POST")
# `fetch` from a page says `cors` or `same-origin`. A page load or an embedded resource has no use for a token.
REFUSED_FETCH_MODES = frozenset({"navigate", "no-cors"})
NOT_READY_RETRY_AFTER_S = 60
HEADERS_KEPT = 1024
ALLOW: cors.Headers = (("Allow", ", ".join(METHODS)),)
_ALWAYS: cors.Headers = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Vary", "Origin"),
)
_CHALLENGES = {Code.NOT_PASSED: "Bearer", Code.INVALID: 'Bearer error="invalid_token"'}


class TooMany(Refused):
    """A limit is reached; `wait_s` seconds from now there is room again."""

    def __init__(self, reason: Reason, *, wait_s: float) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


def bearer_token(authorization: str) -> str | None:
    """Return the token of `Authorization: Bearer …`, "" where it is bare, None for any other or no scheme."""
    scheme, _, token = authorization.partition(" ")
    return token.lstrip(" ") if scheme.lower() == "bearer" else None


def cookie_token(header: str, *, names: Sequence[str]) -> str:
    """Return the token in the first of the cookies `names` that has one.

    Raises: Refused (`not_passed`, `empty`, `ambiguous_cookie`).
    """
    return cookie_tokens(header, names=names)[0]


def cookie_tokens(header: str, *, names: Sequence[str]) -> list[str]:
    """Return the tokens in those of the cookies `names` that have one, at least one, in the order of `names`.

    Raises: Refused (`not_passed`, `empty`, `ambiguous_cookie`).
    """
    try:
        tokens = find_cookies(header=header, names=names)
    except AmbiguousCookie as error:
        raise Refused(Reason.AMBIGUOUS_COOKIE) from error
    if not tokens:
        raise Refused(Reason.NOT_PASSED)
    require_token(tokens[0])
    return tokens


def require_token(token: str) -> str:
    """Return `token`. Raises: Refused (`empty`)."""
    if not token:
        raise Refused(Reason.EMPTY)
    return token


def refusal_response(error: Refused) -> tuple[int, bytes, cors.Headers]:
    """Return status, body and headers of the table's row for `error`."""
    row = REFUSALS[error.reason]
    more: list[tuple[str, str]] = []
    if row.code in _CHALLENGES:
        more.append(("WWW-Authenticate", _CHALLENGES[row.code]))
    if row.code is Code.METHOD:
        more += ALLOW
    if row.code is Code.NOT_READY:
        more.append(("Retry-After", str(NOT_READY_RETRY_AFTER_S)))
    if isinstance(error, TooMany):
        more.append(("Retry-After", str(max(1, math.ceil(error.wait_s)))))
    content = {"code": row.code.value, "description": row.description, "reason": row.reason.value}
    return row.status, json.dumps(content, separators=(",", ":")).encode("ascii"), tuple(more)


@lru_cache(maxsize=HEADERS_KEPT)
def headers(length: int | None, reader: str | None, more: cors.Headers = ()) -> cors.Headers:
    """Return the headers of an answer; they are few, and putting them together is much of an answer's time.

    `reader` is the origin whose pages may read it: listed ones only, so that strangers cannot fill the memory.
    """
    content: cors.Headers = ()
    if length is not None:
        content = (("Content-Type", "application/json"), ("Content-Length", str(length)))
    origins = () if reader is None else (reader,)
    return (*content, *_ALWAYS, *cors.cors_headers(origin=reader, origins=origins), *more)
