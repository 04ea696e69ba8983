"""Reads JSON with a token, or JSON pasted instead of one: responses of the endpoint and of Login, claims, errors."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from linking.doctor.paste_request import PASSED, FoundToken, find_nothing, parse_parameters, read_other_text
from linking.doctor.verdicts import accept, refuse
from linking.tokens.refusals import REFUSALS, Reason

_NAMES = ("token", "access_token", "id_token", "jwt")
_DEPTH_MAX, _MEMBERS_MAX = 6, 2000
_CLAIMS = frozenset({"sub", "iss", "exp", "iat", "external_id"})
# Such as 002-016. Any other text named code is not repeated.
_LOGIN_ERROR = re.compile(r"\d{3}-\d{3}\Z")


def read_json(text: str, *, cookie_names: tuple[str, ...]) -> FoundToken | None:
    """Return the token in the JSON at the start of `text`, None without JSON."""
    if not text.startswith(("{", "[")):
        return None
    try:
        value, _end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    members = dict(reversed([*_list_members(value)]))
    for name in (*_NAMES, *cookie_names):
        if isinstance(token := members.get(name), str):
            return FoundToken(place="json", token=token, verdict=accept(PASSED))
    # A tool may give the token any name.
    renamed = read_other_text(text, place="json", cookie_names=cookie_names)
    if renamed and not _read_login_address(members):
        return replace(renamed, verdict=accept(PASSED)) if renamed.token else renamed
    return _read_login_address(members) or _explain_json(value, members=members)


def _list_members(value: Any, *, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield names and values, outer ones first; an object with `name` and `value`, as for cookies, is one pair."""
    if depth > _DEPTH_MAX:
        return
    if isinstance(value, dict):
        if isinstance(value.get("name"), str) and "value" in value:
            yield value["name"], value["value"]
        yield from value.items()
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in [*inner][:_MEMBERS_MAX]:
        yield from _list_members(one, depth=depth + 1)


def _read_login_address(members: dict[str, Any]) -> FoundToken | None:
    address = members.get("login_url")
    token = parse_parameters(address).get("token") if isinstance(address, str) else None
    return FoundToken(place="json", token=token, verdict=refuse(PASSED, "token_in_login_url")) if token else None


def _explain_json(value: Any, *, members: dict[str, Any]) -> FoundToken:
    """Return what JSON without a token is."""
    reason, error = members.get("reason"), members.get("error")
    if isinstance(reason, str) and reason in set(Reason):
        return find_refusal(Reason(reason))
    if isinstance(value, dict) and ("alg" in value or len(_CLAIMS & value.keys()) > 1):
        return find_nothing("decoded_token", place="json")
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and _LOGIN_ERROR.match(code):
        return find_nothing("login_error", place="json", code=code)
    return find_nothing("other_error" if "error" in members else "json_without_token", place="json")


def find_refusal(reason: Reason) -> FoundToken:
    """Return the result for a paste that is a refusal of the endpoint."""
    row = REFUSALS[reason]
    return find_nothing("refused_answer", place="json", code=row.code, reason=reason, description=row.description)
