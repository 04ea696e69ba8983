"""Finds the token in the headers, the cookies or the address that a browser or a program sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote, urlsplit

from linking.doctor.verdicts import Verdict, accept, note, refuse
from linking.tokens.cookies import AmbiguousCookie, find_cookie

PASSED = "passed"
# A possible token, in a cookie of any name.
TOKEN_LIKE = re.compile(r"[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\Z")
# A token inside other text. Its header begins with a brace and a quote, in base64url always `eyJ`.
_EMBEDDED = re.compile(
    r"(?<![\w.-])eyJ[A-Za-z0-9_-]{7,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?=\.?(?:[\s\"'`”<>()\[\]{},;&#?|\\]|\Z))"
)
_TOKEN_PARAMETERS = ("token", "access_token", "id_token")
_PARAMETERS_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundToken:
    """The token as the server would receive it, None without one.

    `place`: `text`, `cookie`, `bearer`, `json`, `address` or `body`. `origin` and `fetch_mode` are those of the request
    with the token, "" for none.
    """

    place: str
    token: str | None
    verdict: Verdict
    origin: str = ""
    fetch_mode: str = ""


def find_nothing(cause: str, *, place: str = "text", **values: object) -> FoundToken:
    """Return that `place` contains no token, for `cause`."""
    return FoundToken(place=place, token=None, verdict=refuse(PASSED, cause, **values))


def join_names(cookie_names: tuple[str, ...]) -> str:
    """Return the cookie names as a sentence shows them."""
    return " / ".join(cookie_names)


def read_headers(headers: list[tuple[str, str]], *, cookie_names: tuple[str, ...]) -> FoundToken:
    """Read request headers, names in lower case, as the endpoint does: a Bearer token if any, else the cookie."""
    by_name = dict(headers)
    found = _read_credentials(headers, by_name=by_name, cookie_names=cookie_names)
    return replace(found, origin=by_name.get("origin", ""), fetch_mode=by_name.get("sec-fetch-mode", "").lower())


def _read_credentials(
    headers: list[tuple[str, str]], *, by_name: Mapping[str, str], cookie_names: tuple[str, ...]
) -> FoundToken:
    authorization = by_name.get("authorization")
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        token = token.strip(" ")
        return (
            FoundToken(place="bearer", token=token, verdict=accept(PASSED)) if token else find_nothing("empty_bearer")
        )
    cookies = "; ".join(value for name, value in headers if name == "cookie")
    if cookies:
        return read_cookies(cookies, cookie_names=cookie_names)
    if authorization is None:
        return find_nothing("nothing_sent", place="bearer", name=join_names(cookie_names))
    # The intention is clear enough to judge the rest.
    token_word = next((word for word in authorization.split() if TOKEN_LIKE.match(word)), None)
    return FoundToken(place="bearer", token=token_word, verdict=refuse(PASSED, "not_bearer"))


def read_cookies(header: str, *, cookie_names: tuple[str, ...]) -> FoundToken:
    """Read a Cookie header."""
    name = join_names(cookie_names)
    try:
        token = find_cookie(header=header, names=cookie_names)
    except AmbiguousCookie as error:
        return find_nothing("two_cookies", place="cookie", name=error)
    if token:
        return FoundToken(place="cookie", token=token, verdict=_judge_header(header, token=token))
    if token == "":
        return find_nothing("empty_cookie", place="cookie", name=name)
    for pair in header.split(";"):
        other, _, value = pair.strip(" \t").partition("=")
        if TOKEN_LIKE.match(value):
            return FoundToken(
                place="cookie", token=value, verdict=refuse(PASSED, "other_cookie", name=name, other=other)
            )
    return find_nothing("no_cookie", place="cookie", name=name)


def _judge_header(header: str, *, token: str) -> Verdict:
    """Return whether the server receives the cookies: it drops a header with anything but ASCII."""
    for pair in header.split(";"):
        name, _, value = pair.strip(" \t").partition("=")
        if value != token and not pair.isascii():
            return refuse(PASSED, "cookie_not_ascii", other=name)
    return accept(PASSED)


def read_address(address: str, *, cookie_names: tuple[str, ...]) -> FoundToken:
    """Read an address, whole or from its path or its `?` on; single-page applications put parameters after a `#`."""
    values = parse_parameters(address)
    for name in _TOKEN_PARAMETERS:
        if name in values:
            verdict = refuse(PASSED, "token_in_query", name=join_names(cookie_names))
            return FoundToken(place="address", token=values[name], verdict=verdict)
    return find_nothing("oauth_code" if "code" in values else "no_token_found", place="address")


def parse_parameters(address: str) -> Mapping[str, str]:
    """Return the parameters of an address, the first value of each; none if it is no address or has too many."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return {}
    found: dict[str, str] = {}
    for query in (parts.query, parts.fragment.rpartition("?")[2]):
        if query.count("&") < _PARAMETERS_MAX:
            found |= {name: values[0] for name, values in parse_qs(query).items() if name not in found}
    return found


def read_other_text(text: str, *, place: str, cookie_names: tuple[str, ...]) -> FoundToken | None:
    """Return the one token inside other text (code, a log line, a sentence), None without one.

    Of several tokens, the one after a cookie's name or the word token counts. A browser or a program must send the
    token alone; words of a person around it are no mistake.
    """
    # Browser tools show the value of a cookie percent-encoded.
    text = unquote(text) if "%" in text else text
    tokens = tuple(dict.fromkeys(_EMBEDDED.findall(text)))
    if len(tokens) > 1:
        names = "|".join(re.escape(name) for name in (*cookie_names, *_TOKEN_PARAMETERS))
        after_name = re.findall(rf"(?<![\w-])(?:{names})(?![\w-])[^\w]{{1,12}}({_EMBEDDED.pattern})", text)
        tokens = tuple(dict.fromkeys(after_name)) or tokens
    if not tokens:
        return None
    if len(tokens) > 1:
        return find_nothing("several_tokens", place=place, number=len(tokens))
    is_of_a_person = place == "text" and len(text.split()) > 1
    verdict = note(PASSED, "other_text") if is_of_a_person else refuse(PASSED, "other_text")
    return FoundToken(place=place, token=tokens[0], verdict=verdict)


def mark_refused(found: FoundToken, *, cause: str, **values: object) -> FoundToken:
    """Return `found` with another reason why it would be refused."""
    return replace(found, verdict=refuse(PASSED, cause, **values))
