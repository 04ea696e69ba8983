"""What the chats of an export page say about visitors: when they were seen, and their contact."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from linking.clients.zendesk_records import ChatRecord
from linking.sync.plans.facts import ExportPlan, SeenVisitor, VisitorFacts
from linking.sync.plans.lookup_priority import plan_lookup


def merge_chats(*, chats: Iterable[ChatRecord], aliases: Mapping[str, str]) -> dict[str, SeenVisitor]:
    """Return one record a visitor, by id, whatever the order of `chats`; `aliases` lead from other ids to that id."""
    seen: dict[str, SeenVisitor] = {}
    for chat in chats:
        if chat.visitor is None:
            continue
        visitor_id = aliases.get(chat.visitor.visitor_id, chat.visitor.visitor_id)
        is_itself = visitor_id == chat.visitor.visitor_id
        visitor = SeenVisitor(
            contact=chat.visitor if is_itself else replace(chat.visitor, visitor_id=visitor_id),
            first_seen_at=chat.updated_at,
            last_seen_at=chat.updated_at,
            last_chat_id=chat.chat_id,
        )
        seen[visitor_id] = _merge_seen(seen[visitor_id], visitor) if visitor_id in seen else visitor
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
    for visitor in seen:
        before = known.get(visitor.visitor_id)
        after = plan_lookup(facts=_add_activity(facts=before, seen=visitor), seen=visitor, issued=issued, now=now)
        if before is None:
            added.append(after)
        elif after != before:
            changed.append(after)
    return ExportPlan(added=tuple(added), changed=tuple(changed))


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


def _merge_seen(visitor: SeenVisitor, other: SeenVisitor) -> SeenVisitor:
    newest = max(visitor, other, key=lambda seen: (seen.last_seen_at, seen.last_chat_id))
    return replace(newest, first_seen_at=min(visitor.first_seen_at, other.first_seen_at))


def _add_activity(*, facts: VisitorFacts | None, seen: SeenVisitor) -> VisitorFacts:
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
