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
        stripped = [key.strip().encode() for key in keys]
        self._fernets = [Fernet(key) for key in stripped]
        self._box = MultiFernet(self._fernets)
        self._first_fingerprint_key = hmac.digest(stripped[-1], b"zdbridge fingerprint", sha256)
        self.marks = tuple(hmac.digest(key, b"zdbridge seal key", sha256).hex()[:8] for key in stripped)
        """8 hexadecimal digits for each key, newest first, by which people tell keys apart."""

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

    def find_key(self, sealed: str) -> int | None:
        """Return the place in the ring of the key that sealed `sealed`, 0 for the newest; None if none of them did."""
        for number, fernet in enumerate(self._fernets):
            try:
                fernet.decrypt(sealed.removeprefix(PREFIX).encode("ascii"))
            except (InvalidToken, UnicodeError):
                continue
            return number
        return None

    def derive_fingerprint_key(self) -> str:
        """Return the key that an installation's fingerprints begin with, as hexadecimal digits.

        It follows from the oldest key. The installation stores it, so that fingerprints outlive that key.
        """
        return self._first_fingerprint_key.hex()


def build_fingerprint(plain: str, *, key: str) -> str:
    """Return 8 hexadecimal digits that tell one secret from another and give none away (HMAC, not a plain hash)."""
    return hmac.digest(bytes.fromhex(key), plain.encode(), sha256).hex()[:8]
