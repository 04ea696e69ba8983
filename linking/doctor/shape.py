"""Why a text is no JWT, and what of it can still be read.

The verdict is that of `jws.read`, which guards the endpoint; what follows only explains it, and reads on leniently so
that a person sees everything that is wrong at once. Nothing read here is ever accepted because of it.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from linking.doctor.verdicts import Verdict, accept, refuse, skip
from linking.tokens import jws
from linking.tokens.refusals import Reason

SIZE, SHAPE, HEADER = "size", "shape", "header"
RULES = (SIZE, SHAPE, HEADER)
_REPAIRS_MAX = 8
_NAME_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,40}=(?=[A-Za-z0-9_-]+\.)")
# What people paste instead of a token, the most likely first.
_LOOKS = (
    ("uuid", re.compile(r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.IGNORECASE)),
    ("access_key", re.compile(r"\A[A-Za-z0-9_-]{43}\Z")),
    ("script_word", re.compile(r"\A(?:undefined|null|none|nan|true|false|\[object \w+\]|\{\}|\[\])\Z", re.IGNORECASE)),
    (
        "placeholder",
        re.compile(r"\A(?:\$\w+|\$?\{+[^{}]*\}+|%\w+%|<[\w .-]+>|(?:your|my)[ _-][\w -]+)\Z", re.IGNORECASE),
    ),
    ("page", re.compile(r"\A<(?:!doctype|html|head|body|\?xml)\b", re.IGNORECASE)),
    ("shortened", re.compile(r"…|\w\.\.\.")),
    ("no_token_found", re.compile(r"\s")),
)
# Byte order mark and zero-width characters, which editors and chats add.
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
_ALPHABET = re.compile(r"[A-Za-z0-9_-]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenShape:
    """The readable parts of a token; `unverified` is None without any. `typ` and `claims` only serve to explain."""

    verdicts: tuple[Verdict, ...]
    unverified: jws.UnverifiedJWS | None = None
    typ: object = None
    claims: dict[str, Any] | None = None


def read_shape(text: str) -> TokenShape:
    """Return the verdicts on size, shape and header, and the token as read after repairs."""
    problems: list[Verdict] = []
    for _ in range(_REPAIRS_MAX):
        try:
            unverified = jws.read(text)
        except jws.JWSError as error:
            if error.reason is Reason.TOO_LARGE:
                limit = jws.TOKEN_MAX_CHARACTERS
                problems.append(refuse(SIZE, "too_large", length=len(text), limit=limit))
                return TokenShape(verdicts=(*problems, *skip((SHAPE, HEADER))))
            if error.reason is not Reason.MALFORMED:
                return _read_past_header(text, problems=problems, reason=error.reason)
            cause, mended = _mend(text)
            if not cause:
                return _explain_unreadable(text, problems=problems)
            problems.append(refuse(SHAPE, cause))
            text = mended
        else:
            shape = problems or [accept(SHAPE)]
            return _build_shape(unverified, text=text, verdicts=(accept(SIZE), *shape, accept(HEADER)))
    return _explain_unreadable(text, problems=problems)


def _build_shape(unverified: jws.UnverifiedJWS, *, text: str, verdicts: tuple[Verdict, ...]) -> TokenShape:
    header = _parse_leniently(text.split(".")[0]) or {}
    try:
        claims = jws.read_object(unverified.payload)
    except jws.JWSError:
        return TokenShape(verdicts=verdicts, unverified=unverified, typ=header.get("typ"))
    return TokenShape(verdicts=verdicts, unverified=unverified, typ=header.get("typ"), claims=claims)


def _read_past_header(text: str, *, problems: list[Verdict], reason: Reason) -> TokenShape:
    """Read the rest of a token whose header is JSON but not allowed: unknown names, no alg."""
    header_segment, payload, signature = text.split(".")
    header = _parse_leniently(header_segment) or {}
    algorithm, key_id = header.get("alg"), header.get("kid")
    unverified = jws.UnverifiedJWS(
        header=jws.Header(
            algorithm=algorithm if isinstance(algorithm, str) else "",
            key_id=key_id if isinstance(key_id, str) else None,
        ),
        signing_input=f"{header_segment}.{payload}".encode("ascii"),
        payload=_decode_leniently(payload) or b"",
        signature=_decode_leniently(signature) or b"",
    )
    cause = "header_names" if reason is Reason.HEADER else "algorithm_missing"
    return _build_shape(
        unverified, text=text, verdicts=(accept(SIZE), *(problems or [accept(SHAPE)]), refuse(HEADER, cause))
    )


def _explain_unreadable(text: str, *, problems: list[Verdict]) -> TokenShape:
    cause, values = _find_cause(text)
    return TokenShape(verdicts=(accept(SIZE), *problems, refuse(SHAPE, cause, **values), *skip((HEADER,))))


def _mend(text: str) -> tuple[str, str]:
    """Return the first mistake that can be undone, and the text without it; ("", text) without one."""
    return _unwrap(text) or _decode(text) or ("", text)


def _unwrap(text: str) -> tuple[str, str] | None:
    """Return what stands around the token, and the text without it; None if nothing does."""
    if text != text.strip():
        return "surrounding_blanks", text.strip()
    if text.strip(_INVISIBLE) not in ("", text):
        return "invisible_characters", text.strip(_INVISIBLE)
    if len(text) > 1 and text[-1] in ",;":
        return "punctuation", text.rstrip(",; ")
    if len(text) > 1 and text[0] in "\"'“”`" and text[-1] in "\"'“”`":
        return "quoted", text[1:-1]
    if text[:7].lower() == "bearer ":
        return "bearer_prefix", text[7:]
    match = _NAME_PREFIX.match(text)
    return ("name_prefix", text[match.end() :]) if match else None


def _decode(text: str) -> tuple[str, str] | None:
    """Return how the token was encoded, and the text before that; None if it was not."""
    if match := re.search(r"\\+[nrt\"']?", text):
        return "backslashes", text.replace(match[0], "")
    if re.search(r"%[0-9A-Fa-f]{2}", text):
        return "percent_encoded", unquote(text)
    # Only after a possible token, because sentences contain commas too.
    if match := re.match(r"([^\s&?#;,]+\.[^\s&?#;,]+)[&?#;,]", text):
        return "glued_parameters", match[1]
    if re.search(r"\s", text) and text.count(".") == 2:
        return "inner_blanks", "".join(text.split())
    if re.search(r"[A-Za-z0-9_-]=+(\.|\Z)", text) and text.count(".") == 2:
        return "base64_padding", text.replace("=", "")
    if re.search(r"[+/]", text) and text.count(".") == 2:
        return "standard_base64", text.replace("+", "-").replace("/", "_")
    return None


def _find_cause(text: str) -> tuple[str, dict[str, object]]:
    if cause := next((cause for cause, look in _LOOKS if look.search(text)), ""):
        return cause, {}
    parts = text.split(".")
    if len(parts) != 3:
        return {1: "one_part", 2: "two_parts", 5: "five_parts"}.get(len(parts), "wrong_parts"), {"number": len(parts)}
    for number, part in enumerate(parts, start=1):
        if cause := _find_part_flaw(part):
            return cause, {"number": number}
    return "case_changed" if parts[0].startswith("eyj") else "header_not_json", {}


def _find_part_flaw(part: str) -> str:
    """Return the cause why `part` is not base64url, "" when it is."""
    if not part:
        return "empty_part"
    if not _ALPHABET.match(part):
        return "odd_characters"
    if len(part) % 4 == 1:
        return "truncated"
    return "unusual_base64" if _decode_leniently(part, is_exact=True) is None else ""


def _decode_leniently(segment: str, *, is_exact: bool = False) -> bytes | None:
    try:
        decoded = urlsafe_b64decode(segment.encode("ascii") + b"=" * (-len(segment) % 4))
    except (binascii.Error, UnicodeEncodeError):
        return None
    return None if is_exact and len(segment) % 4 and not _is_canonical(segment) else decoded


def _is_canonical(segment: str) -> bool:
    """Return whether the unused bits of the last character are zero, as encoders write them."""
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(segment[-1])
    return last % {2: 16, 3: 4}[len(segment) % 4] == 0


def _parse_leniently(segment: str) -> dict[str, Any] | None:
    try:
        value = json.loads(_decode_leniently(segment) or b"")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
