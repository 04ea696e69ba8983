"""Finds the token in a paste: the token itself, headers, a command line, a call in a script, an address, JSON, a
table of cookies, or other text around it."""

import re
from dataclasses import replace
from itertools import pairwise
from urllib.parse import unquote

from linking.doctor.paste_command import read_command
from linking.doctor.paste_json import find_refusal, read_json
from linking.doctor.paste_request import (
    PASSED,
    TOKEN_LIKE,
    FoundToken,
    find_nothing,
    read_address,
    read_cookies,
    read_headers,
)
from linking.doctor.verdicts import accept
from linking.tokens.refusals import Reason

PASTE_MAX_CHARACTERS = 65_536
_READ = r"(cookie|authorization|origin|sec-fetch-mode)"
_CREDENTIALS = frozenset({"cookie", "authorization"})
# Browser tools put name and value on one line or on two.
_HEADER = re.compile(
    rf"^[ \t]*{_READ}[ \t]*(?::[ \t]*\r?\n[ \t]*(?=\S)|:[ \t]*|\r?\n[ \t]*(?=\S))(.*?)[ \t\r]*$",
    re.IGNORECASE | re.MULTILINE,
)
_SET_COOKIE = re.compile(r"^[ \t]*set-cookie[ \t]*:?\s*([^;\r\n]*)", re.IGNORECASE | re.MULTILINE)
# Headers in a script: a browser's "Copy as fetch", or PowerShell with an equals sign.
_QUOTED_HEADER = re.compile(
    r"""(["'])(cookie|authorization|origin|sec-fetch-mode)\1\s*[:=]\s*(["'])(.*?)\3""", re.IGNORECASE
)
_POWERSHELL_COOKIE = re.compile(r"""Net\.Cookie\(\s*"([^"]*)",\s*"([^"]*)\"""")
_CALL = re.compile(r"(?:await )?fetch\(|\$session = |Invoke-(?:WebRequest|RestMethod)\b", re.IGNORECASE)
_REQUEST = re.compile(r"(?:GET|POST|OPTIONS) /\S* HTTP/|:authority\b")
_COOKIE_LIKE = re.compile(r"\s*[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}=[^;]*(;|\Z)")
_ADDRESS = re.compile(r"(?:https?://|/[^\s?]*\?|[?#])\S*\Z")
_ENCODED_ADDRESS = re.compile(r"https?%3A%2F%2F\S+\Z", re.IGNORECASE)
# The snippets of the set-up page write this to the console.
_SNIPPET_LINE = re.compile(r"\b00-0\d ([a-z0-9_]+): ")
# Browsers write this to the console about a failed call.
_CORS = re.compile(
    r"blocked by CORS policy|Cross-Origin Request Blocked|is not allowed by Access-Control", re.IGNORECASE
)
_CORS_ORIGIN = re.compile(r"from origin '([^']{1,300})'|Origin (https?://\S{1,300}) is not allowed")
_MIXED = re.compile(r"\bMixed Content\b|\bblocked loading mixed active content\b", re.IGNORECASE)
_STATUS = re.compile(r"\bstatus of (\d{3})\b|/generate/token\S* (\d{3}) \(|\[HTTP/[\d.]+ (\d{3})\b")
_QUOTES = "\"'`“”"


def find_token(text: str, *, cookie_names: tuple[str, ...]) -> FoundToken:
    """Return the token in `text`, read by the form of the text; trims nothing that a transport would keep."""
    stripped = text.strip()
    if not stripped:
        return find_nothing("nothing_pasted")
    if len(text) > PASTE_MAX_CHARACTERS:
        return find_nothing("paste_too_long", limit=PASTE_MAX_CHARACTERS)
    return (
        read_command(stripped, cookie_names=cookie_names)
        or _read_call(stripped, cookie_names=cookie_names)
        or _read_request(text, cookie_names=cookie_names)
        or read_json(_cut_body(stripped), cookie_names=cookie_names)
        or _read_table(stripped, cookie_names=cookie_names)
        or _read_console(stripped)
        or _read_typed_address(stripped, cookie_names=cookie_names)
        or _read_cookie_text(stripped, cookie_names=cookie_names)
        or FoundToken(place="text", token=text, verdict=accept(PASSED))
    )


def _read_call(text: str, *, cookie_names: tuple[str, ...]) -> FoundToken | None:
    headers = [(name.lower(), value) for _, name, _, value in _QUOTED_HEADER.findall(text)]
    headers += [("cookie", f"{name}={value}") for name, value in _POWERSHELL_COOKIE.findall(text)]
    if any(name in _CREDENTIALS for name, _ in headers) or _CALL.match(text):
        return read_headers(headers, cookie_names=cookie_names)
    return None


def _read_request(text: str, *, cookie_names: tuple[str, ...]) -> FoundToken | None:
    """Read the headers of a request, or of a response that sets the cookie."""
    headers = [(name.lower(), value) for name, value in _HEADER.findall(text)]
    if any(name in _CREDENTIALS for name, _ in headers) or _REQUEST.match(text.lstrip()):
        return read_headers(headers, cookie_names=cookie_names)
    set_cookies = "; ".join(_SET_COOKIE.findall(text))
    return read_cookies(set_cookies, cookie_names=cookie_names) if set_cookies else None


def _cut_body(text: str) -> str:
    """Return the body of a response with headers, as `curl -i` prints it; any other text unchanged."""
    return re.split(r"\r?\n\r?\n", text, maxsplit=1)[-1].lstrip() if text.startswith("HTTP/") else text


def _read_table(text: str, *, cookie_names: tuple[str, ...]) -> FoundToken | None:
    """Read rows of a browser's cookie table or a cookie file: name and value next to each other, between tabs."""
    cookies = [
        f"{name}={value}"
        for line in text.splitlines()
        for name, value in pairwise(line.split("\t"))
        if TOKEN_LIKE.match(value)
    ]
    return read_cookies("; ".join(cookies), cookie_names=cookie_names) if cookies else None


def _read_console(text: str) -> FoundToken | None:
    line = _SNIPPET_LINE.search(text)
    if line and line[1] in set(Reason):
        return find_refusal(Reason(line[1]))
    if _CORS.search(text):
        origin = _CORS_ORIGIN.search(text)
        return replace(find_nothing("cors_error"), origin=(origin[1] or origin[2]) if origin else "")
    if _MIXED.search(text):
        return find_nothing("mixed_content")
    status = _STATUS.search(text)
    return find_nothing("status_alone", status=status[1] or status[2] or status[3]) if status else None


def _read_typed_address(text: str, *, cookie_names: tuple[str, ...]) -> FoundToken | None:
    address = unquote(text) if _ENCODED_ADDRESS.match(text) else text
    return read_address(address, cookie_names=cookie_names) if _ADDRESS.match(address) else None


def _read_cookie_text(text: str, *, cookie_names: tuple[str, ...]) -> FoundToken | None:
    # The console shows document.cookie in quotes.
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        text = text[1:-1]
    is_named = any(text.startswith(f"{name}=") for name in cookie_names)
    is_header = _COOKIE_LIKE.match(text) and (is_named or "; " in text)
    return read_cookies(text, cookie_names=cookie_names) if is_header else None
