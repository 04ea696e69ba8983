"""Seals secrets at rest with a key ring, bound to the place they belong to."""

import hmac
from collections.abc import Sequence
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

PREFIX = "v1:"
_SEPARATOR = "\n"


class SealBroken(Exception):
    """A sealed value cannot be opened: wrong or lost key, damaged text, or it belongs to another place."""


class KeyRing:
    """Fernet keys, newest first: the newest seals, all of them open. Nothing of them is in `repr`."""

    def __init__(self, *, keys: Sequence[str]) -> None:
        self._fernets = [Fernet(key.strip().encode()) for key in keys]
        self._box = MultiFernet(self._fernets)
        self._fingerprint_key = hmac.digest(keys[-1].strip().encode(), b"zdbridge fingerprint", sha256)

    def seal(self, plain: str, *, place: str) -> str:
        """Return `v1:` and the sealed `plain`, which opens only with the same `place` (`integration|7|secret`)."""
        return PREFIX + self._box.encrypt(f"{place}{_SEPARATOR}{plain}".encode()).decode()

    def unseal(self, sealed: str, *, place: str) -> str:
        """Return the plain text.

        Raises: SealBroken, never the sealed text itself.
        """
        try:
            opened = self._box.decrypt(sealed.removeprefix(PREFIX).encode("ascii")).decode()
        except (InvalidToken, UnicodeError) as error:
            raise SealBroken(f"The secret at {place} cannot be opened with the keys in ZDBRIDGE_SEAL_KEYS.") from error
        found, _, plain = opened.partition(_SEPARATOR)
        if not sealed.startswith(PREFIX) or found != place:
            raise SealBroken(f"The secret at {place} was sealed for another place.")
        return plain

    def is_current(self, sealed: str) -> bool:
        """Return whether `sealed` was sealed by the newest key."""
        try:
            self._fernets[0].decrypt(sealed.removeprefix(PREFIX).encode("ascii"))
        except (InvalidToken, UnicodeError):
            return False
        return True

    def fingerprint(self, plain: str) -> str:
        """Return 8 hexadecimal digits that tell one secret from another and give none away (HMAC, not a plain hash)."""
        return hmac.digest(self._fingerprint_key, plain.encode(), sha256).hex()[:8]
