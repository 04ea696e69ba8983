"""Whom to ask Zendesk about, and what makes a visitor urgent: a known user's e-mail address or name, or a new one."""

from datetime import datetime

from linking.core.states import VisitorState
from linking.core.text import email_key
from linking.sync.plans.facts import LookupPriority, SeenVisitor, VisitorFacts
from linking.sync.plans.reread_times import choose_ttl


def plan_lookup(*, facts: VisitorFacts, seen: SeenVisitor, issued: frozenset[str], now: datetime) -> VisitorFacts:
    """Return `facts` with when to ask about the visitor and how urgently.

    A visitor is asked about once, and again only when it did something since, after the answer's time to live. Where
    the chat shows another e-mail address or name than the answer did, or one of a user we know, it is asked at once.
    """
    is_identified = bool(issued) and not issued.isdisjoint(
        {email_key(seen.contact.email), email_key(seen.contact.name)} - {""}
    )
    if facts.checked_at is None:
        rank = int(LookupPriority.IDENTIFIED if is_identified else min(LookupPriority.NEW, facts.lookup_rank))
        if facts.lookup_due_at is not None and facts.lookup_rank == rank:
            return facts
        return facts._replace(lookup_due_at=facts.lookup_due_at or now, lookup_rank=rank)
    is_waiting_after_failure = facts.lookup_due_at is not None and facts.lookup_attempts > 0
    if is_waiting_after_failure or facts.last_seen_at <= (facts.checked_activity_at or facts.checked_at):
        return facts
    is_urgent = facts.state != VisitorState.GONE and _contact_differs(facts=facts, seen=seen)
    is_urgent |= is_identified and facts.state == VisitorState.ANONYMOUS
    # An answer is never newer than now: a later time was written before the clock was set back.
    due_at = now if is_urgent else max(now, min(facts.checked_at, now) + choose_ttl(facts.state))
    rank = LookupPriority.IDENTIFIED if is_urgent else LookupPriority.AGAIN
    if facts.lookup_due_at is not None:
        due_at, rank = min(due_at, facts.lookup_due_at), min(rank, LookupPriority(facts.lookup_rank))
    return facts._replace(lookup_due_at=due_at, lookup_rank=int(rank), lookup_attempts=0)


def _contact_differs(*, facts: VisitorFacts, seen: SeenVisitor) -> bool:
    pairs = ((seen.contact.email, facts.email), (seen.contact.name, facts.name))
    return any(new and new != old for new, old in pairs)
