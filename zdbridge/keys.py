"""Judges the two keys of an installation: Django's and those that seal secrets. The same judge for both.

A key that can be guessed is worse than none, because it looks like one: whoever has Django's signs in as anybody.
"""

import base64
import binascii
import re
from itertools import pairwise

# Of sixteen signs, as in hexadecimal, 32 random ones hold at least eight but for one time in many millions.
MIN_CHARACTERS, MIN_DISTINCT = 32, 8
# 48 random bytes for one, and exactly 32 for the other, as Fernet wants them.
HOW_TO_MAKE = {
    "ZDBRIDGE_SECRET_KEY": 'python3 -c "import secrets; print(secrets.token_urlsafe(64))"',
    "ZDBRIDGE_SEAL_KEYS": 'python3 -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"',
}
# Words of placeholders and samples. None is shorter than seven signs, so that no random key ever holds one.
_PLACEHOLDERS = (
    "django-insecure", "insecure", "changeme", "change-me", "change_me", "changethis", "change-this", "change_this",
    "replaceme", "replace-me", "replace_me", "placeholder", "example", "not-a-real", "not-real", "notreal", "password",
    "passw0rd", "secretkey", "secret-key", "secret_key", "your-secret", "your_secret", "yoursecret", "super-secret",
    "supersecret", "super_secret", "generated", "zdbridge", "letmein", "qwertyuiop", "deadbeef", "cafebabe",
)  # fmt: skip
# Keys that stand in somebody's manual. Source: https://github.com/fernet/spec/blob/master/generate.json (2026-11-30).
_PUBLISHED = ("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",)


def find_flaw(key: str) -> str:
    """Return what makes `key` easy to guess, as the end of a sentence that begins with its name; "" for a good one."""
    lowered = key.lower()
    if len(key) < MIN_CHARACTERS:
        return f"has fewer than {MIN_CHARACTERS} characters, so it can be guessed"
    if key in _PUBLISHED:
        return "is a sample out of a manual, which everybody knows"
    if any(word in lowered for word in _PLACEHOLDERS):
        return "is a placeholder or a sample, which everybody knows"
    if len(set(key)) < MIN_DISTINCT or _repeats(key) or _counts(key):
        return "repeats itself or counts up, so it can be guessed"
    if _is_text_in_base64(key):
        return "is text or a pattern in base64, so it can be guessed"
    return ""


def _repeats(key: str) -> bool:
    """Return whether a piece of at most half its length makes up the whole key."""
    # A word written twice is found in its own doubling before the second copy begins.
    period = (key + key).find(key, 1)
    return period <= len(key) // 2 or re.fullmatch(r"(.{1,16}?)\1{2,}.{0,16}", key, re.DOTALL) is not None


def _counts(key: str) -> bool:
    """Return whether half of its signs follow the one before by one step, as in `abcdef` and `987654`, or by none."""
    steps = [abs(ord(after) - ord(before)) <= 1 for before, after in pairwise(key)]
    return sum(steps) * 2 >= len(steps)


def _is_text_in_base64(key: str) -> bool:
    try:
        plain = base64.b64decode(key, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    # Thirty-two random bytes are all printable, or hold but a few values, about never.
    return len(plain) >= 16 and (len(set(plain)) < MIN_DISTINCT or _is_printable(plain))


def _is_printable(plain: bytes) -> bool:
    return plain.isascii() and plain.decode().isprintable()
