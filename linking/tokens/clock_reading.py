"""How far this server's clock lags behind Login's, read from well-signed tokens that came from the future."""

from collections.abc import Mapping
from dataclasses import dataclass

from linking.tokens.login_jwt import LEEWAY_S, Claims

# One such token may be somebody's experiment; so many in an hour are a clock.
TELLING_TOKENS = 3
LARGEST_S = 99_000  # more than a day: whatever that is, a longer one is the same mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """What the tokens of a while tell: how many were from the future, and by how many seconds.

    Seconds have two digits that count, so 1234 s are 1200 s. A token that is older than the moment it was signed in
    looks less far ahead than the clocks are apart, so `largest_s` is nearer to the truth unless a token is odd.
    """

    tokens: int
    median_s: int
    largest_s: int

    @property
    def is_telling(self) -> bool:
        """Whether there are enough to blame a clock rather than a token."""
        return self.tokens >= TELLING_TOKENS


def seconds_ahead(claims: Claims, *, now: float) -> int:
    """Return by how much `iat`, or else `nbf`, is beyond the leeway ahead of `now` (epoch seconds); 0 for neither.

    The result is rounded as ClockReading says, so that a table of them stays small whatever tokens say.
    """
    for name in ("iat", "nbf"):
        value = claims.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value - now > LEEWAY_S:
            return _two_digits(min(value - now, LARGEST_S))
    return 0


def reading_of(counts: Mapping[int, int]) -> ClockReading | None:
    """Return what `counts` (tokens by seconds ahead) tell, None when there are none."""
    tokens = sum(counts.values())
    if tokens <= 0:
        return None
    return ClockReading(tokens=tokens, median_s=_median(counts, tokens=tokens), largest_s=max(counts))


def _median(counts: Mapping[int, int], *, tokens: int) -> int:
    left = (tokens + 1) // 2
    for seconds in sorted(counts):
        left -= counts[seconds]
        if left <= 0:
            return seconds
    raise AssertionError("The counts add up to more tokens than there are.")  # pragma: no cover


def _two_digits(seconds: float) -> int:
    whole = round(seconds)
    step = 10 ** max(0, len(str(whole)) - 2)
    return round(whole / step) * step
