"""A visitor's row, and the facts of it that the plans read and change."""

from collections.abc import Collection
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet

from linking.core.states import VisitorState
from linking.models import Visitor, VisitorAlias
from linking.sync.plans.facts import VisitorFacts

_FACTS = VisitorFacts._fields
_STATE = _FACTS.index("state")
_facts_in = attrgetter(*_FACTS)


def read_facts(row: Visitor) -> VisitorFacts:
    """Return a row as the plans read it."""
    return _build_facts(list(_facts_in(row)))


def apply_facts(*, row: Visitor, facts: VisitorFacts, now: datetime) -> None:
    """Put a plan's facts into a row, unsaved."""
    for name, value in zip(_FACTS, facts, strict=True):
        setattr(row, name, value)
    row.state = facts.state.value
    row.stored_at = now
    if facts.state == VisitorState.GONE:
        row.gone_at = row.gone_at or now
    else:
        row.gone_at = None


def lock_facts(*, integration_id: int, visitor_ids: Collection[str]) -> dict[str, tuple[int, VisitorFacts]]:
    """Return key and facts of `visitor_ids`, by id, without making models of them; locked like `lock_visitors`."""
    rows = _lock(integration_id=integration_id, visitor_ids=visitor_ids)
    pairs = ((key, _build_facts(values)) for key, *values in rows.values_list("pk", *_FACTS))
    return {facts.visitor_id: (key, facts) for key, facts in pairs}


def _build_facts(values: list[Any]) -> VisitorFacts:
    values[_STATE] = VisitorState(values[_STATE])
    return VisitorFacts._make(values)


def lock_visitors(*, integration_id: int, visitor_ids: Collection[str]) -> dict[str, Visitor]:
    """Return the rows of `visitor_ids`, by id, locked until the transaction ends where the database can do that."""
    return {row.visitor_id: row for row in _lock(integration_id=integration_id, visitor_ids=visitor_ids)}


def find_canonical_ids(*, integration_id: int, visitor_ids: Collection[str]) -> dict[str, str]:
    """Return where other ids lead, for those of `visitor_ids` that are such."""
    aliases = VisitorAlias.objects.filter(integration_id=integration_id, alias_id__any_of=visitor_ids)
    return dict(aliases.values_list("alias_id", "visitor__visitor_id"))


def _lock(*, integration_id: int, visitor_ids: Collection[str]) -> QuerySet[Visitor]:
    rows = Visitor.objects.filter(integration_id=integration_id, visitor_id__any_of=visitor_ids)
    # In one order everywhere, so that two writers wait for each other instead of blocking each other.
    return rows.order_by("pk").select_for_update()
