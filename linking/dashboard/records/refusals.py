"""A player's refused tokens: when, why and on which page, and whether anybody vouches for them."""

from dataclasses import dataclass
from datetime import datetime

from linking.dashboard.shell.refusal_words import describe_refusals, explain_reason, find_code
from linking.models import Integration
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
    is_signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsPanel:
    """What `_refusals.html` shows: the newest refusals, and the others behind them."""

    title: str
    slug: str
    number: int
    newest: tuple[RefusalLine, ...]
    others: tuple[RefusalLine, ...]


def load_refusals(*, user_id: str, integration: Integration) -> RefusalsPanel:
    """Return the refused tokens of a player at one integration; one query."""
    return build_panel(
        refused_players.list_refusals(integration_id=integration.pk, user_id=user_id), slug=integration.slug
    )


def build_panel(refusals: list[refused_players.Refusal], *, slug: str) -> RefusalsPanel:
    """Return the panel of `refusals`, newest first."""
    lines = tuple(
        RefusalLine(
            at=one.at,
            code=find_code(one.reason),
            reason=one.reason,
            sentence=explain_reason(one.reason),
            origin=one.origin,
            is_signed=one.reason in SIGNED_REASONS,
        )
        for one in refusals
    )
    return RefusalsPanel(
        title=describe_refusals(), slug=slug, number=len(lines), newest=lines[:SHOWN_FIRST], others=lines[SHOWN_FIRST:]
    )
