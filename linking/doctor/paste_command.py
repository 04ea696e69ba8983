"""Reads a command line as people copy it: curl for bash and for Windows as browsers write it, wget, HTTPie.

Source: curl.se, "curl.1 the man page" (which options take a value), and what Chromium and Firefox write for "Copy as
cURL": `'…'` and `$'…'` for bash, `^"…^"` with a caret before every special character for cmd; read 2026-11.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from linking.doctor.paste_request import (
    Found,
    in_address,
    in_headers,
    in_other_text,
    join_names,
    mark_bad,
    nothing,
    parameters_of,
)

# A prompt and a path may stand before the program, and somebody may have copied the lines of the headers only.
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
class _Sent:
    """What the command would send: header names in small letters; a cookie file is named and not read."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    has_cookie_file: bool = False


def in_command(text: str, *, cookie_names: tuple[str, ...]) -> Found | None:
    """Return what the command in `text` would send, None when it is none."""
    begun = _COMMAND.match(text)
    if not begun:
        return None
    try:
        sent = _collect_sent(shlex.split(_plain(text[begun.end() :])))
    except ValueError:
        found = in_other_text(text, place="text", cookie_names=cookie_names)
        return mark_bad(found, cause="open_quote") if found else nothing("open_quote")
    asked = in_headers(sent.headers, cookie_names=cookie_names)
    if any(name in ("authorization", "cookie") for name, _ in sent.headers):
        return asked
    for address in sent.addresses:
        if "token" in parameters_of(address):
            return in_address(address, cookie_names=cookie_names)
    for body in sent.bodies:
        if found := in_other_text(body, place="body", cookie_names=cookie_names):
            return mark_bad(found, cause="token_in_body", name=join_names(cookie_names))
    return mark_bad(asked, cause="cookie_file", name=join_names(cookie_names)) if sent.has_cookie_file else asked


def _plain(text: str) -> str:
    """Return the line as a POSIX shell would have it."""
    if '^"' in text:
        text = re.sub(r"\^(.)", r"\1", re.sub(r"\^\r?\n", " ", text))
    text = re.sub(r"[\\^`](?:\r?\n|\Z)", " ", text)
    return _ANSI_C.sub(lambda found: shlex.quote(_ESCAPE.sub(_unescape, found[1])), text)


def _unescape(escape: re.Match[str]) -> str:
    if number := escape[1] or escape[2]:
        return chr(int(number, 16))
    return _ESCAPED.get(escape[3], escape[3])


def _collect_sent(words: list[str]) -> _Sent:
    sent = _Sent()
    for option, value in _options(iter(words)):
        if option in _HEADERS:
            name, _, content = value.partition(":")
            sent.headers.append((name.strip().lower(), content.strip(" \t")))
        elif option in _COOKIES and "=" not in value:
            sent.has_cookie_file = True
        elif option in _COOKIES:
            sent.headers.append(("cookie", value))
        elif option == "--oauth2-bearer":
            sent.headers.append(("authorization", f"Bearer {value}"))
        elif option in _BODIES:
            sent.bodies.append(value)
        elif bare := _BARE_HEADER.match(value):
            sent.headers.append((bare[1].lower(), bare[2].strip(" \t")))
        else:
            sent.addresses.append(value)
    return sent


def _options(words: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield each option that tells something, with its value, and "" with each word that belongs to none."""
    for word in words:
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            if name in _LONG_WITH_VALUE:
                yield name, value if equals else next(words, "")
        elif word.startswith("-"):
            # Several of one letter may stand together; the first that takes a value takes what is left of the word.
            at = next((at for at, letter in enumerate(word) if at and letter in _TAKE_VALUE), 0)
            if at:
                yield f"-{word[at]}", word[at + 1 :] or next(words, "")
        else:
            yield "", word
