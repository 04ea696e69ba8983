"""Remembers Login JWTs that were verified: a player's next page brings the same one, which need not be verified again.

Only a token that passed every check is kept, under a digest of it. It counts again under the very settings and keys it
passed under, and no longer than its own times and those of the secrets allow. Blocks, limits and origins are not part
of the verdict and are checked each time.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from linking.core.config import IntegrationConfig, Snapshot
from linking.core.key_sets import NO_KEYS, KeySet
from linking.tokens.login_jwt import VerifiedUser

# At most 30 MB in each process.
AT_MOST = 50_000
# 120 bits. A bytes object of 15 takes 48 bytes of memory, one of 16 takes 64.
_DIGEST_SIZE = 15


@dataclass(slots=True)
class Verified:
    """A verdict: the integration that accepted a token, whom it names to it, and what the verdict depends on.

    It depends on the path (`slug`), the settings and the project's public keys, and on the time (epoch seconds).
    `is_recent` says whether it was of use since the last time that room was sought.
    """

    config: IntegrationConfig
    user: VerifiedUser
    slug: str | None
    snapshot: Snapshot
    keys: KeySet
    begins_epoch_s: float
    ends_epoch_s: float
    is_recent: bool = False


class VerifiedTokens:
    """The verdicts about at most `at_most` tokens.

    Which one makes room for a new one is decided by the CLOCK algorithm: those that were of use lately get a second
    chance.
    """

    def __init__(self, *, at_most: int = AT_MOST) -> None:
        self._at_most = at_most
        self._verdicts: dict[bytes, Verified] = {}
        self._digests: list[bytes] = []  # those of `_verdicts`, looked through in a circle
        self._hand = 0
        self._lock = threading.Lock()

    def find(
        self, digest: bytes, slug: str | None, snapshot: Snapshot, keys: Mapping[str, KeySet], now: float
    ) -> Verified | None:
        """Return the verdict about the token of `digest`; None when it has to be verified.

        `keys` are those in force, by Login project ID; `now` is in epoch seconds.
        """
        verdict = self._verdicts.get(digest)
        if (
            verdict is None
            or verdict.snapshot is not snapshot
            or verdict.slug != slug
            or verdict.keys is not keys.get(verdict.config.login_project_id, NO_KEYS)
            or not verdict.begins_epoch_s <= now < verdict.ends_epoch_s
        ):
            return None
        verdict.is_recent = True
        return verdict

    def add(self, digest: bytes, verdict: Verified, now: float) -> None:
        """Remember the verdict about the token of `digest`; `now` is in epoch seconds."""
        with self._lock:
            if digest not in self._verdicts:
                self._place(digest, now)
            self._verdicts[digest] = verdict

    def _place(self, digest: bytes, now: float) -> None:
        """Give `digest` a place in the circle, that of another one where all are taken."""
        if len(self._digests) < self._at_most:
            self._digests.append(digest)
            return
        while self._has_second_chance(self._verdicts[self._digests[self._hand]], now):
            self._advance()
        del self._verdicts[self._digests[self._hand]]
        self._digests[self._hand] = digest
        self._advance()

    def _has_second_chance(self, verdict: Verified, now: float) -> bool:
        has_chance = verdict.is_recent and now < verdict.ends_epoch_s
        verdict.is_recent = False
        return has_chance

    def _advance(self) -> None:
        self._hand = (self._hand + 1) % self._at_most


def digest_token(token: str) -> bytes:
    """Return what a verdict about `token` is kept under."""
    return blake2b(token.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_SIZE).digest()
