"""Which players were refused a token, kept off the route's path: noted in memory, written by the sightings' thread.

A refused token says whatever its writer likes. So memory, rows a minute, rows a player and the table are bounded, a
player whom nobody signed for is noted only if known here, and no more is kept than time, reason, page and user ID.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Max, Q

from linking.core.config import IntegrationConfig
from linking.core.key_sets import NO_KEYS, KeySet
from linking.core.text import clean_line
from linking.core.user_ids import user_id_flaw
from linking.keeping import Kind, Trace, find_erased
from linking.models import Integration, LoginUser, RefusedToken
from linking.tokens.answer_counts import ORIGIN_MAX_CHARACTERS
from linking.tokens.http import bearer_token, cookie_token
from linking.tokens.login_jwt import LoginToken, check_signature
from linking.tokens.refusals import SIGNED_REASONS, Reason, Refused
from linking.tokens.write_behind import CountInMemory, WriteBehindBuffer, copy_count

MINUTE_S = 60
# So many refused tokens a minute and process are looked at again, of each sort: strangers cannot use up the share of
# tokens that Login signed.
A_MINUTE = 300
A_DAY = timedelta(days=1)
ROWS_A_PLAYER_AND_DAY = 30
ROWS_MOST = 100_000
LISTED_MOST = 100
_BATCH = 500


class _Key(NamedTuple):
    """One row to be written."""

    integration_id: int
    user_id: str
    minute: int
    reason: str
    origin: str
    is_signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerRefusal:
    """A refused token of a player, by the integration that refused it; `origin` is the page's, "" for none."""

    at: datetime
    reason: str
    origin: str
    integration: str
    integration_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsOfPlayer:
    """How often an ID was refused at one integration, and when last."""

    integration_id: int
    integration: str
    number: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsOfReason:
    """How often, and how many players, were refused for one reason."""

    reason: str
    number: int
    players: int


class _Minute:
    """The minute at hand, and how many tokens were looked at in it: those signed by Login, and others."""

    number = 0
    looked_at: Counter[bool] = Counter()


def note(
    *,
    authorization: str,
    cookie_header: str,
    origin: str,
    is_origin_listed: bool,
    reason: Reason,
    config: IntegrationConfig,
    keys: Mapping[str, KeySet],
    now: float,
) -> None:
    """Remember that the request's token was refused for `reason` at `now` (epoch seconds), if it names a player.

    Costs no input or output. The token is read once more; one that cannot be read names nobody.
    """
    if not _is_in_bounds(is_signed=reason in SIGNED_REASONS, minute=int(now) // MINUTE_S):
        return
    try:
        text = bearer_token(authorization)
        token = LoginToken(cookie_token(cookie_header, names=(config.cookie_name,)) if text is None else text)
        user_id = token.unverified_claims().get("sub")
    except Refused:
        return
    if user_id_flaw(user_id):
        return
    page = origin if is_origin_listed else clean_line(origin, max_characters=ORIGIN_MAX_CHARACTERS)
    is_signed = _is_signed(token, config=config, keys=keys, now=now)
    key = _Key(config.integration_id, str(user_id), int(now) // MINUTE_S, reason.value, page, is_signed)
    with _waiting.lock:
        _waiting.count(key, now)


def forget() -> None:
    """Drop what waits."""
    _waiting.forget()
    _Minute.number, _Minute.looked_at = 0, Counter()


def list_refusals(*, players: Collection[tuple[int, str]]) -> list[PlayerRefusal]:
    """Return the refusals of a person that are kept, newest first, at most `LISTED_MOST`; one query.

    `players`: the key of each integration with the user ID that the person has there.
    """
    if not players:
        return []
    wanted = reduce(or_, (Q(integration_id=key, user_id=user_id) for key, user_id in players))
    rows = RefusedToken.objects.filter(wanted).select_related("integration").order_by("-at", "-pk")
    return [
        PlayerRefusal(
            at=row.at,
            reason=row.reason,
            origin=row.origin,
            integration=row.integration.slug,
            integration_name=row.integration.name,
        )
        for row in rows[:LISTED_MOST]
    ]


def sum_up(*, user_ids: Iterable[str]) -> dict[str, list[RefusalsOfPlayer]]:
    """Return where each of `user_ids` was refused, the latest first; IDs that never were are left out. One query."""
    rows = (
        RefusedToken.objects.filter(user_id__in=list(user_ids))
        .order_by()
        .values_list("user_id", "integration_id", "integration__slug")
        .annotate(number=Count("pk"), last_at=Max("at"))
    )
    found: dict[str, list[RefusalsOfPlayer]] = {}
    for user_id, key, slug, number, last_at in rows:
        one = RefusalsOfPlayer(integration_id=key, integration=slug, number=number, last_at=last_at)
        found.setdefault(user_id, []).append(one)
    return {user_id: sorted(places, key=lambda one: one.last_at, reverse=True) for user_id, places in found.items()}


def count_by_reason(*, integration_id: int) -> list[RefusalsOfReason]:
    """Return the refusals of an integration that are kept, the most frequent reason first; one query."""
    rows = (
        RefusedToken.objects.filter(integration_id=integration_id)
        .order_by()
        .values_list("reason")
        .annotate(number=Count("pk"), players=Count("user_id", distinct=True))
    )
    found = [RefusalsOfReason(reason=reason, number=number, players=players) for reason, number, players in rows]
    return sorted(found, key=lambda one: (-one.number, one.reason))


def erase(*, integration_id: int, user_id: str) -> int:
    """Delete the refusals of one player and return how many they were."""
    number, _of_each = RefusedToken.objects.filter(integration_id=integration_id, user_id=user_id).delete()
    return number


def prune(*, keep_days: int | None, now: datetime) -> int:
    """Delete what is older than `keep_days` (None: nothing) or beyond the newest `ROWS_MOST`; return how many rows."""
    number = 0
    if keep_days is not None:
        number += RefusedToken.objects.filter(at__lt=now - timedelta(days=keep_days)).delete()[0]
    newest_out = RefusedToken.objects.order_by("-pk").values_list("pk", flat=True)[ROWS_MOST : ROWS_MOST + 1].first()
    if newest_out is not None:
        number += RefusedToken.objects.filter(pk__lte=newest_out).delete()[0]
    return number


def _is_in_bounds(*, is_signed: bool, minute: int) -> bool:
    with _waiting.lock:
        if minute != _Minute.number:
            _Minute.number, _Minute.looked_at = minute, Counter()
        _Minute.looked_at[is_signed] += 1
        return _Minute.looked_at[is_signed] <= A_MINUTE


def _is_signed(token: LoginToken, *, config: IntegrationConfig, keys: Mapping[str, KeySet], now: float) -> bool:
    try:
        check_signature(token.unverified, config=config, now=now, keys=keys.get(config.login_project_id, NO_KEYS))
    except Refused:
        return False
    return True


def _store(batch: Mapping[_Key, CountInMemory]) -> None:
    """Write those of `batch` whom we may keep."""
    with transaction.atomic():
        traces = {key: Trace(key.integration_id, Kind.USER, key.user_id) for key in batch}
        erased = find_erased(traces.values())
        keys = _keep_known(key for key, trace in traces.items() if trace not in erased)
        room = _find_room(keys)
        rows = []
        for key in keys:
            player = (key.integration_id, key.user_id)
            room[player] -= 1
            if room[player] >= 0:
                rows.append(_build_row(key))
        # The same minute may have been written before, by this process or another.
        RefusedToken.objects.bulk_create(rows, ignore_conflicts=True)


def _keep_known(batch: Iterable[_Key]) -> list[_Key]:
    """Return the keys whose integration is still there, and whose player Login signed for or is known here."""
    keys = list(batch)
    wanted = {key.integration_id for key in keys}
    kept = set(Integration.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    unsigned = sorted({key.user_id for key in keys if not key.is_signed})
    known: set[tuple[int, str]] = set()
    if unsigned:
        rows = LoginUser.objects.filter(integration_id__in=kept, user_id__any_of=unsigned)
        known = set(rows.values_list("integration_id", "user_id"))
    return [
        key
        for key in keys
        if key.integration_id in kept and (key.is_signed or (key.integration_id, key.user_id) in known)
    ]


def _find_room(keys: list[_Key]) -> Counter[tuple[int, str]]:
    """Return how many more rows each player may have in the day that ends with these."""
    room = Counter({(key.integration_id, key.user_id): ROWS_A_PLAYER_AND_DAY for key in keys})
    if not keys:
        return room
    since = _time(min(key.minute for key in keys)) - A_DAY
    mine = RefusedToken.objects.filter(user_id__any_of=sorted({key.user_id for key in keys}), at__gt=since)
    for integration_id, user_id, number in (
        mine.order_by().values_list("integration_id", "user_id").annotate(number=Count("pk"))
    ):
        room[integration_id, user_id] -= number
    return room


def _build_row(key: _Key) -> RefusedToken:
    return RefusedToken(
        integration_id=key.integration_id,
        user_id=key.user_id,
        at=_time(key.minute),
        reason=key.reason,
        origin=key.origin,
    )


def _time(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * MINUTE_S, tz=UTC)


_waiting: WriteBehindBuffer[_Key, CountInMemory, CountInMemory] = WriteBehindBuffer(
    at_most=2 * A_MINUTE, build_row=copy_count, store=_store, batch_size=_BATCH
)
flush = _waiting.flush
