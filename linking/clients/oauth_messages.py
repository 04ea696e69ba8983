"""Zendesk Chat's OAuth 2 as plain values: where a browser is sent, and what the token address answers."""

import json
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from linking.clients.vendor_urls import is_loopback_name, is_retired
from linking.core.text import clean_line

# Source: the provider entry for Zendesk Chat in a public connector library, and a public integration write-up that
# names the same two (read 2026-11); the vendor's own pages show the retired host.
AUTHORIZE_PATH = "/oauth2/chat/authorizations/new"
TOKEN_PATH = "/oauth2/chat/token"  # noqa: S105 - an address
SCOPE = "read"
TOKEN_MAX_CHARACTERS = 4096
LIFE_MAX_S = 10 * 366 * 86_400
# A token is renewed when a fifth of its life is left, and at most ten minutes before its end.
_SHARE_LEFT, _LEFT_MOST_S = 5, 600
_ANSWER_MAX_BYTES = 65_536
_WORDS_MAX_CHARACTERS = 200


class BadTokens(ValueError):
    """An answer that holds no usable token; the message repeats nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What the token address gave; `refresh_token` is "" and `life_s` None where it told none."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: str
    life_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthRefusal:
    """An OAuth error in the vendor's words, cleaned and clipped: `code` such as `invalid_grant`."""

    code: str
    description: str


def authority_of(*, api_url: str, subdomain: str) -> str:
    """Return `scheme://host` of the account that is to consent, "" where the settings do not tell.

    It is where the API is called; the retired host knows accounts by name only, so theirs is taken.
    """
    parts = urlsplit(api_url)
    host = parts.hostname or ""
    if parts.scheme == "http" and is_loopback_name(host):
        return f"http://{parts.netloc}"
    if host.endswith(".zendesk.com"):
        return f"https://{host}"
    return f"https://{subdomain}.zendesk.com" if subdomain and (not api_url or is_retired(api_url)) else ""


def authorize_url(*, authority: str, client_id: str, redirect_url: str, state: str) -> str:
    """Return the address at which a person consents; the answer comes to `redirect_url` with `code` and `state`."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_url,
        "scope": SCOPE,
        "state": state,
    }
    return f"{authority}{AUTHORIZE_PATH}?{urlencode(query, quote_via=quote)}"


def read_tokens(body: bytes) -> Tokens:
    """Return the tokens in a successful answer. Raises: BadTokens."""
    answer = _object(body)
    if str(answer.get("token_type") or "bearer").lower() != "bearer":
        raise BadTokens("The answer's token is of a kind that is not known.")
    return Tokens(
        access_token=_token(answer.get("access_token")),
        refresh_token=_token(answer["refresh_token"]) if answer.get("refresh_token") else "",
        scope=_scope(answer.get("scope")),
        life_s=_life_s(answer.get("expires_in")),
    )


def read_refusal(body: bytes) -> OAuthRefusal:
    """Return the error in an answer that is no success, empty where it holds none."""
    try:
        answer = _object(body)
    except BadTokens:
        return OAuthRefusal(code="", description="")
    return refusal(code=answer.get("error"), description=answer.get("error_description") or answer.get("description"))


def refusal(*, code: object, description: object) -> OAuthRefusal:
    """Return an error as it may be shown, whoever wrote it."""
    return OAuthRefusal(
        code=clean_line(code, max_characters=60),
        description=clean_line(description, max_characters=_WORDS_MAX_CHARACTERS),
    )


def renew_in_s(life_s: int) -> int:
    """Return after how many seconds a token that lives `life_s` is to be renewed."""
    return life_s - min(life_s // _SHARE_LEFT, _LEFT_MOST_S)


def _object(body: bytes) -> dict[str, object]:
    if len(body) > _ANSWER_MAX_BYTES:
        raise BadTokens("The answer is larger than one with tokens can be.")
    try:
        answer = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadTokens("The answer is not JSON.") from error
    if not isinstance(answer, dict):
        raise BadTokens("The answer is no object.")
    return answer


def _token(value: object) -> str:
    is_text = isinstance(value, str) and 0 < len(value) <= TOKEN_MAX_CHARACTERS
    if not isinstance(value, str) or not is_text or not value.isascii() or not value.isprintable() or " " in value:
        raise BadTokens("The answer holds no token that could be sent.")
    return value


def _scope(value: object) -> str:
    words = " ".join(str(word) for word in value) if isinstance(value, list) else value
    return clean_line(words, max_characters=_WORDS_MAX_CHARACTERS)


def _life_s(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LIFE_MAX_S:
        return None
    return value
