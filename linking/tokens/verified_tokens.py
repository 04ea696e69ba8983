"""Login JWTs verified a moment ago: a player's next page brings the same one, and it need not be verified again.

Only a token that passed every check is kept. It counts again under the very settings and keys it passed under, and no
longer than its own times and those of the secrets allow; whatever changes, it is verified anew. Blocks, limits and
origins are not part of the verdict and are looked at each time.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from linking.core.config import IntegrationConfig, Snapshot
from linking.core.key_sets import NO_KEYS, KeySet
from linking.tokens.login_jwt import VerifiedUser, good_between

AT_MOST = 2_000


@dataclass(slots=True)
class Verified:
    """A verdict: the integration that believed a token, whom it names to it, and on what all that rests.

    `draft` is what the user's next tokens have in common (`zendesk_jwt.draft`), once somebody has made one.
    """

    snapshot: Snapshot
    keys: KeySet
    slug: str | None
    begins_epoch_s: float
    ends_epoch_s: float
    config: IntegrationConfig
    user: VerifiedUser
    draft: bytes | None = None


class VerifiedTokens:
    """Who was named by the tokens verified last, at most `at_most` of them; the oldest goes first."""

    def __init__(self, *, at_most: int = AT_MOST) -> None:
        self._at_most = at_most
        self._kept: dict[str, Verified] = {}
        self._lock = threading.Lock()

    def find(
        self, token: str, slug: str | None, snapshot: Snapshot, keys: Mapping[str, KeySet], now: float
    ) -> Verified | None:
        """Return the verdict about `token`; None when it has to be verified.

        `keys` are those in force, by Login project ID; `now` is in epoch seconds.
        """
        kept = self._kept.get(token)
        if (
            kept is None
            or kept.snapshot is not snapshot
            or kept.slug != slug
            or kept.keys is not keys.get(kept.config.login_project_id, NO_KEYS)
            or not kept.begins_epoch_s <= now < kept.ends_epoch_s
        ):
            return None
        return kept

    def keep(
        self,
        token: str,
        slug: str | None,
        snapshot: Snapshot,
        config: IntegrationConfig,
        keys: KeySet,
        user: VerifiedUser,
        now: float,
    ) -> Verified:
        """Remember that `config` of `snapshot`, by its project's `keys`, believed `token` at `now` (epoch seconds), and
        return that verdict.
        """
        begins, ends = good_between(user=user, config=config, now=now)
        kept = Verified(snapshot, keys, slug, begins, ends, config, user)
        with self._lock:
            if token not in self._kept and len(self._kept) >= self._at_most:
                del self._kept[next(iter(self._kept))]
            self._kept[token] = kept
        return kept
