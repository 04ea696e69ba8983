"""Warnings about secrets that can be stored but are probably wrong; no sentence repeats the secret.

`rules.find_format_flaw` refuses what cannot be stored at all.
"""

import binascii
import re
from base64 import b64decode

from linking.core.config import SecretName
from linking.core.text_marks import Sentence
from linking.core.text_marks import gettext_noop as _
from linking.tokens import jws

GOOD_BYTES = 32
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
# Zendesk chooses these, and nothing is signed with them.
_MADE_BY_ZENDESK = (
    SecretName.ZENDESK_ACCESS_TOKEN,
    SecretName.ZENDESK_CLIENT_SECRET,
    SecretName.ZENDESK_WEBHOOK_SECRET,
)
# Source: fact sheet of Messaging accounts, section 7.
_API_TOKEN_LOOK = re.compile(r"[A-Za-z0-9]{40}\Z")
_ZENDESK_LOOK = re.compile(r"[0-9A-F]{64}\Z")


def lint_secret(plain: str, *, name: SecretName) -> tuple[Sentence, ...]:
    """Return a sentence for each thing that looks wrong with `plain` as the secret `name`."""
    flaws = _list_flaws(plain)
    if name not in _MADE_BY_ZENDESK:
        flaws = [*_list_strength_flaws(plain), *flaws]
    if name is SecretName.LOGIN_SECRET_KEY:
        swapped = _("This looks like a Zendesk shared secret. Are the two secrets swapped?")
        flaws.insert(0, (bool(_ZENDESK_LOOK.match(plain)), swapped))
    if name in (SecretName.ZENDESK_ACCESS_TOKEN, SecretName.ZENDESK_CLIENT_SECRET):
        ending = _(
            "This has the length of an API token of Zendesk Support. Those end on 2027-04-30 and cannot be used here. "
            "Make an OAuth client: Admin Center, Apps and integrations, APIs, OAuth clients."
        )
        flaws.append((bool(_API_TOKEN_LOOK.match(plain)), ending))
    return tuple(Sentence(template, {"number": GOOD_BYTES}) for is_so, template in flaws if is_so)


def _list_strength_flaws(plain: str) -> list[tuple[bool, str]]:
    is_short = len(plain.encode("utf-8", "surrogatepass")) < GOOD_BYTES
    is_lowered = bool(_ZENDESK_LOOK.match(plain.lower().upper())) and plain != plain.upper()
    return [
        (is_short, _("This is shorter than {number} bytes. A longer secret is safer.")),
        (
            _is_base64_of_something(plain),
            _("This looks like base64. It is used as text and never decoded: do the same on the other side."),
        ),
        (is_lowered, _("This is hexadecimal in lower case. Zendesk shows upper case, and case matters.")),
    ]


def _list_flaws(plain: str) -> list[tuple[bool, str]]:
    is_quoted = len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'`"
    return [
        (plain != plain.strip(), _("This begins or ends with a space or a line end.")),
        (bool(re.search(r"[\r\n]", plain.strip())), _("This contains a line end.")),
        (is_quoted, _("This is in quotes, which would be part of the secret.")),
        ("-----BEGIN" in plain, _("This is a PEM key or certificate, not a shared secret.")),
        (_is_token(plain), _("This is a JWT, not a secret.")),
        (bool(_UUID.match(plain.strip())), _("This is an ID, such as a project's, not a secret.")),
        (plain.strip().startswith(("http://", "https://")), _("This is an address, not a secret.")),
        (0 < len(set(plain)) < 6, _("This repeats a few characters, like a placeholder.")),
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
