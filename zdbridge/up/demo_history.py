"""A past for the demo: players who signed in, notes and labels, a day of token answers, the syncs of a day.

`sandbox/demo_history.json` says what happened, in times before now. It is written once, into the demo's own integration
and before anything else has happened there; a store with a real integration of that name is left alone.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from linking.models import (
    AnswerCount,
    Integration,
    Label,
    LoginUser,
    PlayerLabel,
    RefusedToken,
    RunState,
    SyncRun,
    TokenDay,
    TokensIssued,
)
from linking.notes import labels, player_labels, player_notes
from linking.tokens.answer_counts import ISSUED

FILE = "demo_history.json"
HOURS_OF_ANSWERS = 26


def read_history(folder: Path) -> dict[str, Any]:
    """Return what the file in `folder` says."""
    history: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return history


@transaction.atomic
def make_history(*, folder: Path, login_project_id: str, now: datetime) -> bool:
    """Write the past of the demo's integration; return whether it was written.

    Nothing is written where the integration is missing, uses another Login project than the demo's, or has a past.
    """
    history = read_history(folder)
    integration = Integration.objects.select_for_update().filter(
        slug=history["integration"], login_project_id=login_project_id
    ).first()  # fmt: skip
    if integration is None or AnswerCount.objects.filter(integration=integration).exists():
        return False
    _make_players(history["players"], integration=integration, now=now)
    players = {player.user_id: player for player in LoginUser.objects.filter(integration=integration)}
    for player in players.values():
        player.integration = integration
    _make_labels(history, players=players, now=now)
    _make_notes(history["notes"], players=players, now=now)
    AnswerCount.objects.bulk_create(_build_answers(history["answers"], integration=integration, now=now))
    RefusedToken.objects.bulk_create(_build_refusals(history, integration=integration, now=now))
    SyncRun.objects.bulk_create(_build_syncs(history["syncs"], integration=integration, now=now))
    return True


def find_unused_labels(folder: Path) -> list[Label]:
    """Return the labels that the demo added, as far as no player carries them."""
    made = {row["name"]: row["colour"] for row in read_history(folder)["labels"]}
    carried = PlayerLabel.objects.values("label")
    unused = Label.objects.filter(name__in=made).exclude(pk__in=carried)
    return [label for label in unused if label.colour == made[label.name]]


def _make_players(rows: list[dict[str, Any]], *, integration: Integration, now: datetime) -> None:
    tokens = [
        TokensIssued(
            integration_id=integration.pk,
            user_id=row["user_id"],
            email=row["email"],
            name=row["name"],
            first_at=now - timedelta(hours=row["first_hours_ago"]),
            last_at=now - timedelta(hours=row["last_hours_ago"]),
            number=row["tokens"],
        )
        for row in rows
    ]
    LoginUser.objects.note_tokens(tokens, now=now)
    TokenDay.objects.add([part for player in tokens for part in _spread(player)])


def _spread(tokens: TokensIssued) -> Iterator[TokensIssued]:
    """Yield the tokens of a player day by day, as if issued at even intervals."""
    between = (tokens.last_at - tokens.first_at) / max(1, tokens.number - 1)
    times = [tokens.last_at - number * between for number in reversed(range(tokens.number))]
    for _day, times_of_day in groupby(times, key=datetime.date):
        *earlier, last_at = times_of_day
        yield tokens._replace(number=len(earlier) + 1, last_at=last_at)


def _make_labels(history: Mapping[str, Any], *, players: Mapping[str, LoginUser], now: datetime) -> None:
    lead = User.objects.filter(username="lead").first()
    if lead is None or Label.objects.exists():
        return
    made = {row["name"]: labels.add_label(**row, by=lead, now=now) for row in history["labels"]}
    for user_id, names in history["labelled"].items():
        for name in names:
            player_labels.put_label(player=players[user_id], label_key=made[name].pk, by=lead, now=now)


def _make_notes(rows: list[dict[str, Any]], *, players: Mapping[str, LoginUser], now: datetime) -> None:
    authors = {user.username: user for user in User.objects.filter(username__in={row["author"] for row in rows})}
    for row in rows:
        if author := authors.get(row["author"]):
            at = now - timedelta(hours=row["hours_ago"])
            player_notes.write_note(player=players[row["user_id"]], text=row["text"], by=author, now=at)


def _build_answers(answers: Mapping[str, Any], *, integration: Integration, now: datetime) -> Iterator[AnswerCount]:
    this_hour_at = now.replace(minute=0, second=0, microsecond=0)
    origin = integration.allowed_origins[0]
    for hours_ago in range(1, HOURS_OF_ANSWERS + 1):
        hour_at = this_hour_at - timedelta(hours=hours_ago)
        issued = answers["issued_by_hour_of_day"][hour_at.hour]
        refused = {(row["code"], row["reason"]): row["each_hour"] for row in answers["refused"]}
        if hours_ago == answers["bad_hours_ago"]:
            refused |= {(row["code"], row["reason"]): row["count"] for row in answers["bad_hour"]}
        for (code, reason), count in {("", ISSUED): issued, **refused}.items():
            yield AnswerCount(
                integration=integration, hour_at=hour_at, code=code, reason=reason, origin=origin, count=count,
                first_at=hour_at,
            )  # fmt: skip


def _build_refusals(history: Mapping[str, Any], *, integration: Integration, now: datetime) -> Iterator[RefusedToken]:
    # In the bad hour, so that the plot and the players tell the same story.
    bad_hour_at = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=history["answers"]["bad_hours_ago"])
    for row in history["refused_tokens"]:
        yield RefusedToken(
            integration=integration,
            user_id=row["user_id"],
            at=bad_hour_at + timedelta(minutes=row["minute"]),
            reason=row["reason"],
            origin=integration.allowed_origins[0],
        )


def _build_syncs(syncs: Mapping[str, Any], *, integration: Integration, now: datetime) -> Iterator[SyncRun]:
    step = timedelta(minutes=syncs["minutes_between"])
    started_at = now - timedelta(hours=syncs["first_hours_ago"])
    stopped_at = now - timedelta(hours=syncs["stopped_hours_ago"])
    while started_at <= now - timedelta(hours=syncs["last_hours_ago"]):
        is_stopped = started_at <= stopped_at < started_at + step
        lasted = timedelta(seconds=syncs["stopped_after_s"] if is_stopped else syncs["seconds"])
        end: dict[str, Any] = {"state": RunState.COMPLETE}
        if is_stopped:
            end = {"state": RunState.STOPPED} | {
                name: syncs[name] for name in ("stop_reason", "stop_status", "stop_detail")
            }
        yield SyncRun(
            integration=integration,
            trigger="schedule",
            started_at=started_at,
            touched_at=started_at + lasted,
            finished_at=started_at + lasted,
            calls=2,
            pages=0 if is_stopped else 1,
            chats=0 if is_stopped else 1,
            visitors_found=0 if is_stopped else 1,
            **end,
        )
        started_at += step
