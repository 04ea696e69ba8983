"""What is probably wrong with a secret, told when it is saved: pure, and no sentence repeats the secret.

These are warnings about what can be stored; what cannot be stored at all, `rules.find_format_flaw` says.
"""

import binascii
import re
from base64 import b64decode

from linking.core.config import SecretName
from linking.tokens import jws

GOOD_BYTES = 32
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
# Not ours to choose, and nothing is signed with them.
_MADE_BY_ZENDESK = (
    SecretName.ZENDESK_ACCESS_TOKEN,
    SecretName.ZENDESK_CLIENT_SECRET,
    SecretName.ZENDESK_WEBHOOK_SECRET,
)
_ZENDESK_LOOK = re.compile(r"[0-9A-F]{64}\Z")


def lint_secret(plain: str, *, name: SecretName) -> tuple[str, ...]:
    """Return a sentence for each thing that looks wrong with `plain` as the secret `name`."""
    told: list[str] = []
    if name not in _MADE_BY_ZENDESK:
        if len(plain.encode("utf-8", "surrogatepass")) < GOOD_BYTES:
            told.append(f"It is shorter than {GOOD_BYTES} bytes: a longer one is safer.")
        if _is_base64_of_something(plain):
            told.append("It looks like base64. It is used as the text it is and never decoded: do the same elsewhere.")
        if _ZENDESK_LOOK.match(plain.lower().upper()) and plain != plain.upper():
            told.append("It is hexadecimal in small letters; Zendesk shows capitals, and they matter.")
    if name is SecretName.LOGIN_SECRET_KEY and _ZENDESK_LOOK.match(plain):
        told.append("It looks like a Zendesk shared secret: are the two secrets in each other's box?")
    return (*told, *(sentence for is_so, sentence in _looks(plain) if is_so))


def _looks(plain: str) -> list[tuple[bool, str]]:
    is_quoted = len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'`"
    return [
        (plain != plain.strip(), "It begins or ends with a blank or a line end."),
        (bool(re.search(r"[\r\n]", plain.strip())), "It holds a line end."),
        (is_quoted, "It stands in quotes: they would be part of it."),
        ("-----BEGIN" in plain, "It is a PEM key or certificate, and a shared secret is wanted."),
        (_is_token(plain), "It is a JWT, and a secret is wanted."),
        (bool(_UUID.match(plain.strip())), "It is an ID, such as a project's, and a secret is wanted."),
        (plain.strip().startswith(("http://", "https://")), "It is an address, and a secret is wanted."),
        (0 < len(set(plain)) < 6, "It repeats a few characters: it looks like a placeholder."),
    ]


def _is_token(plain: str) -> bool:
    try:
        jws.read(plain.strip())
    except jws.JWSError:
        return False
    return True


def _is_base64_of_something(plain: str) -> bool:
    """Return whether it is padded or punctuated base64: plain letters and digits are too common to suspect."""
    if not re.search(r"[+/]|=\Z", plain) or len(plain) % 4:
        return False
    try:
        return len(b64decode(plain, validate=True)) >= 16
    except (binascii.Error, ValueError):
        return False
