"""What the sync decides, as plans: records in, changes out. No clock, no database, no HTTP.

Two plans follow two fetches. The export names visitors without saying who they are, so `plan_export` decides what of
it is new and whom to ask about, in which order. One `GET visitors/{id}` then says who a visitor is, and `plan_link`
decides what that means for the link kept so far. A link rests on the carried user ID alone; an e-mail address only
ranks a question or raises one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from linking.clients.zendesk_records import ChatRecord, VisitorRecord
from linking.core.states import ConflictKind, VisitorState
from linking.core.text import email_key
from linking.sync.facts import (
    Disagreement,
    ExportPlan,
    LinkBefore,
    LinkPlan,
    LookupPriority,
    SeenVisitor,
    Verb,
    VisitorFacts,
)

# How long an answer is trusted although the visitor did something since; a person's own pass asks at once.
ANONYMOUS_TTL = timedelta(seconds=60)
LINKED_TTL = timedelta(minutes=15)  # the vendor fixes a user ID once it is set, so a change is rare
GONE_TTL = timedelta(hours=1)
RETRY_FIRST, RETRY_LONGEST = timedelta(minutes=1), timedelta(days=1)
MAX_ATTEMPTS = 100
SUBJECT_MAX_CHARACTERS = 400
NOT_TEXT = "not_text"
OWNERS_MAX = 5  # users named as owners of one e-mail address
USERS_OF_ONE_CHANGE = 2
SHARED_DEVICE_SUBJECT = "device"  # the same for every pair of users, so that a visitor has one such question


def merge_chats(*, chats: Iterable[ChatRecord], aliases: Mapping[str, str]) -> dict[str, SeenVisitor]:
    """Return one record a visitor, by id, whatever the order of `chats`; `aliases` lead from other ids to that id."""
    seen: dict[str, SeenVisitor] = {}
    for chat in chats:
        if chat.visitor is None:
            continue
        visitor_id = aliases.get(chat.visitor.visitor_id, chat.visitor.visitor_id)
        is_itself = visitor_id == chat.visitor.visitor_id
        one = SeenVisitor(
            contact=chat.visitor if is_itself else replace(chat.visitor, visitor_id=visitor_id),
            first_seen_at=chat.updated_at,
            last_seen_at=chat.updated_at,
            last_chat_id=chat.chat_id,
        )
        seen[visitor_id] = _newest(seen[visitor_id], one) if visitor_id in seen else one
    return seen


def plan_export(
    *, seen: Iterable[SeenVisitor], known: Mapping[str, VisitorFacts], issued: frozenset[str], now: datetime
) -> ExportPlan:
    """Return what a page of the export adds to what is known.

    Args:
        seen: the page's visitors, ids already resolved through aliases.
        known: what is kept, by visitor ID.
        issued: e-mail addresses and names, as `email_key` makes them, of users we signed a token for.

    What is older than the facts kept changes none of them but `first_seen_at`.
    """
    added, changed = [], []
    for one in seen:
        before = known.get(one.visitor_id)
        after = plan_lookup(facts=_with_activity(facts=before, seen=one), seen=one, issued=issued, now=now)
        if before is None:
            added.append(after)
        elif after != before:
            changed.append(after)
    return ExportPlan(added=tuple(added), changed=tuple(changed))


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
    due_at = now if is_urgent else max(now, min(facts.checked_at, now) + _ttl(facts.state))
    rank = LookupPriority.IDENTIFIED if is_urgent else LookupPriority.AGAIN
    if facts.lookup_due_at is not None:
        due_at, rank = min(due_at, facts.lookup_due_at), min(rank, LookupPriority(facts.lookup_rank))
    return facts._replace(lookup_due_at=due_at, lookup_rank=int(rank), lookup_attempts=0)


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
    if record.user_id and record.user_id not in before.blocked_user_ids:
        verb = Verb.OPEN if not before.open_user_id else Verb.RELINK
        return LinkPlan(
            facts=after._replace(state=VisitorState.LINKED),
            verb=Verb.CONFIRM if before.open_user_id == record.user_id else verb,
            user_id=record.user_id,
            disagreements=_disagreements(record=record, before=before, email_owners=email_owners)
            + _variants(user_id=record.user_id, others=id_variants),
        )
    if record.junk_reason == NOT_TEXT:
        return _wrong_type(record=record, facts=facts, after=after, before=before, now=now)
    if before.open_user_id and not record.has_external_id and not facts.lookup_attempts:
        # The field itself is missing. Once may be an odd answer; only a second one ends the link.
        return LinkPlan(
            facts=facts._replace(
                lookup_due_at=now, lookup_rank=int(LookupPriority.AGAIN), lookup_attempts=1, checked_at=now
            ),
            verb=Verb.KEEP,
        )
    junk = (_junk(record),) if record.junk_reason else ()
    verb = Verb.END if before.open_user_id else Verb.NONE
    return LinkPlan(facts=after._replace(state=VisitorState.ANONYMOUS), verb=verb, disagreements=junk)


def _wrong_type(
    *, record: VisitorRecord, facts: VisitorFacts, after: VisitorFacts, before: LinkBefore, now: datetime
) -> LinkPlan:
    """Plan for a user ID that is neither text nor number: the vendor's slip rather than the visitor's word."""
    again = plan_retry(facts=facts, now=now)
    waiting = {"lookup_due_at": again.lookup_due_at, "lookup_attempts": again.lookup_attempts}
    if before.open_user_id:
        return LinkPlan(facts=again, verb=Verb.KEEP, disagreements=(_junk(record),))
    facts = after._replace(state=VisitorState.ANONYMOUS, **waiting)  # type: ignore[arg-type]
    return LinkPlan(facts=facts, verb=Verb.NONE, disagreements=(_junk(record),))


def plan_gone(*, facts: VisitorFacts, before: LinkBefore, now: datetime) -> LinkPlan:
    """Return what it means that Zendesk does not know the visitor (any more)."""
    after = facts._replace(state=VisitorState.GONE, **_just_asked(facts=facts, now=now))  # type: ignore[arg-type]
    return LinkPlan(facts=after, verb=Verb.END if before.open_user_id else Verb.NONE)


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


def join_facts(*, asked: VisitorFacts, canonical: VisitorFacts) -> VisitorFacts:
    """Return the facts of one visitor that was kept under two ids; `canonical` gives the id and what was answered."""
    # The times of one that no chat has named yet say only when it was asked about.
    named = [facts for facts in (canonical, asked) if facts.last_chat_id] or [canonical, asked]
    newest = max(named, key=lambda facts: (facts.last_seen_at, facts.last_chat_id))
    return canonical._replace(
        first_seen_at=min(facts.first_seen_at for facts in named),
        last_seen_at=newest.last_seen_at,
        last_chat_id=newest.last_chat_id,
    )


def subject_of(*parts: str) -> str:
    """Return a text that is the same for the same disagreement and fits its column."""
    text = "|".join(parts)
    if len(text) <= SUBJECT_MAX_CHARACTERS:
        return text
    return text[: SUBJECT_MAX_CHARACTERS - 33] + "|" + sha256(text.encode()).hexdigest()[:32]


def _newest(one: SeenVisitor, other: SeenVisitor) -> SeenVisitor:
    newest = max(one, other, key=lambda seen: (seen.last_seen_at, seen.last_chat_id))
    return replace(newest, first_seen_at=min(one.first_seen_at, other.first_seen_at))


def _with_activity(*, facts: VisitorFacts | None, seen: SeenVisitor) -> VisitorFacts:
    contact = {"name": seen.contact.name, "email": seen.contact.email} | {
        "phone": seen.contact.phone,
        "notes": seen.contact.notes,
    }
    activity = {"last_seen_at": seen.last_seen_at, "last_chat_id": seen.last_chat_id}
    if facts is None:
        return VisitorFacts(visitor_id=seen.visitor_id, first_seen_at=seen.first_seen_at, **activity, **contact)  # type: ignore[arg-type]
    if not facts.last_chat_id:
        # Known from a question or a webhook: when it really was there, the first chat says.
        facts = facts._replace(first_seen_at=seen.first_seen_at, last_seen_at=seen.first_seen_at)
    first_seen_at = min(facts.first_seen_at, seen.first_seen_at)
    if (seen.last_seen_at, seen.last_chat_id) <= (facts.last_seen_at, facts.last_chat_id):
        return facts if first_seen_at == facts.first_seen_at else facts._replace(first_seen_at=first_seen_at)
    # Once asked, the answer's own contact stands until the next answer: a chat's copy can be of any age.
    newer = activity | ({} if facts.checked_at else contact)
    return facts._replace(first_seen_at=first_seen_at, **newer)  # type: ignore[arg-type]


def _contact_differs(*, facts: VisitorFacts, seen: SeenVisitor) -> bool:
    pairs = ((seen.contact.email, facts.email), (seen.contact.name, facts.name))
    return any(new and new != old for new, old in pairs)


def _ttl(state: VisitorState) -> timedelta:
    return {VisitorState.LINKED: LINKED_TTL, VisitorState.GONE: GONE_TTL}.get(state, ANONYMOUS_TTL)


def _just_asked(*, facts: VisitorFacts, now: datetime) -> dict[str, datetime | int | None]:
    return {
        "checked_at": now,
        "checked_activity_at": facts.last_seen_at,
        "lookup_due_at": None,
        "lookup_rank": int(LookupPriority.AGAIN),
        "lookup_attempts": 0,
    }


def _apply_answer(*, facts: VisitorFacts, record: VisitorRecord, now: datetime) -> VisitorFacts:
    contact = {"name": record.name, "email": record.email, "phone": record.phone, "notes": record.notes}
    return facts._replace(**_just_asked(facts=facts, now=now), **contact)  # type: ignore[arg-type]


def _disagreements(
    *, record: VisitorRecord, before: LinkBefore, email_owners: Iterable[str]
) -> tuple[Disagreement, ...]:
    owners = sorted(set(email_owners))
    if not record.email or record.user_id in owners:
        return _user_changes(user_id=record.user_id, before=before)
    return _user_changes(user_id=record.user_id, before=before) + tuple(
        Disagreement(
            kind=ConflictKind.EMAIL_OF_ANOTHER_USER,
            subject=subject_of(record.user_id, owner),
            user_id=record.user_id,
            other_user_id=owner,
        )
        for owner in owners[:OWNERS_MAX]
    )


def _user_changes(*, user_id: str, before: LinkBefore) -> tuple[Disagreement, ...]:
    """Return the one question that a change of user raises; none where a person called the device shared.

    A second user may be the first one's new account. A third one, or a former one who is back, means one device and
    several people; that is one question a visitor, however often they take turns.
    """
    others = sorted(({before.open_user_id} | before.joined_user_ids) - {"", user_id})
    if not others or before.is_shared_device:
        return ()
    users = (before.former_user_ids | set(others) | {user_id}) - before.blocked_user_ids
    if user_id in before.former_user_ids or len(users) > USERS_OF_ONE_CHANGE:
        shared = Disagreement(
            kind=ConflictKind.SHARED_DEVICE, subject=SHARED_DEVICE_SUBJECT, user_id=user_id, other_user_id=others[0]
        )
        return (shared,)
    return tuple(
        Disagreement(
            kind=ConflictKind.RELINKED, subject=subject_of(former, user_id), user_id=user_id, other_user_id=former
        )
        for former in others
    )


def _variants(*, user_id: str, others: Iterable[str]) -> tuple[Disagreement, ...]:
    return tuple(
        Disagreement(
            kind=ConflictKind.ID_VARIANT,
            subject=subject_of(*sorted((user_id, other))),
            user_id=user_id,
            other_user_id=other,
        )
        for other in sorted(set(others) - {user_id})[:OWNERS_MAX]
    )


def _junk(record: VisitorRecord) -> Disagreement:
    return Disagreement(kind=ConflictKind.JUNK_EXTERNAL_ID, subject=subject_of(record.junk_reason, record.junk))
