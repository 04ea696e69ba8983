"""What each setting of an integration may hold: a value from outside in, the value to store or a sentence out."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from linking.clients.vendor_urls import AUTO, ZENDESK_HOSTS, address_flaw, is_loopback_name
from linking.core.config import SecretName
from linking.core.text import clean_line

ORIGINS_MAX = 100
REQUESTS_MAX = 100_000
SECRET_MIN_BYTES = 16
# RFC 7518 section 3.2 asks an HS256 key to be at least as long as the hash.
SECRET_MAX_CHARACTERS = 4096
_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}\Z")
_COOKIE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}\Z")
_IDENTIFIER = re.compile(r"[A-Za-z0-9._~-]{1,100}\Z")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}\Z")
_DOMAIN = re.compile(rf"(?=.{{1,200}}\Z){_LABEL}(?:\.{_LABEL})+\Z")
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?\Z")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^\s:/?#@\[\]]+)(?::(?P<port>[0-9]{1,5}))?\Z")
_DIGITS = re.compile(r"[0-9]{0,50}\Z")
_TEMPLATE = re.compile(r"https://[a-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][!-z|~]*)?\Z")
_PLACE = re.compile(r"\{([A-Za-z0-9_]{1,40})\}")
TEMPLATE_WORDS = ("merchant_id", "project_id", "login_project_id", "user_id")
# What a Zendesk JWT says already, or would mean something else to whoever reads it.
OWN_CLAIMS = frozenset(
    {"external_id", "scope", "name", "email", "email_verified", "exp", "iat", "nbf", "iss", "sub", "aud", "jti"}
)
CLAIM_MAP_MAX = 20
_CLAIM = re.compile(r"[!-~]{1,100}\Z")
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}\Z")
RESERVED_ENDINGS = (".invalid", ".example", ".test", ".localhost")


class BadValue(ValueError):
    """A value that cannot be stored; the message says what would do and never repeats a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleContext:
    """What a rule may need besides the value."""

    allow_loopback: bool


Rule = Callable[[object, RuleContext], object]


def read_slug(value: object) -> str:
    """Return a slug. Raises: BadValue."""
    if not isinstance(value, str) or not _SLUG.match(value):
        raise BadValue("must be 1 to 50 letters, digits, hyphens or underscores.")
    return value


def find_format_flaw(plain: str, *, name: SecretName) -> str:
    """Return a sentence that says why `plain` cannot be this secret, or "" when it can."""
    if not plain.strip():
        return "is blank: leave it out to keep what is set."
    if plain != plain.strip() or any(character in plain for character in "\r\n"):
        return "begins or ends with a blank or holds a line end: paste it again without them."
    if len(plain) > SECRET_MAX_CHARACTERS or "\0" in plain or not _is_text(plain):
        return "cannot be a secret: it is too long or holds characters that no secret has."
    if name is SecretName.ZENDESK_ACCESS_TOKEN:
        is_sendable = plain.isascii() and plain.isprintable() and " " not in plain
        return "" if is_sendable else "holds characters that cannot be sent: an access token has no blanks or accents."
    if len(plain.encode()) < SECRET_MIN_BYTES:
        return f"is shorter than {SECRET_MIN_BYTES} bytes, which anybody could guess: copy the whole secret."
    return ""


def read_origin(value: object) -> str:
    """Return an origin exactly as a browser sends it. Raises: BadValue."""
    wanted = "must be https://host or https://host:port as the browser sends it"
    if not isinstance(value, str):
        raise BadValue(f"{wanted}, as text.")
    if value in ("*", "null"):
        raise BadValue(f"“{value}” is refused, because it would let any page ask for tokens.")
    found = _ORIGIN.match(value)
    if found is None:
        raise BadValue(f"“{_clip(value)}” {wanted}: small letters, no path, no slash at the end.")
    scheme, host, port = found["scheme"], found["host"], found["port"]
    if not _is_host(host):
        raise BadValue(f"“{_clip(value)}” {wanted}: small letters, accented names in their xn-- form.")
    if scheme == "http" and not is_loopback_name(host.strip("[]")):
        raise BadValue(f"“{_clip(value)}” must begin with https://; http:// is for this machine only.")
    if port is not None and (port.startswith("0") or not 1 <= int(port) <= 65535):
        raise BadValue(f"“{_clip(value)}” has a port that is none.")
    if (scheme, port) in (("https", "443"), ("http", "80")):
        raise BadValue(f"“{_clip(value)}” must not name the usual port: browsers leave :{port} out.")
    return value


def read_origins(value: object, _around: RuleContext) -> list[str]:
    """Return a list of origins, each once. Raises: BadValue."""
    if not isinstance(value, list | tuple):
        raise BadValue('must be a list of origins such as ["https://shop.example"].')
    if len(value) > ORIGINS_MAX:
        raise BadValue(f"must not list more than {ORIGINS_MAX} origins.")
    return list(dict.fromkeys(read_origin(one) for one in value))


def read_name(value: object, _around: RuleContext) -> str:
    """Return a name of one line. Raises: BadValue."""
    text = clean_line(value, max_characters=101)
    if not text or text != value or len(text) > 100:
        raise BadValue("must be 1 to 100 characters of text on one line, without blanks around it.")
    return text


def read_identifier(value: object, _around: RuleContext) -> str:
    """Return an identifier of the vendor. Raises: BadValue."""
    if not isinstance(value, str) or not _IDENTIFIER.match(value):
        raise BadValue("must be 1 to 100 letters, digits, hyphens, dots or underscores.")
    return value


def read_identifier_or_blank(value: object, around: RuleContext) -> str:
    """Return an identifier or "". Raises: BadValue."""
    return "" if value == "" else read_identifier(value, around)


def read_cookie_name(value: object, _around: RuleContext) -> str:
    """Return a cookie's name. Raises: BadValue."""
    if not isinstance(value, str) or not _COOKIE_NAME.match(value):
        raise BadValue("must be a cookie's name: 1 to 100 letters, digits or any of !#$%&'*+-.^_`|~.")
    return value


def read_domain(value: object, _around: RuleContext) -> str:
    """Return a domain. Raises: BadValue."""
    if not isinstance(value, str) or not _DOMAIN.match(value):
        raise BadValue("must be a domain such as users.invalid, in small letters.")
    return value


def read_subdomain(value: object, _around: RuleContext) -> str:
    """Return a subdomain or "". Raises: BadValue."""
    if value == "":
        return ""
    if not isinstance(value, str) or not _SUBDOMAIN.match(value):
        raise BadValue("must be the first part of the account's address only: acme for acme.zendesk.com.")
    return value


def read_api_url(value: object, around: RuleContext) -> str:
    """Return an address of the Chat API, "auto" or "". Raises: BadValue."""
    if not isinstance(value, str):
        raise BadValue("must be text.")
    if value == AUTO:
        return AUTO
    if value and (flaw := address_flaw(value, allow_loopback=around.allow_loopback, hosts=ZENDESK_HOSTS)):
        raise BadValue(f"cannot be used. {flaw}")
    return value.rstrip("/")


def read_time(value: object, _around: RuleContext) -> datetime | None:
    """Return a time with its zone, or None. Raises: BadValue."""
    if value is None or value == "":
        return None
    wanted = "must be a time such as 2026-01-01T00:00:00Z, with its zone."
    try:
        read = value if isinstance(value, datetime) else datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        raise BadValue(wanted) from error
    if read.tzinfo is None or not 1971 <= read.year <= 2100:
        raise BadValue(wanted)
    return read


def read_rate(value: object, _around: RuleContext) -> int:
    """Return a number of calls a minute. Raises: BadValue."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= REQUESTS_MAX:
        raise BadValue(f"must be a whole number from 1 to {REQUESTS_MAX}.")
    return value


def read_template(value: object, _around: RuleContext) -> str:
    """Return an address template or "". Raises: BadValue."""
    if value == "":
        return ""
    words = " ".join(f"{{{word}}}" for word in TEMPLATE_WORDS)
    text = value if isinstance(value, str) else ""
    if unknown := next((word for word in _PLACE.findall(text) if word not in TEMPLATE_WORDS), None):
        raise BadValue(f"uses {{{unknown}}}, which nothing fills. What can be filled: {words}.")
    plain = _PLACE.sub("x", text)
    host = re.split("[/?#]", text.removeprefix("https://"), maxsplit=1)[0]
    if not text or len(text) > 500 or not _TEMPLATE.match(plain) or "{" in host:
        raise BadValue(f"must be an address that begins with https:// and, after its host, uses no words but {words}.")
    return text


def read_claim(value: object, _around: RuleContext) -> str:
    """Return a claim's path. Raises: BadValue."""
    if not isinstance(value, str) or not _CLAIM.match(value):
        raise BadValue("must be a claim's name, such as email or partner_data.email, of at most 100 characters.")
    return value


def read_claim_or_blank(value: object, around: RuleContext) -> str:
    """Return a claim's path or "". Raises: BadValue."""
    return "" if value == "" else read_claim(value, around)


def read_claim_map(value: object, around: RuleContext) -> dict[str, str]:
    """Return the claims by the name they get. Raises: BadValue."""
    if not isinstance(value, Mapping) or len(value) > CLAIM_MAP_MAX:
        raise BadValue(f'must be at most {CLAIM_MAP_MAX} pairs such as {{"locale": "locale"}}.')
    for name, path in value.items():
        if not isinstance(name, str) or not _ATTRIBUTE.match(name):
            raise BadValue("has a name that is none: 1 to 50 letters, digits or underscores, a letter first.")
        if name in OWN_CLAIMS:
            raise BadValue(f"must not set {name}, which the bridge sets itself.")
        read_claim(path, around)
    return dict(value)


def read_digits(value: object, _around: RuleContext) -> str:
    """Return digits or "". Raises: BadValue."""
    if not isinstance(value, str) or not _DIGITS.match(value):
        raise BadValue("must be digits only, as text.")
    return value


def read_flag(value: object, _around: RuleContext) -> bool:
    """Return true or false. Raises: BadValue."""
    if not isinstance(value, bool):
        raise BadValue("must be true or false.")
    return value


def build_choice_rule(words: type[StrEnum]) -> Rule:
    """Return the rule of a setting that is one of `words`."""

    def check(value: object, _around: RuleContext) -> str:
        known = [str(word) for word in words]
        if not isinstance(value, str) or value not in known:
            raise BadValue(f"must be one of: {', '.join(known)}.")
        return value

    return check


def _is_host(host: str) -> bool:
    if host.startswith("["):
        try:
            return ipaddress.IPv6Address(host[1:-1]).compressed == host[1:-1]
        except ValueError:
            return False
    return bool(_HOST.match(host))


def _is_text(plain: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in plain)


def _clip(value: str) -> str:
    line = clean_line(value, max_characters=81)
    return line if len(line) <= 80 else line[:80] + "…"
