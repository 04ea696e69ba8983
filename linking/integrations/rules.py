"""The rules of the settings: each takes a value from outside, and returns the value to store or raises `BadValue`."""

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from linking.clients.vendor_urls import AUTO, ZENDESK_HOSTS, address_flaw, is_loopback_name
from linking.core.config import SecretName
from linking.core.text import clean_line
from linking.core.text_marks import Sentence
from linking.core.text_marks import gettext_noop as _

ORIGINS_MAX = 100
REQUESTS_MAX = 100_000
SECRET_MIN_BYTES = 16
# RFC 7518 section 3.2 asks an HS256 key to be at least as long as the hash.
SECRET_MAX_CHARACTERS = 4096
_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}\Z")
_COOKIE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}\Z")
_IDENTIFIER = re.compile(r"[A-Za-z0-9._~-]{1,100}\Z")
# Source: fact sheet of Messaging accounts, 9.4: signs the test call while a webhook is being created.
WEBHOOK_TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105 - public
# Source: the same, section 7: the user of Basic authentication, alone or with the word before it.
_API_TOKEN = re.compile(r"(?:Basic\s+)?[^@\s/]+@[^\s/]+/token(?::\S*)?\Z", re.IGNORECASE)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}\Z")
_DOMAIN = re.compile(rf"(?=.{{1,200}}\Z){_LABEL}(?:\.{_LABEL})+\Z")
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?\Z")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^\s:/?#@\[\]]+)(?::(?P<port>[0-9]{1,5}))?\Z")
_DIGITS = re.compile(r"[0-9]{0,50}\Z")
_TEMPLATE = re.compile(r"https://[a-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][!-z|~]*)?\Z")
_PLACE = re.compile(r"\{([A-Za-z0-9_]{1,40})\}")
TEMPLATE_WORDS = ("merchant_id", "project_id", "login_project_id", "user_id")
# Claims that a Zendesk JWT has already, or that mean something else to its reader.
OWN_CLAIMS = frozenset(
    {"external_id", "scope", "name", "email", "email_verified", "exp", "iat", "nbf", "iss", "sub", "aud", "jti"}
)
CLAIM_MAP_MAX = 20
_CLAIM = re.compile(r"[!-~]{1,100}\Z")
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}\Z")
# Source: fact sheet of Zendesk, 9.3: which installation of an app a start is for.
_APP_AUDIENCE = re.compile(rf"https://{_LABEL}\.zendesk\.com/api/v2/apps/installations/[0-9]{{1,20}}\.json\Z")
APP_KEY_MIN_BITS, APP_KEY_MAX_BITS = 2048, 8192
APP_KEY_MAX_CHARACTERS = 8192
RESERVED_ENDINGS = (".invalid", ".example", ".test", ".localhost")


class BadValue(ValueError):
    """A value cannot be stored; `sentence` says what to enter instead and never repeats a secret."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template)
        self.sentence = Sentence(template, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleContext:
    """What a rule needs besides the value."""

    allow_loopback: bool


Rule = Callable[[object, RuleContext], object]


def read_slug(value: object) -> str:
    """Return a slug. Raises: BadValue."""
    if not isinstance(value, str) or not _SLUG.match(value):
        raise BadValue(_("Use 1 to 50 letters, digits, hyphens or underscores."))
    return value


def find_format_flaw(plain: str, *, name: SecretName) -> Sentence | None:
    """Return why `plain` cannot be this secret, None when it can."""
    if not plain.strip():
        return Sentence(_("The secret is blank. Leave it out to keep the current one."))
    if plain != plain.strip() or any(character in plain for character in "\r\n"):
        return Sentence(_("The secret begins or ends with a space or contains a line end. Paste it without them."))
    if len(plain) > SECRET_MAX_CHARACTERS or "\0" in plain or not _is_text(plain):
        return Sentence(_("This is not a secret: it is too long or contains characters that no secret has."))
    if plain == WEBHOOK_TEST_SECRET:
        return Sentence(_("This is the secret with which Zendesk signs test calls. Everybody knows it."))
    if _API_TOKEN.match(plain):
        return Sentence(
            _(
                "This is an API token of Zendesk Support. Zendesk makes no new ones and ends all on 2027-04-30. Make "
                "an OAuth client instead: Admin Center, Apps and integrations, APIs, OAuth clients."
            )
        )
    if name is SecretName.ZENDESK_ACCESS_TOKEN:
        is_sendable = plain.isascii() and plain.isprintable() and " " not in plain
        return None if is_sendable else Sentence(_("An access token has no spaces or accents. Copy it again."))
    if len(plain.encode()) < SECRET_MIN_BYTES:
        template = _("The secret is shorter than {number} bytes, so it could be guessed. Copy the whole secret.")
        return Sentence(template, {"number": SECRET_MIN_BYTES})
    return None


def read_origin(value: object) -> str:
    """Return an origin, written exactly as a browser sends it. Raises: BadValue."""
    if not isinstance(value, str):
        raise BadValue(_("Write each origin as text, such as https://shop.example."))
    if value in ("*", "null"):
        raise BadValue(_("“{value}” is not allowed, because any page could then request tokens."), value=value)
    shown, found = _clip(value), _ORIGIN.match(value)
    if found is None:
        template = _(
            "“{value}” is not an origin. Write https://host or https://host:port in lower case, without a path and "
            "without a slash at the end."
        )
        raise BadValue(template, value=shown)
    scheme, host, port = found["scheme"], found["host"], found["port"]
    if not _is_host(host):
        template = _("“{value}” is not an origin. Write the host in lower case, accented names in their xn-- form.")
        raise BadValue(template, value=shown)
    if scheme == "http" and not is_loopback_name(host.strip("[]")):
        template = _("“{value}” must begin with https://. Only this machine may use http://.")
        raise BadValue(template, value=shown)
    if port is not None and (port.startswith("0") or not 1 <= int(port) <= 65535):
        raise BadValue(_("“{value}” has an invalid port."), value=shown)
    if (scheme, port) in (("https", "443"), ("http", "80")):
        raise BadValue(_("“{value}”: leave out :{port}, as browsers do."), value=shown, port=port)
    return value


def read_origins(value: object, _around: RuleContext) -> list[str]:
    """Return a list of origins, each once. Raises: BadValue."""
    if not isinstance(value, list | tuple):
        raise BadValue(_('Enter a list of origins, such as ["https://shop.example"].'))
    if len(value) > ORIGINS_MAX:
        raise BadValue(_("Enter at most {number} origins."), number=ORIGINS_MAX)
    return list(dict.fromkeys(read_origin(one) for one in value))


def read_name(value: object, _around: RuleContext) -> str:
    """Return a name of one line. Raises: BadValue."""
    text = clean_line(value, max_characters=101)
    if not text or text != value or len(text) > 100:
        raise BadValue(_("Enter 1 to 100 characters on one line, without spaces around them."))
    return text


def read_identifier(value: object, _around: RuleContext) -> str:
    """Return an identifier of the vendor. Raises: BadValue."""
    if not isinstance(value, str) or not _IDENTIFIER.match(value):
        raise BadValue(_("Use 1 to 100 letters, digits, hyphens, dots or underscores."))
    return value


def read_identifier_or_blank(value: object, around: RuleContext) -> str:
    """Return an identifier or "". Raises: BadValue."""
    return "" if value == "" else read_identifier(value, around)


def read_cookie_name(value: object, _around: RuleContext) -> str:
    """Return a cookie's name. Raises: BadValue."""
    if not isinstance(value, str) or not _COOKIE_NAME.match(value):
        raise BadValue(_("Use 1 to 100 letters, digits or any of !#$%&'*+-.^_`|~ for the name of a cookie."))
    return value


def read_domain(value: object, _around: RuleContext) -> str:
    """Return a domain. Raises: BadValue."""
    if not isinstance(value, str) or not _DOMAIN.match(value):
        raise BadValue(_("Enter a domain in lower case, such as users.invalid."))
    return value


def read_subdomain(value: object, _around: RuleContext) -> str:
    """Return a subdomain or "". Raises: BadValue."""
    if value == "":
        return ""
    if not isinstance(value, str) or not _SUBDOMAIN.match(value):
        raise BadValue(_("Enter only the first part of the account's address: acme for acme.zendesk.com."))
    return value


def read_api_url(value: object, around: RuleContext) -> str:
    """Return an address of the Chat API, "auto" or "". Raises: BadValue."""
    if not isinstance(value, str):
        raise BadValue(_("Enter the address as text."))
    if value == AUTO:
        return AUTO
    if value and (flaw := address_flaw(value, allow_loopback=around.allow_loopback, hosts=ZENDESK_HOSTS)):
        raise BadValue(flaw)
    return value.rstrip("/")


def read_app_public_key(value: object, _around: RuleContext) -> str:
    """Return an RSA public key as PEM, or "".

    Zendesk answers the key as PEM or as a JSON text in which `\\n` stands for a line end; both are taken.

    Source: fact sheet of Messaging accounts, section 11. Raises: BadValue.
    """
    if not isinstance(value, str):
        raise BadValue(_("Enter the public key as text."))
    if not value.strip():
        return ""
    if "PRIVATE KEY" in value:
        raise BadValue(_("This is a private key. Enter the public key of the app, and replace this one: it was shown."))
    try:
        key = load_pem_public_key(_read_pem(value))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadValue(
            _("This is no public key. Copy the whole text, from -----BEGIN PUBLIC KEY----- to the last line.")
        ) from error
    if not isinstance(key, RSAPublicKey):
        raise BadValue(_("This is not an RSA key. Zendesk signs the starts of an app with RSA."))
    if not APP_KEY_MIN_BITS <= key.key_size <= APP_KEY_MAX_BITS:
        raise BadValue(
            _("The key has {bits} bits. Use one with {least} to {most} bits."),
            bits=key.key_size, least=APP_KEY_MIN_BITS, most=APP_KEY_MAX_BITS,
        )  # fmt: skip
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def _read_pem(value: str) -> bytes:
    """Return the PEM in what Zendesk answered. Raises: ValueError."""
    text = value.strip()
    if len(text) > APP_KEY_MAX_CHARACTERS:
        raise ValueError("too long for a key")
    if text.startswith('"'):
        text = str(json.loads(text))
    return text.replace("\\r", "").replace("\\n", "\n").encode("ascii")


def read_app_audience(value: object, _around: RuleContext) -> str:
    """Return the address of an app's installation, or "". Raises: BadValue."""
    if value == "":
        return ""
    if not isinstance(value, str) or not _APP_AUDIENCE.match(value):
        raise BadValue(
            _(
                "Enter the address of the installation, such as "
                "https://acme.zendesk.com/api/v2/apps/installations/123456.json."
            )
        )
    return value


def read_time(value: object, _around: RuleContext) -> datetime | None:
    """Return a time with its zone, or None. Raises: BadValue."""
    if value is None or value == "":
        return None
    wanted = _("Enter a time with its zone, such as 2026-01-01T00:00:00Z.")
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
        raise BadValue(_("Enter a whole number from 1 to {maximum}."), maximum=REQUESTS_MAX)
    return value


def read_template(value: object, _around: RuleContext) -> str:
    """Return an address template or "". Raises: BadValue."""
    if value == "":
        return ""
    words = " ".join(f"{{{word}}}" for word in TEMPLATE_WORDS)
    text = value if isinstance(value, str) else ""
    if unknown := next((word for word in _PLACE.findall(text) if word not in TEMPLATE_WORDS), None):
        raise BadValue(
            _("{unknown} is not a known placeholder. Use only {words}."), unknown=f"{{{unknown}}}", words=words
        )
    plain = _PLACE.sub("x", text)
    host = re.split("[/?#]", text.removeprefix("https://"), maxsplit=1)[0]
    if not text or len(text) > 500 or not _TEMPLATE.match(plain) or "{" in host:
        raise BadValue(_("Enter an address that begins with https://. After the host it may use {words}."), words=words)
    return text


def read_claim(value: object, _around: RuleContext) -> str:
    """Return a claim's path. Raises: BadValue."""
    if not isinstance(value, str) or not _CLAIM.match(value):
        raise BadValue(_("Enter the name of a claim, such as email or partner_data.email: at most 100 characters."))
    return value


def read_claim_or_blank(value: object, around: RuleContext) -> str:
    """Return a claim's path or "". Raises: BadValue."""
    return "" if value == "" else read_claim(value, around)


def read_claim_map(value: object, around: RuleContext) -> dict[str, str]:
    """Return the claims by the name they get. Raises: BadValue."""
    if not isinstance(value, Mapping) or len(value) > CLAIM_MAP_MAX:
        raise BadValue(_('Enter at most {number} pairs, such as "locale": "locale".'), number=CLAIM_MAP_MAX)
    for name, path in value.items():
        if not isinstance(name, str) or not _ATTRIBUTE.match(name):
            raise BadValue(_("Begin each name with a letter, and use 1 to 50 letters, digits or underscores."))
        if name in OWN_CLAIMS:
            raise BadValue(_("Remove {name}: zdbridge sets this claim itself."), name=name)
        read_claim(path, around)
    return dict(value)


def read_digits(value: object, _around: RuleContext) -> str:
    """Return digits or "". Raises: BadValue."""
    if not isinstance(value, str) or not _DIGITS.match(value):
        raise BadValue(_("Enter digits only, as text."))
    return value


def read_flag(value: object, _around: RuleContext) -> bool:
    """Return true or false. Raises: BadValue."""
    if not isinstance(value, bool):
        raise BadValue(_("Enter true or false."))
    return value


def build_choice_rule(words: type[StrEnum]) -> Rule:
    """Return the rule of a setting that is one of `words`."""

    def check(value: object, _around: RuleContext) -> str:
        known = [str(word) for word in words]
        if not isinstance(value, str) or value not in known:
            raise BadValue(_("Choose one of: {words}."), words=", ".join(known))
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
