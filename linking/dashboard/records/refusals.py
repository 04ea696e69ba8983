"""A player's refused tokens: when, why and on which page, and whether anybody vouches for them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from linking.dashboard.shell.refusal_words import describe_refusals, explain_reason, find_code
from linking.tokens import refused_players
from linking.tokens.refusals import SIGNED_REASONS

SHOWN_FIRST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalLine:
    """One refused token. `is_signed`: Login signed it, so it is this player's."""

    at: datetime
    code: str
    reason: str
    sentence: str
    origin: str
    slug: str
    integration: str
    is_signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsPanel:
    """What `_refusals.html` shows: the newest refusals and the others; `has_several` integrations refused."""

    title: str
    number: int
    has_several: bool
    newest: tuple[RefusalLine, ...]
    others: tuple[RefusalLine, ...]


def load_refusals(players: Collection[tuple[int, str]]) -> RefusalsPanel:
    """Return the refused tokens of a person; `players` are keys of integrations, each with a user ID. One query."""
    lines = tuple(
        RefusalLine(
            at=one.at,
            code=find_code(one.reason),
            reason=one.reason,
            sentence=explain_reason(one.reason),
            origin=one.origin,
            slug=one.integration,
            integration=one.integration_name,
            is_signed=one.reason in SIGNED_REASONS,
        )
        for one in refused_players.list_refusals(players=players)
    )
    return RefusalsPanel(
        title=describe_refusals(),
        number=len(lines),
        has_several=len({line.slug for line in lines}) > 1,
        newest=lines[:SHOWN_FIRST],
        others=lines[SHOWN_FIRST:],
    )
