"""The answers of the token endpoint in the last hour, day or week: how many, why, and to which pages."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.dashboard.setup.answers_plot import LAST_HOUR, AnswersPlot, find_start, load_answers_plot
from linking.dashboard.shell.parts import Badge, Text
from linking.dashboard.shell.refusal_words import describe_refused_players, explain_reason
from linking.models import Integration
from linking.tokens import answer_counts, refused_players
from linking.tokens.answer_counts import AnswerTally

ROWS_SHOWN = 30
GIVEN = Badge(word=gettext_lazy("Token issued"), icon="circle-check", tone="good")
REFUSED = Badge(word=gettext_lazy("Refused"), icon="x", tone="bad")
OBSERVED = Badge(word=gettext_lazy("Issued in observe mode only"), icon="alert-triangle", tone="warn")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """Answers of one kind to one page. `page` is its origin, "" where `page_words` say what else asked."""

    state: Badge
    code: str
    reason: str
    sentence: str
    page: str
    page_words: Text
    is_strange: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPlayers:
    """How many players were refused for one reason, and how often; who they are is not for this page."""

    reason: str
    sentence: str
    players: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The most frequent kinds since `start_at`, how many are left out, the sums over all kinds, and a plot.

    `is_hour` where only the last hour is meant. Counts are kept by the hour, so `start_at` is a full one.
    """

    start_at: datetime
    is_hour: bool
    rows: tuple[AnswerRow, ...]
    kinds_left_out: int
    given: int
    refused: int
    observed: int
    by_hour: AnswersPlot
    refused_players: tuple[RefusedPlayers, ...]
    refused_title: str


def load_answers(*, integration: Integration, span: str, now: datetime) -> Answers:
    """Return how `integration` answered over the last 24 hours or, where the address asks for it, an hour or a week."""
    start_at = find_start(span=span, now=now)
    tallies = answer_counts.tallies(integration_id=integration.pk, since=start_at)
    states = [(_find_state(tally), tally.count) for tally in tallies]
    return Answers(
        start_at=start_at,
        is_hour=span == LAST_HOUR,
        rows=tuple(_build_row(tally, origins=integration.allowed_origins) for tally in tallies[:ROWS_SHOWN]),
        kinds_left_out=max(0, len(tallies) - ROWS_SHOWN),
        given=sum(count for state, count in states if state is GIVEN),
        refused=sum(count for state, count in states if state is REFUSED),
        observed=sum(count for state, count in states if state is OBSERVED),
        by_hour=load_answers_plot(integration=integration, span=span, now=now),
        refused_players=_list_refused_players(integration),
        refused_title=describe_refused_players(),
    )


def _list_refused_players(integration: Integration) -> tuple[RefusedPlayers, ...]:
    return tuple(
        RefusedPlayers(reason=one.reason, sentence=explain_reason(one.reason), players=one.players, number=one.number)
        for one in refused_players.count_by_reason(integration_id=integration.pk)
    )


def _find_state(tally: AnswerTally) -> Badge:
    if tally.is_observed:
        return OBSERVED
    return GIVEN if tally.reason == answer_counts.ISSUED else REFUSED


def _build_row(tally: AnswerTally, *, origins: Collection[str]) -> AnswerRow:
    state = _find_state(tally)
    no_page = _("no page: a server, or a page of zdbridge itself")
    words = {"": no_page, answer_counts.OTHER: _("all other pages")}
    return AnswerRow(
        state=state,
        code=tally.code,
        reason="" if state is GIVEN else tally.reason,
        sentence=explain_reason(tally.reason),
        page="" if tally.origin in words else tally.origin,
        page_words=words.get(tally.origin, ""),
        is_strange=tally.origin != "" and tally.origin not in origins,
        count=tally.count,
    )
