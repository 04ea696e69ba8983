"""A visitor's row, and the facts of it that the plans read and change."""

from collections.abc import Collection
from datetime import datetime
from operator import attrgetter

from django.db.models import QuerySet

from linking.core.facts import State, VisitorFacts
from linking.models import Visitor, VisitorAlias

_FACTS = (
    "first_seen_at", "last_seen_at", "last_chat_id", "name", "email", "phone", "notes", "checked_at",
    "checked_activity_at", "lookup_due_at", "lookup_rank", "lookup_attempts",
)  # fmt: skip
_facts_in = attrgetter(*_FACTS)


def facts_of(row: Visitor) -> VisitorFacts:
    """Return a row as the plans read it."""
    facts = dict(zip(_FACTS, _facts_in(row), strict=True))
    return VisitorFacts(visitor_id=row.visitor_id, state=State(row.state), **facts)


def apply_facts(*, row: Visitor, facts: VisitorFacts, now: datetime) -> None:
    """Put a plan's facts into a row, unsaved."""
    for name in _FACTS:
        setattr(row, name, getattr(facts, name))
    row.visitor_id = facts.visitor_id
    row.state = facts.state.value
    row.stored_at = now
    if facts.state == State.GONE:
        row.gone_at = row.gone_at or now
    else:
        row.gone_at = None


def locked_facts(*, integration_id: int, visitor_ids: Collection[str]) -> dict[str, tuple[int, VisitorFacts]]:
    """Return key and facts of `visitor_ids`, by id, without making models of them; locked like `locked_visitors`."""
    rows = _locked(integration_id=integration_id, visitor_ids=visitor_ids)
    found = {}
    for key, visitor_id, state, *rest in rows.values_list("pk", "visitor_id", "state", *_FACTS):
        facts = dict(zip(_FACTS, rest, strict=True))
        found[visitor_id] = key, VisitorFacts(visitor_id=visitor_id, state=State(state), **facts)
    return found


def locked_visitors(*, integration_id: int, visitor_ids: Collection[str]) -> dict[str, Visitor]:
    """Return the rows of `visitor_ids`, by id, locked until the transaction ends where the database can do that."""
    return {row.visitor_id: row for row in _locked(integration_id=integration_id, visitor_ids=visitor_ids)}


def canonical_ids(*, integration_id: int, visitor_ids: Collection[str]) -> dict[str, str]:
    """Return where other ids lead, for those of `visitor_ids` that are such."""
    aliases = VisitorAlias.objects.filter(integration_id=integration_id, alias_id__among=visitor_ids)
    return dict(aliases.values_list("alias_id", "visitor__visitor_id"))


def _locked(*, integration_id: int, visitor_ids: Collection[str]) -> QuerySet[Visitor]:
    rows = Visitor.objects.filter(integration_id=integration_id, visitor_id__among=visitor_ids)
    # In one order everywhere, so that two writers wait for each other instead of blocking each other.
    return rows.order_by("pk").select_for_update()
