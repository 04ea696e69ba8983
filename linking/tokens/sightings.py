"""Who authenticated, kept off the token route's path: a bounded dict, flushed in batches by a thread.

A user who was not seen lately is written within a second or two; the tokens of one who comes again and again are added
up and written every ten. So much is lost when a process is killed; a sighting is made again at the next page load.
Tokens are also counted by player and day: those written together count on the day of the last one.
"""

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from multiprocessing.util import Finalize

from django.db import Error as StoreError
from django.db import IntegrityError, close_old_connections, connection, transaction
from django.utils import timezone

from linking.keeping import Kind, Trace, find_erased, is_ids_only
from linking.models import Integration, LoginUser, TokenDay, TokensIssued
from linking.tokens import login_jwt
from linking.tokens.verified_tokens import AT_MOST
from linking.tokens.write_behind import WriteBehindBuffer

FLUSH_EVERY_S = 1.0
# Whatever tokens are asked for just then wait while a batch is put together and, on SQLite, written (2 ms): many small
# ones would make more of them wait than a few. In the rest between two, those who waited are served.
BATCH = 200
REST_S = 0.004
# The last time of a user is written to the minute. Two indexes hold it: while it stays the same, PostgreSQL writes a
# user's next tokens without touching any of the nine indexes (a HOT update).
LAST_STEP_S = 60

logger = logging.getLogger(__name__)
Flush = Callable[..., object]  # takes `turn`


@dataclass(slots=True)
class _Seen:
    """One Login user to whom `number` tokens were issued that are not written yet; the times may be of earlier ones.

    No more of the user than is written, because many wait at once.
    """

    email: str
    name: str
    first_epoch_s: float
    last_epoch_s: float
    number: int = 1


_Key = tuple[int, str]


class _Flushing:
    thread: threading.Thread | None = None
    stop = threading.Event()
    flushes: tuple[Flush, ...] = ()


def note(integration_id: int, user: login_jwt.VerifiedUser, now: float) -> None:
    """Remember that a token was issued to `user` at `now` (epoch seconds); costs no input or output.

    When too many wait to be written, a new user is dropped and counted. By place, because each token comes by here.
    """
    key = (integration_id, user.user_id)
    with _waiting.lock:
        seen = _waiting.counted.get(key)
        if seen is None:
            _waiting.add(key, _Seen(user.email, user.name, now, now))
        else:
            seen.email, seen.name, seen.last_epoch_s = user.email, user.name, now
            seen.number += 1


def count_dropped() -> int:
    """Return how many sightings this process has dropped."""
    return _waiting.dropped


def start_flushing(*, also: Sequence[Flush] = ()) -> None:
    """Write what waits from a thread of this process, and once more when it ends; a second call changes nothing.

    `also` are further flushes for the same thread, which raise django.db.Error as `flush` does.
    """
    with _waiting.lock:
        if _Flushing.thread is None:
            _Flushing.flushes = (partial(flush, rest_s=REST_S), *also)
            _Flushing.thread = threading.Thread(target=_keep_flushing, name="sightings", daemon=True)
            _Flushing.thread.start()
            # The server's workers are multiprocessing children, which never come to `atexit`; this serves both kinds.
            Finalize(None, _flush_at_exit, exitpriority=0)


def _store(batch: Mapping[_Key, TokensIssued]) -> None:
    try:
        with transaction.atomic():
            tokens = _leave_out_erased(batch)
            LoginUser.objects.note_tokens(tokens, now=timezone.now())
            TokenDay.objects.add(tokens)
    except IntegrityError:
        _leave_out_removed(batch)
        raise


def _leave_out_erased(batch: Mapping[_Key, TokensIssued]) -> list[TokensIssued]:
    """Return what may be kept of a batch: who was erased still gets tokens, and nothing is noted of it."""
    traces = {
        (key, user_id): (Trace(key, Kind.USER, user_id), Trace(key, Kind.EMAIL, issued.email))
        for (key, user_id), issued in batch.items()
    }
    erased = find_erased(trace for mine in traces.values() for trace in mine)
    kept = [issued for key, issued in batch.items() if erased.isdisjoint(traces[key])]
    return [issued._replace(email="", name="") for issued in kept] if is_ids_only() else kept


def _leave_out_removed(keys: Collection[_Key]) -> None:
    """Forget users of integrations that are no more, who would fail their whole batch for ever."""
    wanted = {integration_id for integration_id, _user_id in keys}
    kept = set(Integration.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    _waiting.leave_out(key for key in keys if key[0] not in kept)


def _build_row(key: _Key, seen: _Seen) -> TokensIssued:
    integration_id, user_id = key
    first_at, last_at = _at(int(seen.first_epoch_s)), _at(int(seen.last_epoch_s) // LAST_STEP_S * LAST_STEP_S)
    return TokensIssued(integration_id, user_id, seen.email, seen.name, first_at, max(first_at, last_at), seen.number)


@lru_cache(maxsize=64)
def _at(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, tz=UTC)


# As many users as tokens are remembered: once half the room is taken, all of them are written every second.
_waiting: WriteBehindBuffer[_Key, _Seen, TokensIssued] = WriteBehindBuffer(
    at_most=AT_MOST, build_row=_build_row, store=_store, batch_size=BATCH
)
flush, forget = _waiting.flush, _waiting.forget


def _keep_flushing() -> None:
    turn = 0
    while not _Flushing.stop.wait(FLUSH_EVERY_S):
        turn += 1
        _flush_or_say(turn=turn)


def _flush_at_exit() -> None:
    _Flushing.stop.set()
    _flush_or_say(turn=None)


def _flush_or_say(*, turn: int | None) -> None:
    for one in _Flushing.flushes:
        try:
            close_old_connections()
            one(turn=turn)
        except StoreError as error:
            logger.warning("Sightings or counts could not be written (%s); they wait.", type(error).__name__)
            connection.close()
