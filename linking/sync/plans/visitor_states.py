"""What Zendesk's answer makes of a visitor: linked, anonymous or gone, and what becomes of its link."""

from collections.abc import Iterable
from datetime import datetime

from linking.clients.zendesk_records import VisitorRecord
from linking.core.states import VisitorState
from linking.sync.plans.conflict_rules import find_disagreements, find_variants, report_junk
from linking.sync.plans.facts import LinkBefore, LinkPlan, LookupPriority, Verb, VisitorFacts
from linking.sync.plans.reread_times import plan_retry

NOT_TEXT = "not_text"


def plan_link(
    *,
    record: VisitorRecord,
    facts: VisitorFacts,
    before: LinkBefore,
    email_owners: Iterable[str],
    now: datetime,
    id_variants: Iterable[str] = (),
) -> LinkPlan:
    """Return what the answer `record` means for a visitor.

    Args:
        facts: what is kept of it; its `visitor_id` is already canonical.
        email_owners: users we signed a token for with the record's e-mail address.
        now: when the question left; what the answer says held then.
        id_variants: other users whose IDs differ from the record's by upper and lower case only.
    """
    after = _apply_answer(facts=facts, record=record, now=now)
    if record.user_id and record.user_id not in before.parted_user_ids:
        verb = Verb.OPEN if not before.open_user_id else Verb.RELINK
        return LinkPlan(
            facts=after._replace(state=VisitorState.LINKED),
            verb=Verb.CONFIRM if before.open_user_id == record.user_id else verb,
            user_id=record.user_id,
            disagreements=find_disagreements(record=record, before=before, email_owners=email_owners)
            + find_variants(user_id=record.user_id, others=id_variants),
        )
    if record.junk_reason == NOT_TEXT:
        return _plan_wrong_type(record=record, facts=facts, after=after, before=before, now=now)
    if before.open_user_id and not record.has_external_id and not facts.lookup_attempts:
        # The field itself is missing. Once may be an odd answer; only a second one ends the link.
        return LinkPlan(
            facts=facts._replace(
                lookup_due_at=now, lookup_rank=int(LookupPriority.AGAIN), lookup_attempts=1, checked_at=now
            ),
            verb=Verb.KEEP,
        )
    junk = (report_junk(record),) if record.junk_reason else ()
    verb = Verb.END if before.open_user_id else Verb.NONE
    return LinkPlan(facts=after._replace(state=VisitorState.ANONYMOUS), verb=verb, disagreements=junk)


def plan_gone(*, facts: VisitorFacts, before: LinkBefore, now: datetime) -> LinkPlan:
    """Return what it means that Zendesk does not know the visitor (any more)."""
    after = facts._replace(state=VisitorState.GONE, **_end_lookup(facts=facts, now=now))  # type: ignore[arg-type]
    return LinkPlan(facts=after, verb=Verb.END if before.open_user_id else Verb.NONE)


def _plan_wrong_type(
    *, record: VisitorRecord, facts: VisitorFacts, after: VisitorFacts, before: LinkBefore, now: datetime
) -> LinkPlan:
    """Plan for a user ID that is neither text nor number: the vendor's slip rather than the visitor's word."""
    again = plan_retry(facts=facts, now=now)
    waiting = {"lookup_due_at": again.lookup_due_at, "lookup_attempts": again.lookup_attempts}
    if before.open_user_id:
        return LinkPlan(facts=again, verb=Verb.KEEP, disagreements=(report_junk(record),))
    facts = after._replace(state=VisitorState.ANONYMOUS, **waiting)  # type: ignore[arg-type]
    return LinkPlan(facts=facts, verb=Verb.NONE, disagreements=(report_junk(record),))


def _end_lookup(*, facts: VisitorFacts, now: datetime) -> dict[str, datetime | int | None]:
    return {
        "checked_at": now,
        "checked_activity_at": facts.last_seen_at,
        "lookup_due_at": None,
        "lookup_rank": int(LookupPriority.AGAIN),
        "lookup_attempts": 0,
    }


def _apply_answer(*, facts: VisitorFacts, record: VisitorRecord, now: datetime) -> VisitorFacts:
    contact = {"name": record.name, "email": record.email, "phone": record.phone, "notes": record.notes}
    last_seen_at = max(facts.last_seen_at, record.changed_at or facts.last_seen_at)
    return facts._replace(**_end_lookup(facts=facts, now=now), **contact, last_seen_at=last_seen_at)  # type: ignore[arg-type]
