"""Finds the token in what a person pasted: itself, a Cookie header, request headers, a curl line, an address, JSON."""

import json
import re
import shlex
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from linking.core.cookies import AmbiguousCookie, find_cookie
from linking.core.diagnosis_verdicts import Verdict, bad, good
from linking.core.refusals import REFUSALS, Reason

PASTE_MAX_CHARACTERS = 65_536
PASSED = "passed"
_HEADER = re.compile(r"^[ \t]*(cookie|authorization)[ \t]*:[ \t]*(.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
# Something that was meant to be a token, in a cookie of any name.
_TOKEN_LIKE = re.compile(r"[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\Z")
_COOKIE_LIKE = re.compile(r"\s*[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}=[^;]*(;|\Z)")
_ADDRESS = re.compile(r"https?://\S+\Z")
# What begins with one of curl's options that take a value the doctor does not need.
_CURL_TAKES_VALUE = frozenset(
    {"-X", "--request", "-d", "--data", "-A", "--user-agent", "-o", "--output", "-e", "--referer"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The token as the server would get it, None when there is none; `place` is where: `text`, `cookie`, `bearer`,
    `json` or `address`."""

    place: str
    token: str | None
    verdict: Verdict


def find_token(text: str, *, cookie_names: tuple[str, ...]) -> Found:
    """Return what `text` holds, read as its own form has it; nothing is trimmed where no transport would trim."""
    if not text.strip():
        return Found(place="text", token=None, verdict=bad(PASSED, "nothing_pasted"))
    if len(text) > PASTE_MAX_CHARACTERS:
        cause = bad(PASSED, "paste_too_long", limit=PASTE_MAX_CHARACTERS)
        return Found(place="text", token=None, verdict=cause)
    stripped = text.strip()
    if re.match(r"curl(\.exe)?\s", stripped):
        return _in_curl(stripped, cookie_names=cookie_names)
    if headers := _HEADER.findall(text):
        return _in_headers(headers, cookie_names=cookie_names)
    if stripped.startswith("{") and (found := _in_json(stripped)):
        return found
    if _ADDRESS.match(stripped) or stripped.startswith("?"):
        return _in_address(stripped, cookie_names=cookie_names)
    if _is_cookie_header(stripped, cookie_names=cookie_names):
        return _in_cookies(stripped, cookie_names=cookie_names)
    return Found(place="text", token=text, verdict=good(PASSED))


def _is_cookie_header(text: str, *, cookie_names: tuple[str, ...]) -> bool:
    named = any(text.startswith(f"{name}=") for name in cookie_names)
    return bool(_COOKIE_LIKE.match(text)) and (named or "; " in text)


def _in_curl(text: str, *, cookie_names: tuple[str, ...]) -> Found:
    try:
        words = shlex.split(re.sub(r"[\\^]\r?\n", " ", text))
    except ValueError:
        return Found(place="text", token=None, verdict=bad(PASSED, "no_token_found"))
    headers: list[tuple[str, str]] = []
    address, at = "", 1
    while at < len(words):
        word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
        at += 1
        option, value = (word[:2], word[2:]) if re.match(r"-[Hb].", word) else (word, following)
        if option in ("-H", "--header", "-b", "--cookie", "--oauth2-bearer"):
            headers.append(_header_of(option, value))
            at += value is following
        elif word in _CURL_TAKES_VALUE:
            at += 1
        elif not word.startswith("-"):
            address = word
    if "token=" in urlsplit_query(address) and not any(name in ("authorization", "cookie") for name, _ in headers):
        return _in_address(address, cookie_names=cookie_names)
    return _in_headers(headers, cookie_names=cookie_names)


def _header_of(option: str, value: str) -> tuple[str, str]:
    if option in ("-b", "--cookie"):
        return "cookie", value
    if option == "--oauth2-bearer":
        return "authorization", f"Bearer {value}"
    name, _, content = value.partition(":")
    return name.strip().lower(), content.strip(" \t")


def urlsplit_query(address: str) -> str:
    """Return the query of an address, "" when there is none or it is no address."""
    try:
        return urlsplit(address).query
    except ValueError:
        return ""


def _in_headers(headers: list[tuple[str, str]], *, cookie_names: tuple[str, ...]) -> Found:
    """Read them as the endpoint does: a Bearer token if there is one, else the cookie."""
    held = {name.lower(): value for name, value in headers}
    scheme, _, credential = held.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = credential.strip(" ")
        return Found(place="bearer", token=token, verdict=good(PASSED))
    cookies = "; ".join(value for name, value in headers if name.lower() == "cookie")
    if cookies:
        return _in_cookies(cookies, cookie_names=cookie_names)
    cause = "not_bearer" if "authorization" in held else "no_token_found"
    return Found(place="bearer", token=None, verdict=bad(PASSED, cause))


def _in_cookies(header: str, *, cookie_names: tuple[str, ...]) -> Found:
    name = " or ".join(cookie_names)
    try:
        token = find_cookie(header=header, names=cookie_names)
    except AmbiguousCookie as error:
        return Found(place="cookie", token=None, verdict=bad(PASSED, "two_cookies", name=error))
    if token:
        return Found(place="cookie", token=token, verdict=good(PASSED))
    if token == "":
        return Found(place="cookie", token=None, verdict=bad(PASSED, "empty_cookie", name=name))
    for pair in header.split(";"):
        other, _, value = pair.strip(" \t").partition("=")
        if _TOKEN_LIKE.match(value):
            return Found(place="cookie", token=value, verdict=bad(PASSED, "other_cookie", name=name, other=other))
    return Found(place="cookie", token=None, verdict=bad(PASSED, "no_cookie", name=name))


def _in_address(address: str, *, cookie_names: tuple[str, ...]) -> Found:
    query = urlsplit_query(address) or address.partition("?")[2]
    values = parse_qs(query, max_num_fields=1000).get("token", []) if query.count("&") < 1000 else []
    if not values:
        return Found(place="address", token=None, verdict=bad(PASSED, "no_token_found"))
    verdict = bad(PASSED, "token_in_query", name=" or ".join(cookie_names))
    return Found(place="address", token=values[0], verdict=verdict)


def _in_json(text: str) -> Found | None:
    """Return what a JSON answer holds: a token, or a refusal of the endpoint; None when it is neither."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    token, reason = answer.get("token"), answer.get("reason")
    if isinstance(token, str):
        return Found(place="json", token=token, verdict=good(PASSED))
    if isinstance(reason, str) and reason in set(Reason):
        row = REFUSALS[Reason(reason)]
        verdict = bad(PASSED, "refused_answer", code=row.code, reason=reason, description=row.description)
        return Found(place="json", token=None, verdict=verdict)
    return None
