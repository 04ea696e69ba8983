"""Where a token stands in what a browser or a program sent: its headers, its cookies, its address."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote, urlsplit

from linking.doctor.verdicts import Verdict, bad, good, note
from linking.tokens.cookies import AmbiguousCookie, find_cookie

PASSED = "passed"
# Something that was meant to be a token, in a cookie of any name.
TOKEN_LIKE = re.compile(r"[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\Z")
# One amid other text: its header begins with a brace and a quote, which in base64url is always `eyJ`.
_EMBEDDED = re.compile(
    r"(?<![\w.-])eyJ[A-Za-z0-9_-]{7,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?=\.?(?:[\s\"'`”<>()\[\]{},;&#?|\\]|\Z))"
)
_TOKEN_PARAMETERS = ("token", "access_token", "id_token")
_PARAMETERS_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The token as the server would get it, None when there is none; `place` is where: `text`, `cookie`, `bearer`,
    `json`, `address` or `body`. `origin` and `fetch_mode` are those of the request that held it, "" for none."""

    place: str
    token: str | None
    verdict: Verdict
    origin: str = ""
    fetch_mode: str = ""


def nothing(cause: str, *, place: str = "text", **values: object) -> Found:
    """Return that there is no token in `place`, for `cause`."""
    return Found(place=place, token=None, verdict=bad(PASSED, cause, **values))


def join_names(cookie_names: tuple[str, ...]) -> str:
    """Return the cookie names as a sentence has them."""
    return " or ".join(cookie_names)


def in_headers(headers: list[tuple[str, str]], *, cookie_names: tuple[str, ...]) -> Found:
    """Read request headers, by names in small letters, as the endpoint does: a Bearer token if any, else the cookie."""
    held = dict(headers)
    found = _in_headers(headers, held=held, cookie_names=cookie_names)
    return replace(found, origin=held.get("origin", ""), fetch_mode=held.get("sec-fetch-mode", "").lower())


def _in_headers(headers: list[tuple[str, str]], *, held: Mapping[str, str], cookie_names: tuple[str, ...]) -> Found:
    authorization = held.get("authorization")
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        token = token.strip(" ")
        return Found(place="bearer", token=token, verdict=good(PASSED)) if token else nothing("empty_bearer")
    cookies = "; ".join(value for name, value in headers if name == "cookie")
    if cookies:
        return in_cookies(cookies, cookie_names=cookie_names)
    if authorization is None:
        return nothing("nothing_sent", place="bearer", name=join_names(cookie_names))
    # What was meant is clear enough to be judged on.
    meant = next((word for word in authorization.split() if TOKEN_LIKE.match(word)), None)
    return Found(place="bearer", token=meant, verdict=bad(PASSED, "not_bearer"))


def in_cookies(header: str, *, cookie_names: tuple[str, ...]) -> Found:
    """Read a Cookie header."""
    name = join_names(cookie_names)
    try:
        token = find_cookie(header=header, names=cookie_names)
    except AmbiguousCookie as error:
        return nothing("two_cookies", place="cookie", name=error)
    if token:
        return Found(place="cookie", token=token, verdict=_judge_header(header, token=token))
    if token == "":
        return nothing("empty_cookie", place="cookie", name=name)
    for pair in header.split(";"):
        other, _, value = pair.strip(" \t").partition("=")
        if TOKEN_LIKE.match(value):
            return Found(place="cookie", token=value, verdict=bad(PASSED, "other_cookie", name=name, other=other))
    return nothing("no_cookie", place="cookie", name=name)


def _judge_header(header: str, *, token: str) -> Verdict:
    """Return whether the server sees the cookies at all: it is given no header that holds anything but ASCII."""
    for pair in header.split(";"):
        name, _, value = pair.strip(" \t").partition("=")
        if value != token and not pair.isascii():
            return bad(PASSED, "cookie_not_ascii", other=name)
    return good(PASSED)


def in_address(address: str, *, cookie_names: tuple[str, ...]) -> Found:
    """Read an address, whole or from its path or its `?` on; single-page applications keep parameters behind a `#`."""
    values = parameters_of(address)
    for name in _TOKEN_PARAMETERS:
        if name in values:
            verdict = bad(PASSED, "token_in_query", name=join_names(cookie_names))
            return Found(place="address", token=values[name], verdict=verdict)
    return nothing("oauth_code" if "code" in values else "no_token_found", place="address")


def parameters_of(address: str) -> Mapping[str, str]:
    """Return the parameters of an address, the first value of each; none of what is no address or has too many."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return {}
    found: dict[str, str] = {}
    for query in (parts.query, parts.fragment.rpartition("?")[2]):
        if query.count("&") < _PARAMETERS_MAX:
            found |= {name: values[0] for name, values in parse_qs(query).items() if name not in found}
    return found


def in_other_text(text: str, *, place: str, cookie_names: tuple[str, ...]) -> Found | None:
    """Return the one token that stands amid other text (code, a log line, a sentence), None when there is none.

    Of several, the one that follows a cookie's name or the word token is taken. What a browser or a program would send
    has to be the token alone; words of a person around it are no mistake.
    """
    # A browser's tools show a cookie's value as it travels: percent-encoded.
    text = unquote(text) if "%" in text else text
    tokens = tuple(dict.fromkeys(_EMBEDDED.findall(text)))
    if len(tokens) > 1:
        names = "|".join(re.escape(name) for name in (*cookie_names, *_TOKEN_PARAMETERS))
        named = re.findall(rf"(?<![\w-])(?:{names})(?![\w-])[^\w]{{1,12}}({_EMBEDDED.pattern})", text)
        tokens = tuple(dict.fromkeys(named)) or tokens
    if not tokens:
        return None
    if len(tokens) > 1:
        return nothing("several_tokens", place=place, number=len(tokens))
    is_of_a_person = place == "text" and len(text.split()) > 1
    told = note(PASSED, "other_text") if is_of_a_person else bad(PASSED, "other_text")
    return Found(place=place, token=tokens[0], verdict=told)


def mark_bad(found: Found, *, cause: str, **values: object) -> Found:
    """Return `found` with another reason why it would not do as it stands."""
    return replace(found, verdict=bad(PASSED, cause, **values))
