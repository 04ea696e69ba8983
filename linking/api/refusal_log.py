"""Log lines about refused tokens: some a minute, without token and user."""

import logging

from linking.core.sampling import Sampler
from linking.tokens.endpoint import TokenAnswer
from linking.tokens.refusals import REFUSALS

PER_MINUTE = 20

logger = logging.getLogger(__name__)
_sampler = Sampler(per_minute=PER_MINUTE)


def note(given: TokenAnswer, *, now_s: float) -> None:
    """Write a line about a refusal at `now_s` (epoch seconds), unless there were enough in this minute."""
    if given.reason is None:
        return
    left_out = _sampler.take(now_s)
    if left_out is None:
        return
    logger.info(
        "A token was refused: code %s, reason %s, integration %s, status %s (%s more since the last line).",
        REFUSALS[given.reason].code.value,
        given.reason.value,
        given.config.slug if given.config is not None else "none",
        given.status,
        left_out,
    )
