"""Judges the keys of an installation by one rule: Django's, and those that seal secrets.

A key that can be guessed is worse than none, because it looks safe: with Django's key anyone can sign in as anyone.
"""

import base64
import binascii
import re
from itertools import pairwise

from django.utils.translation import gettext as _

# Among 32 random hexadecimal digits at least eight differ, except once in many millions.
MIN_CHARACTERS, MIN_DISTINCT = 32, 8
# 64 random bytes for Django, and exactly 32 for Fernet.
HOW_TO_MAKE = {
    "ZDBRIDGE_SECRET_KEY": 'python3 -c "import secrets; print(secrets.token_urlsafe(64))"',
    "ZDBRIDGE_SEAL_KEYS": 'python3 -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"',
}
# Words of placeholders and samples, each of seven characters or more, so that no random key contains one.
_PLACEHOLDERS = (
    "django-insecure", "insecure", "changeme", "change-me", "change_me", "changethis", "change-this", "change_this",
    "replaceme", "replace-me", "replace_me", "placeholder", "example", "not-a-real", "not-real", "notreal", "password",
    "passw0rd", "secretkey", "secret-key", "secret_key", "your-secret", "your_secret", "yoursecret", "super-secret",
    "supersecret", "super_secret", "generated", "zdbridge", "letmein", "qwertyuiop", "deadbeef", "cafebabe",
)  # fmt: skip
# Keys printed in a manual. Source: https://github.com/fernet/spec/blob/master/generate.json (2026-11-30).
_PUBLISHED = ("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",)


def find_flaw(key: str, *, name: str) -> str:
    """Return a sentence about why `key` is easy to guess; "" for a good key. `name` is the variable that holds it."""
    lowered = key.lower()
    if len(key) < MIN_CHARACTERS:
        sentence = _("%(name)s has fewer than %(count)d characters, so it can be guessed.")
    elif key in _PUBLISHED:
        sentence = _("%(name)s is a sample from a manual, which everyone can read.")
    elif any(word in lowered for word in _PLACEHOLDERS):
        sentence = _("%(name)s is a placeholder or a sample, which everyone can read.")
    elif len(set(key)) < MIN_DISTINCT or _is_repetition(key) or _is_sequence(key):
        sentence = _("%(name)s repeats itself or counts up, so it can be guessed.")
    elif _is_text_in_base64(key):
        sentence = _("%(name)s is text or a pattern in base64, so it can be guessed.")
    else:
        return ""
    return sentence % {"name": name, "count": MIN_CHARACTERS}


def _is_repetition(key: str) -> bool:
    """Return whether the key is one piece repeated, of at most half its length."""
    # A key that repeats a piece is found in its own doubling before the second copy begins.
    period = (key + key).find(key, 1)
    return period <= len(key) // 2 or re.fullmatch(r"(.{1,16}?)\1{2,}.{0,16}", key, re.DOTALL) is not None


def _is_sequence(key: str) -> bool:
    """Return whether half of the characters differ from the one before by at most one, as in `abcdef` and `9876`."""
    steps = [abs(ord(after) - ord(before)) <= 1 for before, after in pairwise(key)]
    return sum(steps) * 2 >= len(steps)


def _is_text_in_base64(key: str) -> bool:
    try:
        plain = base64.b64decode(key, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    # 32 random bytes are practically never all printable, and never of only a few values.
    return len(plain) >= 16 and (len(set(plain)) < MIN_DISTINCT or _is_printable(plain))


def _is_printable(plain: bytes) -> bool:
    return plain.isascii() and plain.decode().isprintable()
