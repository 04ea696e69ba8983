"""Reads JSON that holds a token or stands for one: answers of the endpoint and of Login, claims, errors."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from linking.doctor.paste_request import PASSED, Found, in_other_text, nothing, parameters_of
from linking.doctor.verdicts import bad, good
from linking.tokens.refusals import REFUSALS, Reason

_NAMES = ("token", "access_token", "id_token", "jwt")
_DEPTH_MAX, _MEMBERS_MAX = 6, 2000
_CLAIMS = frozenset({"sub", "iss", "exp", "iat", "external_id"})
# Such as 002-016; anything else that is called a code is not repeated.
_LOGIN_ERROR = re.compile(r"\d{3}-\d{3}\Z")


def in_json(text: str, *, cookie_names: tuple[str, ...]) -> Found | None:
    """Return what the JSON at the start of `text` holds, None when there is none."""
    if not text.startswith(("{", "[")):
        return None
    try:
        value, _end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    members = dict(reversed([*_members(value)]))
    for name in (*_NAMES, *cookie_names):
        if isinstance(token := members.get(name), str):
            return Found(place="json", token=token, verdict=good(PASSED))
    # A tool may call it as it likes.
    called_otherwise = in_other_text(text, place="json", cookie_names=cookie_names)
    if called_otherwise and not _in_login_address(members):
        return replace(called_otherwise, verdict=good(PASSED)) if called_otherwise.token else called_otherwise
    return _in_login_address(members) or _instead(value, members=members)


def _members(value: Any, *, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield names and values, the outer ones first; a pair of `name` and `value`, as tools list cookies, is one."""
    if depth > _DEPTH_MAX:
        return
    if isinstance(value, dict):
        if isinstance(value.get("name"), str) and "value" in value:
            yield value["name"], value["value"]
        yield from value.items()
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in [*inner][:_MEMBERS_MAX]:
        yield from _members(one, depth=depth + 1)


def _in_login_address(members: dict[str, Any]) -> Found | None:
    address = members.get("login_url")
    token = parameters_of(address).get("token") if isinstance(address, str) else None
    return Found(place="json", token=token, verdict=bad(PASSED, "token_in_login_url")) if token else None


def _instead(value: Any, *, members: dict[str, Any]) -> Found:
    """Return what the JSON is, when it holds no token."""
    reason, error = members.get("reason"), members.get("error")
    if isinstance(reason, str) and reason in set(Reason):
        return refusal(Reason(reason))
    if isinstance(value, dict) and ("alg" in value or len(_CLAIMS & value.keys()) > 1):
        return nothing("decoded_token", place="json")
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and _LOGIN_ERROR.match(code):
        return nothing("login_error", place="json", code=code)
    return nothing("other_error" if "error" in members else "json_without_token", place="json")


def refusal(reason: Reason) -> Found:
    """Return that the paste is an answer of the endpoint which refuses."""
    row = REFUSALS[reason]
    return nothing("refused_answer", place="json", code=row.code, reason=reason, description=row.description)
