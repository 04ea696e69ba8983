"""How often a visitor is read again: after activity, after a failure, and when nothing happened."""

from datetime import datetime, timedelta

from linking.core.states import VisitorState
from linking.sync.plans.facts import LookupPriority, VisitorFacts

# How long an answer is trusted although the visitor did something since. A person's own pass asks at once.
ANONYMOUS_TTL = timedelta(seconds=60)
LINKED_TTL = timedelta(minutes=15)  # the vendor fixes a user ID once it is set, so a change is rare
GONE_TTL = timedelta(hours=1)
RETRY_FIRST, RETRY_LONGEST = timedelta(minutes=1), timedelta(days=1)
MAX_ATTEMPTS = 100
# Answers about visitors that do nothing: those older than a day are read again, a slice each day.
REVERIFY_AFTER = timedelta(days=1)
REVERIFY_EVERY = timedelta(days=1)
REVERIFY_DAYS, REVERIFY_SHARE = 30, 20


def plan_retry(*, facts: VisitorFacts, now: datetime) -> VisitorFacts:
    """Return `facts` of a visitor that could not be read: asked again after 1, 4, 16 … minutes, daily in the end."""
    attempts = min(facts.lookup_attempts + 1, MAX_ATTEMPTS)
    pause = min(RETRY_FIRST * 4 ** min(attempts - 1, 8), RETRY_LONGEST)
    return facts._replace(lookup_attempts=attempts, lookup_due_at=now + pause, lookup_rank=int(LookupPriority.AGAIN))


def keep_waiting(*, before: VisitorFacts, after: VisitorFacts, activity_at: datetime) -> VisitorFacts:
    """Return the facts `after` an answer, still waiting where the visitor did something since the question was put.

    Args:
        before: the facts as they are kept by now.
        activity_at: the last activity that was known when the question was put.
    """
    is_settled = after.lookup_due_at is not None or before.lookup_due_at is None
    if is_settled or before.last_seen_at <= activity_at:
        return after
    waiting = {"lookup_due_at": before.lookup_due_at, "lookup_rank": before.lookup_rank}
    return after._replace(checked_activity_at=activity_at, **waiting)  # type: ignore[arg-type]


def choose_ttl(state: VisitorState) -> timedelta:
    """Return how long an answer about a visitor in this state is trusted although the visitor did something since."""
    return {VisitorState.LINKED: LINKED_TTL, VisitorState.GONE: GONE_TTL}.get(state, ANONYMOUS_TTL)
