"""Reads a copied command line: curl as browsers write it for bash and for Windows, wget, HTTPie.

Source: curl.se, "curl.1 the man page" (which options take a value), and what Chromium and Firefox write for "Copy as
cURL": `'…'` and `$'…'` for bash, `^"…^"` with a caret before every special character for cmd; read 2026-11.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from linking.doctor.paste_request import (
    FoundToken,
    find_nothing,
    join_names,
    mark_refused,
    parse_parameters,
    read_address,
    read_headers,
    read_other_text,
)

# A prompt and a path may precede the program, and a paste may contain only the lines with headers.
_COMMAND = re.compile(
    r"(?:(?:PS )?\S{0,200}[$>#%] ?)?(?:\S{0,200}[\\/])?"
    r"(?:(?:curl|wget)(?:\.exe)?|(?:https?|xh)(?= +(?:[A-Z]+ +)?\S{1,200}[./:]))\s"
    r"|(?=(?:-[Hb]|--header|--cookie)[ =\^\"'$])",
    re.IGNORECASE,
)
_TAKE_VALUE = frozenset("AbcCdDeEFHKmoPQrtTuUwxXyYz")
_HEADERS, _COOKIES = ("-H", "--header"), ("-b", "--cookie")
_BODIES = (
    *("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json"),
    *("-F", "--form", "--post-data", "--body-data"),
)
_OPTIONS = (*_HEADERS, *_COOKIES, *_BODIES, "--oauth2-bearer", "--url")
_LONG_WITH_VALUE = frozenset(option for option in _OPTIONS if option.startswith("--"))
_BARE_HEADER = re.compile(r"(cookie|authorization):(.*)", re.IGNORECASE | re.DOTALL)
_ANSI_C = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{1,4})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(slots=True)
class _CommandRequest:
    """The request that the command sends: header names in lower case. A cookie file is not read."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    has_cookie_file: bool = False


def read_command(text: str, *, cookie_names: tuple[str, ...]) -> FoundToken | None:
    """Return the token that the command in `text` sends, None if `text` is no command."""
    start = _COMMAND.match(text)
    if not start:
        return None
    try:
        request = _collect_request(shlex.split(_unescape_line(text[start.end() :])))
    except ValueError:
        found = read_other_text(text, place="text", cookie_names=cookie_names)
        return mark_refused(found, cause="open_quote") if found else find_nothing("open_quote")
    found = read_headers(request.headers, cookie_names=cookie_names)
    if any(name in ("authorization", "cookie") for name, _ in request.headers):
        return found
    for address in request.addresses:
        if "token" in parse_parameters(address):
            return read_address(address, cookie_names=cookie_names)
    for body in request.bodies:
        if in_body := read_other_text(body, place="body", cookie_names=cookie_names):
            return mark_refused(in_body, cause="token_in_body", name=join_names(cookie_names))
    return mark_refused(found, cause="cookie_file", name=join_names(cookie_names)) if request.has_cookie_file else found


def _unescape_line(text: str) -> str:
    """Return the line in the syntax of a POSIX shell."""
    if '^"' in text:
        text = re.sub(r"\^(.)", r"\1", re.sub(r"\^\r?\n", " ", text))
    text = re.sub(r"[\\^`](?:\r?\n|\Z)", " ", text)
    return _ANSI_C.sub(lambda found: shlex.quote(_ESCAPE.sub(_unescape, found[1])), text)


def _unescape(escape: re.Match[str]) -> str:
    if number := escape[1] or escape[2]:
        return chr(int(number, 16))
    return _ESCAPED.get(escape[3], escape[3])


def _collect_request(words: list[str]) -> _CommandRequest:
    request = _CommandRequest()
    for option, value in _parse_options(iter(words)):
        if option in _HEADERS:
            name, _, content = value.partition(":")
            request.headers.append((name.strip().lower(), content.strip(" \t")))
        elif option in _COOKIES and "=" not in value:
            request.has_cookie_file = True
        elif option in _COOKIES:
            request.headers.append(("cookie", value))
        elif option == "--oauth2-bearer":
            request.headers.append(("authorization", f"Bearer {value}"))
        elif option in _BODIES:
            request.bodies.append(value)
        elif bare := _BARE_HEADER.match(value):
            request.headers.append((bare[1].lower(), bare[2].strip(" \t")))
        else:
            request.addresses.append(value)
    return request


def _parse_options(words: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield each option of interest with its value, and "" with each word that belongs to no option."""
    for word in words:
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            if name in _LONG_WITH_VALUE:
                yield name, value if equals else next(words, "")
        elif word.startswith("-"):
            # One-letter options can be combined; the first that takes a value takes the rest of the word.
            at = next((at for at, letter in enumerate(word) if at and letter in _TAKE_VALUE), 0)
            if at:
                yield f"-{word[at]}", word[at + 1 :] or next(words, "")
        else:
            yield "", word
